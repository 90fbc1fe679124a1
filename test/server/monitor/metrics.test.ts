/** The metrics of a server, in the form that Prometheus reads. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Metric } from "effect"
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

/** Metrics of an application, with labels that have to be escaped, and counters that are named as Effect's are. */
const ofApplication = Effect.gen(function* () {
  const orders = Metric.counter("orders", { description: "Orders \\ that\nwere placed" })
  for (const by of ['"Ada"', "a\\b", "line\nfeed", "", "é"])
    yield* Metric.update(Metric.withAttributes(orders, { by }), 1)
  yield* Metric.update(Metric.counter("mails_total", { description: "Mails" }), 2)
  yield* Metric.update(Metric.frequency("answers", { description: "Answers" }), "no")
  yield* Metric.update(Metric.gauge("queue_bytes", { description: "Bytes" }), -0.5)
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

it.effect("the text has the metrics of the application, too, whatever is in their labels", () =>
  Effect.gen(function* () {
    yield* ofApplication
    const families = parse(yield* text)
    assert.deepStrictEqual(
      families.find(({ name }) => name === "orders_total")?.samples.map(({ labels, value }) => [labels["by"], value]),
      [
        ['\\"Ada\\"', 1],
        ["a\\\\b", 1],
        ["line\\nfeed", 1],
        ["", 1],
        ["é", 1]
      ]
    )
    assert.deepStrictEqual(
      [valueOf(families, "mails_total"), valueOf(families, "answers_total"), valueOf(families, "queue_bytes")],
      [2, 1, -0.5]
    )
  }).pipe(Effect.scoped, Effect.provide(hospital), alone)
)

it.effect.skipIf(spawnSync("promtool", ["--version"]).error !== undefined)(
  "promtool has nothing to say against it",
  () =>
    Effect.gen(function* () {
      yield* used
      yield* ofApplication
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

it.effect("each of several servers of a process has series of its own, and takes them along when it ends", () =>
  Effect.gen(function* () {
    const counted = (times: number) =>
      Effect.gen(function* () {
        const patient = yield* (yield* client()).mount(Patient, {})
        for (let index = 0; index < times; index++) yield* patient.call.Count()
      })
    const first = yield* Layer.build(Layer.fresh(hospital))
    yield* Effect.provide(counted(3), first)
    const ofAll = (name: string) =>
      Effect.map(text, (all) =>
        parse(all)
          .flatMap(({ samples }) => samples)
          .filter((sample) => sample.name === name)
          .map(({ labels, value }) => [labels["server"], value])
      ).pipe(Effect.provide(first))
    yield* Effect.gen(function* () {
      yield* Effect.provide(counted(5), yield* Layer.build(Layer.fresh(hospital)))
      yield* Effect.provide(counted(7), yield* Layer.build(Layer.fresh(hospital)))
      assert.deepStrictEqual(yield* ofAll("fibra_actions_total"), [
        [undefined, 3],
        ["2", 5],
        ["3", 7]
      ])
      for (const name of ["fibra_connections", "fibra_memory_heap_bytes", "fibra_publish_seconds_count"]) {
        assert.deepStrictEqual(
          (yield* ofAll(name)).map(([server]) => server),
          [undefined, "2", "3"],
          name
        )
      }
    }).pipe(Effect.scoped)
    assert.deepStrictEqual(yield* ofAll("fibra_actions_total"), [[undefined, 3]])
  }).pipe(Effect.scoped, alone)
)
