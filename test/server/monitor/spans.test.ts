/** Spans of messages and mounts: one for each, linked to the client, and none where nobody traces. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Tracer } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { LiveConfig, Secrets } from "fibra/server"
import { vi } from "vitest"
import * as StateCache from "../../../src/client/StateCache.ts"
import * as TraceContext from "../../../src/server/instance/TraceContext.ts"
import * as LiveCore from "../../../src/server/LiveCore.ts"
import { TraceSampler } from "../../../src/server/instance/Tracing.ts"
import { client, hospital, Patient } from "../../support/Patient.ts"
import { named, only, Recorded } from "../../support/RecordedSpans.ts"

const traced = hospital.pipe(Layer.provideMerge(Recorded.layer))

/** Traces what it does. */
class Surgeon extends Component.Service<Surgeon>()("Surgeon", {
  state: {},
  initial: () => ({}),
  actions: [Rpc.make("Operate")]
}) {}

const SurgeonLayer = Surgeon.toLayer(Effect.succeed(Surgeon.of({ Operate: () => Effect.withSpan(Effect.void, "cut") })))

/** A server of surgeons that is traced. */
const theatre = (config: LiveConfig.Options = {}) =>
  LiveCore.layer({ components: [Surgeon] }).pipe(
    Layer.provide(SurgeonLayer),
    Layer.provideMerge(StateCache.layerMemory),
    Layer.provide([Secrets.layerRandom, Logger.layer([]), LiveConfig.layer(config)]),
    Layer.provideMerge(Recorded.layer)
  )

const traceId = "0af7651916cd43dd8448eb211c80319c"
const spanId = "b7ad6b7169203331"

describe("spans", () => {
  it.effect("a call is one span of the trace of its client, with the wait in the mailbox and the run apart", () =>
    Effect.gen(function* () {
      const patient = yield* (yield* client()).mount(Patient, {})
      const sleeping = yield* Effect.forkChild(patient.call.Sleep({ millis: 3000 }), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      const waiting = yield* Effect.forkChild(Effect.withSpan(patient.call.Sleep({ millis: 500 }), "click"), {
        startImmediately: true
      })
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(sleeping)
      yield* Fiber.join(waiting)
      const [, second] = yield* named("Patient.Sleep")
      const click = yield* only("click")
      assert.isDefined(second)
      assert.strictEqual(second.traceId, click.traceId)
      assert.strictEqual(second.kind, "server")
      assert.deepInclude(Object.fromEntries(second.attributes), {
        "fibra.component": "Patient",
        "fibra.wait_ms": 2000,
        "fibra.run_ms": 500
      })
      assert.strictEqual(second.status._tag, "Ended")
      assert.strictEqual(
        second.status._tag === "Ended" ? second.status.endTime - second.status.startTime : 0n,
        2_500_000_000n
      )
      assert.deepStrictEqual(
        second.events.map(([name, at]) => [name, at - second.status.startTime]),
        [["handled", 2_000_000_000n]]
      )
    }).pipe(Effect.scoped, Effect.provide(traced))
  )

  it.effect("a mount is a span, and so is a crash, which has failed", () =>
    Effect.gen(function* () {
      const patient = yield* (yield* client()).mount(Patient, {})
      yield* Effect.exit(patient.call.Crash())
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* only("Patient.mount")).status._tag, "Ended")
      const { status } = yield* only("Patient.Crash")
      assert.strictEqual(status._tag === "Ended" ? status.exit._tag : undefined, "Failure")
    }).pipe(Effect.scoped, Effect.provide(traced))
  )

  it.effect("what is mounted again after its session has ended is in no trace of the one who has mounted it once", () =>
    Effect.gen(function* () {
      const ada = yield* client()
      yield* Effect.withSpan(ada.mount(Patient, {}), "open")
      const open = yield* only("open")
      assert.strictEqual((yield* only("Patient.mount")).traceId, open.traceId)
      yield* ada.disconnect
      yield* TestClock.adjust("1 minute")
      yield* ada.reconnect
      yield* TestClock.adjust("1 minute")
      const again = (yield* Recorded).filter(({ name }) => name === "Patient.mount" || name === "Patient.rehydrate")
      assert.lengthOf(again, 2)
      assert.notStrictEqual(again[1]?.traceId, open.traceId)
    }).pipe(Effect.scoped, Effect.provide(traced))
  )

  it.effect("a trace that its client does not record is not recorded here", () =>
    Effect.gen(function* () {
      const patient = yield* (yield* client()).mount(Patient, {})
      const parent = Tracer.externalSpan({ traceId: "a".repeat(32), spanId: "b".repeat(16), sampled: false })
      yield* Effect.withParentSpan(patient.call.Look(), parent)
      const spans = (yield* Recorded).filter(({ name }) => name === "Patient.Look")
      assert.deepStrictEqual(spans, [])
    }).pipe(Effect.scoped, Effect.provide(traced))
  )

  it.effect("what a handler traces is in the span of its message", () =>
    Effect.gen(function* () {
      const surgeon = yield* (yield* client()).mount(Surgeon, {})
      yield* surgeon.call.Operate()
      const cut = yield* only("cut")
      const message = yield* only("Surgeon.Operate")
      assert.strictEqual(cut.parent._tag === "Some" ? cut.parent.value.spanId : undefined, message.spanId)
    }).pipe(Effect.scoped, Effect.provide(theatre()))
  )

  it.effect(
    "of the mounts and calls of clients that trace nothing `traceSampling` are recorded, with all in them",
    () =>
      Effect.gen(function* () {
        const ada = yield* Effect.provideService(client(), Tracer.Tracer, Tracer.nativeTracer)
        for (let mounts = 0; mounts < 4; mounts++) {
          const surgeon = yield* ada.mount(Surgeon, {})
          yield* surgeon.call.Operate()
          yield* surgeon.call.Operate()
        }
        const recorded = (yield* Recorded).filter(({ sampled }) => sampled)
        const count = (name: string) => recorded.filter((span) => span.name === name).length
        assert.deepStrictEqual(["Surgeon.mount", "Surgeon.Operate", "cut"].map(count), [1, 2, 2])
      }).pipe(Effect.scoped, Effect.provide(theatre({ traceSampling: 0.25 })))
  )

  it.effect("of the traces that begin at the server an even share is recorded", () =>
    Effect.sync(() => {
      const sampled = (share: number) => {
        const sampler = new TraceSampler(share)
        return Array.from({ length: 8 }, () => (sampler.next() ? 1 : 0)).join("")
      }
      assert.deepStrictEqual([0, 0.25, 0.5, 1].map(sampled), ["00000000", "00010001", "01010101", "11111111"])
    })
  )

  it.effect("where nobody traces, no span is made for mounts and calls, whatever trace a client says it is in", () =>
    Effect.gen(function* () {
      const made = vi.spyOn(Tracer.nativeTracer, "span")
      yield* Effect.addFinalizer(() => Effect.sync(() => made.mockRestore()))
      const patient = yield* (yield* client()).mount(Patient, {})
      yield* Effect.withParentSpan(patient.call.Look(), Tracer.externalSpan({ traceId, spanId, sampled: true }))
      yield* Effect.exit(patient.call.Crash())
      assert.strictEqual(made.mock.calls.length, 0)
    }).pipe(Effect.scoped, Effect.provide(hospital))
  )
})

describe("the traceparent of a client", () => {
  it("is read when it is valid, also of later versions", () => {
    assert.deepStrictEqual(TraceContext.ofHeader(`00-${traceId}-${spanId}-01`), { traceId, spanId, sampled: true })
    assert.deepStrictEqual(TraceContext.ofHeader(`00-${traceId}-${spanId}-00`), { traceId, spanId, sampled: false })
    assert.deepStrictEqual(TraceContext.ofHeader(`cc-${traceId}-${spanId}-01-more`), { traceId, spanId, sampled: true })
  })

  it.each([
    "",
    "00",
    `ff-${traceId}-${spanId}-01`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}-1`,
    `00-${traceId}-${spanId}`
  ])("is ignored when it is not: %s", (header) => {
    assert.isUndefined(TraceContext.ofHeader(header))
  })
})
