/** What a monitor says of a server, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Logger, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Figures from "../../../src/server/instance/Figures.ts"
import { InstanceRunner } from "../../../src/server/instance/InstanceRunner.ts"
import { Monitor } from "../../../src/server/monitor/Monitor.ts"
import { ComponentReport, InstanceReport, Overview } from "../../../src/server/monitor/Reports.ts"
import { client, hospital, hospitalWith, Patient } from "../../support/Patient.ts"

const first = Effect.map(
  Monitor.use(({ list }) => list),
  ([report]) => {
    assert.isDefined(report)
    return report
  }
)

describe("what a monitor says of an instance", () => {
  it.effect("every call is counted once, by what became of it", () =>
    Effect.gen(function* () {
      const ada = yield* client({ principal: "ada" })
      const patient = yield* ada.mount(Patient, {})
      for (let index = 0; index < 200; index++) yield* patient.call.Count()
      for (let index = 0; index < 3; index++) yield* patient.call.Look()
      for (let index = 0; index < 5; index++) yield* Effect.exit(patient.call.Refuse())
      for (let index = 0; index < 2; index++) yield* Effect.exit(patient.call.Crash())
      yield* TestClock.adjust("1 second")
      const report = yield* first
      assert.deepInclude(report, { component: "Patient", version: 1, placement: "local", principal: "ada" })
      assert.deepInclude(report.figures, {
        actions: 210,
        failures: 5,
        defects: 2,
        timeouts: 0,
        cancelled: 0,
        writes: 0,
        events: 0,
        renders: 200,
        restarts: 2
      })
      assert.deepInclude(report.figures.recently, { actions: 210, crashes: 2, renders: 200, slow: 0 })
      const [component] = yield* Monitor.use(({ components }) => components)
      assert.deepInclude(component, { component: "Patient", instances: 1, started: 1, readers: 1 })
      const { updates } = report.figures
      assert.isAtLeast(updates, 200)
      assert.deepInclude(component?.figures, { actions: 210, failures: 5, defects: 2, updates, renders: 200 })
    }).pipe(Effect.scoped, Effect.provide(hospital))
  )

  it.effect("the running message, the mailbox behind it and how long both have been there are seen", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 second")
      const patient = yield* (yield* client()).mount(Patient, {})
      yield* TestClock.adjust("1 second")
      const sleeping = yield* Effect.forkChild(patient.call.Sleep({ millis: 10_000 }), { startImmediately: true })
      yield* TestClock.adjust("2 seconds")
      const waiting = yield* Effect.forkChild(patient.call.Look(), { startImmediately: true })
      yield* TestClock.adjust("3 seconds")
      const before = yield* first
      assert.deepStrictEqual(before.running, { tag: "Sleep", millis: 5000 })
      assert.deepStrictEqual(before.mailbox, { depth: 1, oldest: 3000 })
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(sleeping)
      yield* Fiber.join(waiting)
      const after = yield* first
      assert.isUndefined(after.running)
      assert.deepStrictEqual(after.mailbox, { depth: 0, oldest: 0 })
      assert.deepInclude(after.figures.run, { total: 10_000, average: 5000, max: 10_000 })
      assert.deepInclude(after.figures.wait, { total: 8000, max: 8000 })
      assert.strictEqual(after.created, 1000)
      assert.strictEqual(after.accessed, 12_000)
    }).pipe(Effect.scoped, Effect.provide(hospital))
  )

  it.effect("where it is, and who reads it, with those who are away until they are given up", () =>
    Effect.gen(function* () {
      const [ada, grace] = [yield* client(), yield* client()]
      for (const each of [ada, grace]) yield* each.mount(Patient, { key: "desk" })
      assert.deepInclude(yield* first, { key: "desk", rooms: [], readers: { count: 2, away: 0, behind: 0 } })
      yield* grace.disconnect
      assert.deepStrictEqual((yield* first).readers, { count: 2, away: 1, behind: 0 })
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual((yield* first).readers, { count: 1, away: 0, behind: 0 })
      yield* ada.mount(Patient, { room: "ward" })
      const [, private_] = yield* Monitor.use(({ list }) => list)
      assert.deepInclude(private_, { key: undefined, rooms: ["ward"] })
    }).pipe(Effect.scoped, Effect.provide(hospital))
  )

  it.effect("how long half of the handlers took, and 95 and 99 of a hundred, as well as that can be estimated", () =>
    Effect.gen(function* () {
      const patient = yield* (yield* client()).mount(Patient, {})
      for (const [count, millis] of [
        [80, 10],
        [17, 160],
        [3, 2560]
      ] as const) {
        for (let index = 0; index < count; index++) {
          const call = yield* Effect.forkChild(patient.call.Sleep({ millis }), { startImmediately: true })
          yield* TestClock.adjust(millis)
          yield* Fiber.join(call)
        }
      }
      const [component] = yield* Monitor.use(({ components }) => components)
      for (const { run } of [(yield* first).figures, component?.figures ?? Figures.none]) {
        // Within the bounds of a bucket.
        for (const [estimated, millis] of [
          [run.p50, 10],
          [run.p95, 160],
          [run.p99, 2560]
        ] as const) {
          assert.isAbove(estimated, millis / 4)
          assert.isBelow(estimated, millis * 4)
        }
      }
    }).pipe(Effect.scoped, Effect.provide(hospital))
  )

  it.effect("a call that its caller gave up is cancelled, and is no error", () =>
    Effect.gen(function* () {
      const patient = yield* (yield* client()).mount(Patient, {})
      const hanging = yield* Effect.forkChild(patient.call.Hang(), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(hanging)
      yield* TestClock.adjust("1 second")
      const { figures } = yield* first
      assert.deepInclude(figures, { actions: 1, cancelled: 1, failures: 0, defects: 0, timeouts: 0 })
      assert.deepInclude(figures.recently, { actions: 1, crashes: 0 })
    }).pipe(Effect.scoped, Effect.provide(hospital))
  )

  it.effect("the last minute forgets what was before it", () =>
    Effect.gen(function* () {
      const patient = yield* (yield* client()).mount(Patient, {})
      yield* patient.call.Count()
      yield* Effect.exit(patient.call.Crash())
      yield* TestClock.adjust("61 seconds")
      const { figures } = yield* first
      assert.deepInclude(figures, { actions: 2, defects: 1 })
      assert.deepInclude(figures.recently, { actions: 0, crashes: 0, renders: 0 })
    }).pipe(Effect.scoped, Effect.provide(hospital))
  )

  it.effect("of an id that nobody has it says so, and everything it says fits its schema", () =>
    Effect.gen(function* () {
      const monitor = yield* Monitor
      const patient = yield* (yield* client()).mount(Patient, { key: "desk" })
      yield* patient.call.Count()
      const missed = yield* Effect.flip(monitor.get("nobody"))
      assert.strictEqual(missed._tag, "InstanceNotFound")
      const { id } = yield* first
      const report = yield* monitor.get(id)
      assert.strictEqual(report.key, "desk")
      const through = <S extends Schema.Codec<unknown, unknown>>(schema: S, value: S["Type"]) =>
        assert.deepStrictEqual(Schema.decodeUnknownSync(schema)(value), value)
      through(InstanceReport, report)
      for (const component of yield* monitor.components) through(ComponentReport, component)
      const overview = yield* monitor.overview
      through(Overview, overview)
      assert.deepInclude(overview, { components: 1, instances: 1, connections: 1, sessions: 1, parked: 0 })
    }).pipe(Effect.scoped, Effect.provide(hospital))
  )
})

it.effect("what happens to instances is told in order, without what is in them", () =>
  Effect.gen(function* () {
    const monitor = yield* Monitor
    const events = yield* Effect.forkChild(monitor.events.pipe(Stream.take(5), Stream.runCollect), {
      startImmediately: true
    })
    const ada = yield* client()
    const patient = yield* ada.mount(Patient, {})
    yield* Effect.exit(patient.call.Crash())
    yield* TestClock.adjust("1 second")
    yield* Effect.scoped(ada.mount(Patient, { key: "desk" }))
    yield* TestClock.adjust("11 minutes")
    const told = yield* Fiber.join(events)
    assert.deepStrictEqual(
      told.map(({ component, detail, happening, key }) => ({ component, detail, happening, key })),
      [
        { happening: "mounted", component: "Patient", key: undefined, detail: undefined },
        { happening: "crashed", component: "Patient", key: undefined, detail: "Crash" },
        { happening: "restarted", component: "Patient", key: undefined, detail: undefined },
        { happening: "mounted", component: "Patient", key: "desk", detail: undefined },
        { happening: "passivated", component: "Patient", key: "desk", detail: undefined }
      ]
    )
  }).pipe(Effect.scoped, Effect.provide(hospital))
)

it.effect("a shared one that somebody stops has stopped, and was not passivated", () =>
  Effect.gen(function* () {
    const monitor = yield* Monitor
    const events = yield* Effect.forkChild(monitor.events.pipe(Stream.take(2), Stream.runCollect), {
      startImmediately: true
    })
    yield* (yield* client()).mount(Patient, { key: "desk" })
    yield* Effect.flatMap(monitor.list, ([report]) => monitor.stop(report?.id ?? ""))
    assert.deepStrictEqual(
      (yield* Fiber.join(events)).map(({ happening }) => happening),
      ["mounted", "stopped"]
    )
    assert.deepStrictEqual(yield* monitor.list, [])
  }).pipe(Effect.scoped, Effect.provide(hospital))
)

it.effect("a reader of what happens that is slow loses the oldest, and is told the latest", () =>
  Effect.gen(function* () {
    const { events, list } = yield* Monitor
    const goesOn = yield* Deferred.make<void>()
    const told: Array<string> = []
    yield* Effect.forkScoped(
      Stream.runForEach(events, ({ id }) =>
        Effect.andThen(
          Deferred.await(goesOn),
          Effect.sync(() => told.push(id))
        )
      ),
      { startImmediately: true }
    )
    const ada = yield* client()
    for (let mounts = 0; mounts < 400; mounts++) {
      yield* ada.mount(Patient, {})
      if (mounts % 20 === 0) yield* TestClock.adjust("1 second")
    }
    yield* Deferred.succeed(goesOn, undefined)
    yield* TestClock.adjust("1 second")
    assert.isBelow(told.length, 300)
    assert.strictEqual(told.at(-1), (yield* list).at(-1)?.id)
  }).pipe(Effect.scoped, Effect.provide(hospitalWith(Logger.layer([]), { maxComponents: 500 })))
)

it.effect("what happens is told nobody before somebody asks, and after they have gone", () =>
  Effect.gen(function* () {
    const { events } = yield* Monitor
    const { events: listeners } = yield* InstanceRunner
    assert.strictEqual(listeners.size, 0)
    const reading = yield* Effect.forkChild(Stream.runDrain(events), { startImmediately: true })
    assert.strictEqual(listeners.size, 1)
    yield* Fiber.interrupt(reading)
    assert.strictEqual(listeners.size, 0)
  }).pipe(Effect.provide(hospital))
)
