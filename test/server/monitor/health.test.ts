/** The whole loop: looked at, judged, mended and healthy again, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Metric, Stream } from "effect"
import { TestClock } from "effect/testing"
import { ComponentRegistry } from "../../../src/server/instance/ComponentRegistry.ts"
import { InstanceRunner } from "../../../src/server/instance/InstanceRunner.ts"
import { EventLoop } from "../../../src/server/monitor/EventLoop.ts"
import { Monitor } from "../../../src/server/monitor/Monitor.ts"
import { client, hospital, hospitalWith, Patient } from "../../support/Patient.ts"
import { apart } from "../../support/Clocks.ts"

/** What happens from now on. */
const happenings = Effect.gen(function* () {
  const told: Array<string> = []
  const monitor = yield* Monitor
  yield* Effect.forkScoped(
    Stream.runForEach(monitor.events, ({ happening }) => Effect.sync(() => told.push(happening))),
    { startImmediately: true }
  )
  return told
})

const health = Effect.map(
  Monitor.use(({ list }) => list),
  ([report]) => report?.health
)

/** A server whose event loop stands still for so many milliseconds. */
const measured = (longest: () => number, log = Logger.layer([])) =>
  Layer.provide(hospitalWith(log), Layer.succeed(EventLoop, { longest, reset: () => {} }))

const times = <E>(count: number, effect: Effect.Effect<unknown, E>) => Effect.repeat(effect, { times: count - 1 })

describe("the health of an instance", () => {
  it.effect(
    "one that crashes in half of its calls is unhealthy at the next check, is restarted, and is healthy again",
    () =>
      Effect.gen(function* () {
        const told = yield* happenings
        const ada = yield* client()
        const patient = yield* ada.mount(Patient, {})
        yield* times(4, Effect.andThen(Effect.exit(patient.call.Crash()), patient.call.Count()))
        yield* TestClock.adjust("29 seconds")
        assert.notInclude(told, "unhealthy")
        told.length = 0
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(told, ["unhealthy"])
        const ill = yield* health
        assert.strictEqual(ill?.status, "unhealthy")
        assert.deepStrictEqual(
          ill?.reasons.map(({ of }) => of),
          ["crashes", "restarts"]
        )
        yield* ada.settle
        assert.strictEqual((yield* patient.view).status, "restarting")
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(told, ["unhealthy", "restarted"])
        assert.strictEqual((yield* patient.view).status, "running")
        assert.strictEqual((yield* patient.state).count, 4)
        yield* TestClock.adjust("30 seconds")
        assert.deepStrictEqual(told, ["unhealthy", "restarted", "recovered"])
        assert.strictEqual((yield* health)?.status, "healthy")
      }).pipe(Effect.scoped, Effect.provide(hospital))
  )

  it.effect("one whose callers get typed errors stays healthy", () =>
    Effect.gen(function* () {
      const told = yield* happenings
      const patient = yield* (yield* client()).mount(Patient, {})
      yield* times(100, Effect.exit(patient.call.Refuse()))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(told, ["mounted"])
      assert.strictEqual((yield* health)?.status, "healthy")
    }).pipe(Effect.scoped, Effect.provide(hospital))
  )

  it.effect("one that is stuck is interrupted after its time, and goes on with the next message", () =>
    Effect.gen(function* () {
      const told = yield* happenings
      const patient = yield* (yield* client()).mount(Patient, {})
      const stuck = yield* Effect.forkChild(Effect.flip(patient.call.Hang()), { startImmediately: true })
      yield* TestClock.adjust("61 seconds")
      assert.strictEqual((yield* health)?.status, "degraded")
      yield* TestClock.adjust("60 seconds")
      yield* Fiber.join(stuck)
      yield* patient.call.Count()
      yield* TestClock.adjust("60 seconds")
      assert.deepStrictEqual(told, ["mounted", "degraded", "interrupted", "recovered"])
      const [report] = yield* Monitor.use(({ list }) => list)
      assert.deepInclude(report?.figures, { timeouts: 1, defects: 0, restarts: 0 })
    }).pipe(Effect.scoped, Effect.provide(hospital))
  )

  it.effect("one that does not end when it is interrupted is killed, and begins again", () =>
    Effect.gen(function* () {
      const told = yield* happenings
      const patient = yield* (yield* client()).mount(Patient, {})
      yield* Effect.forkChild(Effect.exit(patient.call.Cling()), { startImmediately: true })
      yield* TestClock.adjust("131 seconds")
      yield* patient.call.Count()
      assert.deepStrictEqual(
        told.filter((happening) => happening !== "degraded" && happening !== "unhealthy"),
        ["mounted", "interrupted", "killed", "restarted"]
      )
    }).pipe(Effect.scoped, Effect.provide(hospital))
  )

  it.effect("one that is faulted is probed, and is healthy again when it runs", () =>
    Effect.gen(function* () {
      const told = yield* happenings
      const patient = yield* (yield* client()).mount(Patient, {})
      yield* times(21, Effect.exit(patient.call.Crash()))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* health)?.status, "unhealthy")
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(told.slice(told.indexOf("faulted")), [
        "faulted",
        "unhealthy",
        "probed",
        "restarted",
        "recovered"
      ])
    }).pipe(Effect.scoped, Effect.provide(hospital))
  )

  it.effect("one that a restart does not mend is restarted three times, and then left as it is", () =>
    Effect.gen(function* () {
      const told = yield* happenings
      const patient = yield* (yield* client()).mount(Patient, {})
      for (let minute = 0; minute < 12; minute++) {
        yield* times(4, Effect.exit(patient.call.Look()))
        yield* times(4, Effect.exit(patient.call.Crash()))
        yield* TestClock.adjust("30 seconds")
        yield* TestClock.adjust("1 second")
        told.push("|")
      }
      const [report] = yield* Monitor.use(({ list }) => list)
      assert.isDefined(report)
      assert.strictEqual(report.health.status, "unhealthy")
      assert.strictEqual(report.figures.restarts - report.figures.defects, 3)
    }).pipe(Effect.scoped, Effect.provide(hospital))
  )

  it.effect("one that stays unhealthy is given up once, and that is one line of the log", () => {
    const said: Array<string> = []
    const logger = Logger.make<unknown, void>(({ message }) => void said.push(String([message].flat()[0])))
    return Effect.gen(function* () {
      const patient = yield* (yield* client()).mount(Patient, {})
      for (let minute = 0; minute < 12; minute++) {
        yield* times(4, Effect.exit(patient.call.Crash()))
        yield* TestClock.adjust("31 seconds")
      }
      const givenUp = "An instance stays unhealthy, and is not restarted any more"
      assert.lengthOf(
        said.filter((line) => line === givenUp),
        1
      )
    }).pipe(Effect.scoped, Effect.provide(hospitalWith(Logger.layer([logger]))))
  })

  it.effect("what happened before a restart does not count against it: one is not restarted twice for the same", () =>
    Effect.gen(function* () {
      const told = yield* happenings
      const patient = yield* (yield* client()).mount(Patient, {})
      yield* TestClock.adjust("9 seconds")
      yield* times(4, Effect.exit(patient.call.Crash()))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(told.at(-1), "unhealthy")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(told.slice(told.indexOf("unhealthy")), ["unhealthy", "restarted", "recovered"])
    }).pipe(Effect.scoped, Effect.provide(hospitalWith(Logger.layer([]), { healthInterval: "10 seconds" })))
  )

  it.effect("one whose changes are published slowly is restarted", () =>
    Effect.gen(function* () {
      const told = yield* happenings
      yield* (yield* client()).mount(Patient, {})
      yield* TestClock.adjust("10 seconds")
      const [actor] = yield* InstanceRunner.use(({ actors }) => actors)
      const stats = actor?.instance.stats
      for (let change = 0; change < 20; change++) stats?.published(stats.publishing - 1_500_000)
      yield* TestClock.adjust("21 seconds")
      assert.deepStrictEqual(told, ["mounted", "unhealthy", "restarted"])
    }).pipe(Effect.scoped, Effect.provide(hospital))
  )

  it.effect("one that has stopped is not counted any more", () =>
    Effect.gen(function* () {
      yield* (yield* client()).mount(Patient, {})
      const [actor] = yield* InstanceRunner.use(({ actors }) => actors)
      for (let call = 0; call < 4; call++) actor?.instance.stats.acted(true)
      const unhealthy = Effect.map(
        Monitor.use(({ prometheus }) => prometheus),
        (text) => /^fibra_instances_unwell\{status="unhealthy"\} (\d+)$/m.exec(text)?.[1]
      )
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* unhealthy, "1")
      yield* Monitor.use(({ stop }) => stop(actor?.instance.id ?? ""))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* unhealthy, "0")
    }).pipe(Effect.scoped, Effect.provide(hospital), Effect.provideService(Metric.MetricRegistry, new Map()))
  )

  it.effect("one that nobody holds is passivated when it was idle for its time, which is no illness", () =>
    Effect.gen(function* () {
      const told = yield* happenings
      const ada = yield* client()
      yield* Effect.scoped(
        Effect.flatMap(ada.mount(Patient, { key: "desk" }), (patient) => Effect.exit(patient.call.Count()))
      )
      yield* TestClock.adjust("11 minutes")
      assert.deepStrictEqual(told, ["mounted", "passivated"])
    }).pipe(Effect.scoped, Effect.provide(hospital))
  )

  it.effect("nobody is judged when the event loop stood still", () =>
    Effect.gen(function* () {
      const { stall } = yield* apart
      const told = yield* happenings
      const patient = yield* (yield* client()).mount(Patient, {})
      yield* times(4, Effect.exit(patient.call.Crash()))
      yield* TestClock.adjust("29 seconds")
      stall(2000)
      yield* TestClock.adjust("1 second")
      assert.notInclude(told, "unhealthy")
      yield* TestClock.adjust("30 seconds")
      yield* times(4, Effect.exit(patient.call.Crash()))
      yield* TestClock.adjust("30 seconds")
      assert.include(told, "unhealthy")
    }).pipe(Effect.scoped, Effect.provide(hospital))
  )

  for (const [longest, isJudged] of [
    [500, true],
    [501, false]
  ] as const) {
    it.effect(`${isJudged ? "everybody" : "nobody"} is judged when the event loop stood still for ${longest} ms`, () =>
      Effect.gen(function* () {
        const told = yield* happenings
        const patient = yield* (yield* client()).mount(Patient, {})
        yield* times(4, Effect.exit(patient.call.Crash()))
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual(told.includes("unhealthy"), isJudged)
      }).pipe(Effect.scoped, Effect.provide(measured(() => longest)))
    )
  }

  it.effect("a check that fails is an error of the log, and the next one is made all the same", () => {
    const said: Array<string> = []
    const logger = Logger.make<unknown, void>(
      ({ logLevel, message }) => void said.push(`${logLevel} ${String([message].flat()[0])}`)
    )
    let looks = 0
    const failing = () => {
      if (++looks === 1) throw new Error("it cannot be measured")
      return 0
    }
    return Effect.gen(function* () {
      const told = yield* happenings
      const patient = yield* (yield* client()).mount(Patient, {})
      yield* times(4, Effect.exit(patient.call.Crash()))
      yield* TestClock.adjust("30 seconds")
      assert.notInclude(told, "unhealthy")
      assert.include(said, "Error A health check failed")
      yield* times(4, Effect.exit(patient.call.Crash()))
      yield* TestClock.adjust("30 seconds")
      assert.include(told, "unhealthy")
    }).pipe(Effect.scoped, Effect.provide(measured(failing, Logger.layer([logger]))))
  })

  it.effect(
    "a thousand that are unhealthy at once are mended one after the other, and the server answers meanwhile",
    () =>
      Effect.gen(function* () {
        const ada = yield* client()
        const healthy = yield* ada.mount(Patient, {})
        const runner = yield* InstanceRunner
        const definition = yield* ComponentRegistry.use(({ find }) => find({ component: "Patient" }))
        for (let index = 0; index < 1000; index++) {
          const own = { key: undefined, props: {}, principal: undefined, recovered: undefined }
          const instance = yield* runner.start(definition, own, (actor) => actor.instance)
          for (let call = 0; call < 4; call++) instance.stats.acted(true)
        }
        const restarts = Effect.map(
          Monitor.use(({ components }) => components),
          ([component]) => component?.figures.restarts
        )
        yield* TestClock.adjust("31 seconds")
        yield* healthy.call.Count()
        assert.strictEqual(yield* restarts, 100)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* restarts, 100)
        yield* TestClock.adjust("50 seconds")
        yield* healthy.call.Count()
        assert.isAtMost((yield* restarts) ?? Infinity, 200)
        const { health } = yield* Monitor.use(({ overview }) => overview)
        assert.deepStrictEqual(health, { healthy: 1001, degraded: 0, unhealthy: 0 })
      }).pipe(Effect.scoped, Effect.provide(hospital))
  )
})
