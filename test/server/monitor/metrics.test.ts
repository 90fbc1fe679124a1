/** The metrics of a server, in the form that Prometheus reads. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Metric } from "effect"
import { TestClock } from "effect/testing"
import { spawnSync } from "node:child_process"
import { Monitor } from "../../../src/server/monitor/Monitor.ts"
import { client, hospital, Patient } from "../../support/Patient.ts"
import { type Family, parse } from "../../support/PrometheusText.ts"

const text = Monitor.use(({ prometheus }) => prometheus)

const valueOf = (families: ReadonlyArray<Family>, name: string, labels: Family["samples"][number]["labels"] = {}) =>
  families
    .flatMap(({ samples }) => samples)
    .find(
      (sample) => sample.name === name && Object.entries(labels).every(([name, value]) => sample.labels[name] === value)
    )?.value

/** A server that was asked for all kinds of things. */
const used = Effect.gen(function* () {
  const patient = yield* (yield* client()).mount(Patient, {})
  for (let index = 0; index < 100; index++) yield* patient.call.Count()
  for (let index = 0; index < 3; index++) yield* Effect.exit(patient.call.Refuse())
  yield* Effect.exit(patient.call.Crash())
  const sleeping = yield* Effect.forkChild(patient.call.Sleep({ millis: 3000 }), { startImmediately: true })
  yield* TestClock.adjust("4 seconds")
  yield* Fiber.join(sleeping)
})

const alone = Effect.provideService(Metric.MetricRegistry, new Map())

it.effect("the text has what was counted, by component", () =>
  Effect.gen(function* () {
    yield* used
    const families = parse(yield* text)
    const of = { component: "Patient" }
    assert.deepStrictEqual(
      {
        actions: valueOf(families, "fibra_actions_total", of),
        failures: valueOf(families, "fibra_failures_total", of),
        crashes: valueOf(families, "fibra_crashes_total", of),
        renders: valueOf(families, "fibra_renders_total", of),
        started: valueOf(families, "fibra_instances_started_total", of),
        restarted: valueOf(families, "fibra_instance_events_total", { ...of, happening: "restarted" }),
        connections: valueOf(families, "fibra_connections"),
        slow: valueOf(families, "fibra_action_seconds_bucket", { ...of, le: "1.048576" }),
        all: valueOf(families, "fibra_action_seconds_count", of),
        seconds: valueOf(families, "fibra_action_seconds_sum", of)
      },
      {
        actions: 105,
        failures: 3,
        crashes: 1,
        renders: 100,
        started: 1,
        restarted: 1,
        connections: 1,
        slow: 104,
        all: 105,
        seconds: 3
      }
    )
  }).pipe(Effect.scoped, Effect.provide(hospital), alone)
)

it.effect.skipIf(spawnSync("promtool", ["--version"]).error !== undefined)(
  "promtool has nothing to say against it",
  () =>
    Effect.gen(function* () {
      yield* used
      const { status, stderr, stdout } = spawnSync("promtool", ["check", "metrics"], { input: yield* text })
      assert.strictEqual(`${stdout}${stderr}`, "")
      assert.strictEqual(status, 0)
    }).pipe(Effect.scoped, Effect.provide(hospital), alone)
)

it.effect("the series of a server end with it", () =>
  Effect.gen(function* () {
    yield* Effect.provide(used, hospital).pipe(Effect.scoped)
    const rest = yield* Metric.snapshot
    assert.deepStrictEqual(
      rest.map(({ id }) => id).filter((id) => id.startsWith("fibra_instance")),
      []
    )
  }).pipe(alone)
)
