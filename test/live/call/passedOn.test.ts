/** A handler or a build may pass a LiveError on. One that cannot be sent is a crash, and never a connection that fails. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { Component, LiveError } from "fibra"
import { LiveTest } from "fibra/testing"
import { MemoryWires } from "../../support/MemoryWires.ts"

class Relay extends Component.Service<Relay>()("Relay", {
  props: { broken: Schema.String },
  state: {},
  initial: () => ({}),
  actions: [Rpc.make("Pass", { payload: { name: Schema.String } })]
}) {}

const good = new LiveError.LiveError({ reason: new LiveError.RateLimited({ retryAfter: 20 }) })
const refuse = (): never => {
  throw new Error("this cannot be read")
}
const made = (reason: unknown): object =>
  Object.defineProperty(Object.create(LiveError.LiveError.prototype) as object, "reason", { value: reason })
const circle: { readonly _tag: string; self?: unknown } = { _tag: "InstanceStopped" }
circle.self = circle

/** None of these can be sent. */
const unsendable: Readonly<Record<string, unknown>> = {
  "one that cannot be read": new Proxy(good, { get: refuse }),
  "one without a reason": Object.create(LiveError.LiveError.prototype),
  "one whose reason cannot be read": Object.defineProperty(Object.create(LiveError.LiveError.prototype), "reason", {
    get: refuse
  }),
  "one with a reason of another kind": made({ _tag: "Unheard", count: 1n }),
  "one whose reason contains itself": made(circle),
  "one whose reason lacks its fields": made(Object.create(LiveError.InstanceStopped.prototype))
}
/** These say of a call that it did not run, or that its client does not know: not of one that has begun. */
const untrue: Readonly<Record<string, unknown>> = {
  good,
  "one that the server ends": new LiveError.LiveError({ reason: new LiveError.Draining() }),
  "one that another call did not run": new LiveError.LiveError({
    reason: new LiveError.CallExpired({ component: "Relay", action: "Pass", outcome: "notRun" })
  })
}
const other = new LiveError.LiveError({
  reason: new LiveError.ComponentFaulted({ component: "Other", retryAfter: 20 })
})
const all: Readonly<Record<string, unknown>> = { ...unsendable, ...untrue, other }
const toldOf = (name: string): string =>
  name === "other" ? "ComponentFaulted" : name in untrue ? "interrupted" : "ComponentCrashed"

const RelayLayer = Relay.toLayer(
  Effect.gen(function* () {
    const { props } = yield* Relay
    if (props.broken !== "") return yield* Effect.fail(all[props.broken]) as Effect.Effect<never>
    return Relay.of({ Pass: ({ name }) => Effect.fail(all[name]) as Effect.Effect<never> })
  }),
  { restart: { intensity: 100 } }
)

const provided = Layer.mergeAll(RelayLayer, Logger.layer([]))

describe("a LiveError that is passed on", () => {
  it.effect(
    "a handler that fails with a LiveError that cannot be sent has crashed, and its connection stays open",
    () =>
      Effect.gen(function* () {
        const live = yield* LiveTest
        const beside = yield* live.mount(Relay, { key: "beside", props: { broken: "" } })
        for (const name of Object.keys(all)) {
          const relay = yield* live.mount(Relay, { key: name, props: { broken: "" } })
          const called = yield* Effect.forkChild(Effect.exit(relay.call.Pass({ name })), { startImmediately: true })
          yield* live.settle
          assert.isTrue((yield* beside.view).connected, name)
          const exit = called.pollUnsafe()
          assert.include(JSON.stringify(exit), toldOf(name), name)
          yield* Fiber.interrupt(called)
        }
      }).pipe(Effect.scoped, Effect.provide(LiveTest.layer({ components: [Relay] }).pipe(Layer.provide(provided))))
  )

  it.effect(
    "a build that fails with one that cannot be sent, or is not true of a mount, is refused as crashed at once",
    () =>
      Effect.gen(function* () {
        const live = yield* LiveTest
        for (const name of Object.keys(all)) {
          const mounting = Effect.exit(live.mount(Relay, { props: { broken: name } }))
          const mounted = yield* Effect.forkChild(mounting, { startImmediately: true })
          yield* live.settle
          const exit = mounted.pollUnsafe()
          assert.include(JSON.stringify(exit), name === "other" ? "ComponentFaulted" : "ComponentCrashed", name)
          yield* Fiber.interrupt(mounted)
          // Nothing else waits for it.
          yield* Effect.scoped(live.mount(Relay, { props: { broken: "" } }))
        }
      }).pipe(Effect.scoped, Effect.provide(LiveTest.layer({ components: [Relay] }).pipe(Layer.provide(provided))))
  )

  it.effect("the same over the JSON wire", () =>
    Effect.gen(function* () {
      const wires = yield* MemoryWires
      const connection = wires.connect("json")
      const ask = (message: object) => {
        connection.send(message)
        wires.flush()
        return connection.told.at(-1)
      }
      const mount = (key: string) =>
        ask({ type: "COMPONENT_MOUNT", payload: { component: "Relay", key, props: { broken: "" } } })
      for (const name of Object.keys(all)) {
        const { result } = mount(name) as unknown as { readonly result: { readonly componentId: string } }
        const { componentId } = result
        ask({ type: "CALL_ACTION", componentId, action: "Pass", payload: { name }, requestId: name })
        const reply = connection.told.find(({ requestId }) => requestId === name)
        assert.include(JSON.stringify(reply), toldOf(name), name)
        assert.isUndefined(connection.code(), name)
      }
    }).pipe(Effect.scoped, Effect.provide(MemoryWires.layer([Relay]).pipe(Layer.provide(provided))))
  )
})
