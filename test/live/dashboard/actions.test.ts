/** Everything that can be done from the dashboard: it is done, and is a line of the log with who did it. In virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, References } from "effect"
import { TestClock } from "effect/testing"
import { LiveTest } from "fibra/testing"
import { AlertTable } from "../../../src/dashboard/AlertTable.ts"
import { ConnectionTable } from "../../../src/dashboard/ConnectionTable.ts"
import { InstanceDetail } from "../../../src/dashboard/InstanceDetail.ts"
import { Monitor } from "../../../src/server/monitor/Monitor.ts"
import * as DashboardSource from "../../../src/server/monitor/dashboard/DashboardSource.ts"
import { client, hospital, Patient } from "../../support/Patient.ts"
import { watched } from "../../support/Viewer.ts"

/** What somebody did: who, what, and with which labels besides those of a component and its key. */
const lines: Array<readonly [text: string, labels: Readonly<Record<string, unknown>>]> = []
const logger = Logger.make<unknown, void>(({ fiber, logLevel, message }) => {
  const { component: _, key: __, ...labels } = fiber.getRef(References.CurrentLogAnnotations)
  const text = String([message].flat()[0])
  if (logLevel === "Info" && text.includes("dashboard")) lines.push([text, labels])
})
const logged = Layer.provideMerge(watched, Logger.layer([logger]))

const by = "192.0.2.7"
const viewer = LiveTest.use(({ mount }) => Effect.succeed(mount))

/** A patient, what the dashboard shows of it, and its id. */
const shown = Effect.gen(function* () {
  lines.length = 0
  const patient = yield* (yield* client()).mount(Patient, { key: "a" })
  const id = (yield* Monitor.use(({ list }) => list))[0]?.id ?? ""
  return { id, patient, detail: yield* (yield* viewer)(InstanceDetail, { props: { id } }) }
})

describe("what is done from the dashboard", () => {
  it.effect("an instance is recorded, revealed, restarted and stopped, each with a line of its own", () =>
    Effect.gen(function* () {
      const { detail, id, patient } = yield* shown
      yield* detail.call.StartRecording()
      yield* patient.call.Count()
      yield* TestClock.adjust("1 second")
      assert.deepInclude((yield* detail.state).recording, { isRecording: true, messages: 1 })
      yield* detail.call.StopRecording()
      assert.isNull((yield* detail.state).recording)
      yield* detail.call.Reveal()
      yield* detail.call.Restart()
      yield* TestClock.adjust("1 second")
      yield* detail.call.Stop()
      assert.deepStrictEqual(
        lines,
        [
          "An instance is recorded from now on, as asked for in the dashboard",
          "An instance is not recorded any more, as asked for in the dashboard",
          "The state of an instance is revealed in the dashboard",
          "An instance is restarted from the dashboard",
          "An instance is stopped from the dashboard"
        ].map((text) => [text, { instance: id, by }])
      )
    }).pipe(Effect.scoped, Effect.provide(logged))
  )

  it.effect("an alert is resolved, and one that there is not is a typed error", () =>
    Effect.gen(function* () {
      const { patient } = yield* shown
      const slow = yield* Effect.forkChild(patient.call.Sleep({ millis: 5000 }), { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(slow)
      const table = yield* (yield* viewer)(AlertTable, {})
      yield* TestClock.adjust("26 seconds")
      const [alert] = (yield* table.state).alerts
      const id = alert?.id ?? ""
      assert.deepInclude(alert, { kind: "slow-action", status: "active", component: "Patient" })
      yield* table.call.Resolve({ alert: id })
      assert.deepInclude((yield* table.state).alerts[0], { id, status: "resolved" })
      const error = yield* Effect.flip(table.call.Resolve({ alert: "alert-9" }))
      assert.strictEqual(error._tag, "AlertGone")
      assert.deepStrictEqual(lines, [["An alert is resolved from the dashboard", { alert: id, by }]])
    }).pipe(Effect.scoped, Effect.provide(logged))
  )

  it.effect("a pool is drained, and one that there is not, or that is being drained, is a typed error", () =>
    Effect.gen(function* () {
      const { patient } = yield* shown
      const table = yield* (yield* viewer)(ConnectionTable, {})
      const poolOf = Effect.map(table.state, ({ pools }) => pools.find(({ id }) => id === "pool-1"))
      assert.deepInclude(yield* poolOf, { size: 1, isDraining: false })
      // It is waited for.
      yield* Effect.forkChild(Effect.exit(patient.call.Sleep({ millis: 3000 })), { startImmediately: true })
      yield* table.call.Drain({ pool: "pool-1" })
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* poolOf, { size: 1, isDraining: true })
      for (const pool of ["pool-1", "pool-99"]) {
        assert.strictEqual((yield* Effect.flip(table.call.Drain({ pool })))._tag, "PoolGone")
      }
      yield* TestClock.adjust("5 seconds")
      assert.deepInclude(yield* poolOf, { size: 0, isDraining: false })
      assert.deepStrictEqual(lines, [["A pool of connections is drained from the dashboard", { pool: "pool-1", by }]])
    }).pipe(Effect.scoped, Effect.provide(logged))
  )
})

it.effect("what was found is the same for all who look within a second, and is looked for again after it", () =>
  Effect.gen(function* () {
    const { components, connections, overview, pools, rooms, suggestions } = yield* DashboardSource.DashboardSource
    for (const look of [overview, components, rooms, connections, pools, suggestions]) {
      const first = yield* look
      assert.strictEqual(yield* look, first)
      yield* TestClock.adjust("1 second")
      assert.notStrictEqual(yield* look, first)
    }
  }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(DashboardSource.layer, hospital)))
)
