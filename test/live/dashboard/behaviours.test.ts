/** What the components of the dashboard show of a server, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Supervisor } from "fibra/actor"
import { LiveTest } from "fibra/testing"
import { ComponentTable } from "../../../src/dashboard/ComponentTable.ts"
import { ConnectionTable } from "../../../src/dashboard/ConnectionTable.ts"
import { DashboardOverview } from "../../../src/dashboard/DashboardOverview.ts"
import { DeadLetterTable } from "../../../src/dashboard/DeadLetterTable.ts"
import { InstanceDetail } from "../../../src/dashboard/InstanceDetail.ts"
import { InstanceTable } from "../../../src/dashboard/InstanceTable.ts"
import { RoomTable } from "../../../src/dashboard/RoomTable.ts"
import { SupervisionTree } from "../../../src/dashboard/SupervisionTree.ts"
import { pageSize } from "../../../src/dashboard/Table.ts"
import { Monitor } from "../../../src/server/monitor/Monitor.ts"
import { client, Patient } from "../../support/Patient.ts"
import { looks, watched } from "../../support/Viewer.ts"

const mount = LiveTest.use(({ mount }) => Effect.succeed(mount))

const idOf = (key: string) =>
  Effect.map(
    Monitor.use(({ list }) => list),
    (all) => all.find((each) => each.key === key)?.id ?? ""
  )

describe("the overview", () => {
  it.effect("has a sample of each second, with what happened in it", () =>
    Effect.gen(function* () {
      const patient = yield* (yield* client()).mount(Patient, { key: "a" })
      yield* patient.call.Count()
      const overview = yield* (yield* mount)(DashboardOverview, { key: "server" })
      assert.deepStrictEqual((yield* overview.state).samples, [])
      for (let index = 0; index < 12; index++) yield* patient.call.Count()
      for (let index = 0; index < 3; index++) yield* Effect.exit(patient.call.Refuse())
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("1 second")
      const { now, samples } = yield* overview.state
      assert.deepStrictEqual(
        samples.map(({ actions, crashes, failures, instances }) => ({ actions, crashes, failures, instances })),
        [
          { actions: 15, crashes: 0, failures: 3, instances: 1 },
          { actions: 0, crashes: 0, failures: 0, instances: 1 }
        ]
      )
      assert.isNull(samples[1]?.p95)
      assert.deepInclude(now, { instances: 1, connections: 1, failures: 3, crashes: 0 })
    }).pipe(Effect.scoped, Effect.provide(watched))
  )

  it.effect("lists what happens to instances, the newest first, without payloads", () =>
    Effect.gen(function* () {
      const overview = yield* (yield* mount)(DashboardOverview, { key: "server" })
      const patient = yield* (yield* client()).mount(Patient, { key: "a" })
      yield* Effect.exit(patient.call.Crash())
      yield* TestClock.adjust("2 seconds")
      const { events } = yield* overview.state
      assert.deepStrictEqual(
        events.map(({ detail, happening, key }) => [happening, key, detail]),
        [
          ["restarted", "a", null],
          ["crashed", "a", "Crash"],
          ["mounted", "a", null]
        ]
      )
    }).pipe(Effect.scoped, Effect.provide(watched))
  )
})

describe("the tables", () => {
  it.effect("a page of the instances is filtered, sorted and cut on the server", () =>
    Effect.gen(function* () {
      const ada = yield* client({ principal: "ada" })
      const count = 2 * pageSize + 20
      for (let index = 0; index < count; index++) {
        const patient = yield* ada.mount(Patient, { key: `patient-${String(index).padStart(3, "0")}` })
        for (let calls = 0; calls < index % 7; calls++) yield* patient.call.Count()
      }
      const table = yield* (yield* mount)(InstanceTable, { props: { text: "", kind: "" } })
      const { matching, query, rows, total } = yield* table.state
      assert.deepStrictEqual([rows.length, matching, total], [pageSize, count, count])
      yield* table.call.Show({ ...query, sort: "key", descending: false, page: 2 })
      const last = yield* table.state
      assert.deepStrictEqual([last.rows.length, last.rows[0]?.key], [20, "patient-100"])
      yield* table.call.Show({ ...query, sort: "actions", descending: true, page: 0 })
      assert.strictEqual((yield* table.state).rows[0]?.actions, 6)
      yield* table.call.Show({ ...query, text: "T-11", sort: "key", descending: false })
      assert.deepStrictEqual(
        (yield* table.state).rows.map(({ key }) => key),
        Array.from({ length: 10 }, (_, index) => `patient-11${index}`)
      )
      yield* table.call.Show({ ...query, kind: "unhealthy", page: 7 })
      const none = yield* table.state
      assert.deepStrictEqual([none.rows, none.matching, none.query.page], [[], 0, 0])
      yield* table.call.Show({ ...query, sort: "toString" })
      assert.lengthOf((yield* table.state).rows, pageSize)
    }).pipe(Effect.scoped, Effect.provide(watched))
  )

  it.effect("components, connections, what is supervised and dead letters are shown, and follow what happens", () =>
    Effect.gen(function* () {
      const mounting = yield* mount
      const patient = yield* (yield* client({ principal: "ada" })).mount(Patient, { key: "a" })
      const components = yield* mounting(ComponentTable, {})
      const connections = yield* mounting(ConnectionTable, {})
      const letters = yield* mounting(DeadLetterTable, {})
      for (let index = 0; index < 3; index++) {
        yield* Effect.exit(patient.call.Crash())
        yield* TestClock.adjust("2 seconds")
      }
      yield* Monitor.use(({ list, restart }) => Effect.flatMap(list, ([first]) => restart(first?.id ?? "")))
      const tree = yield* mounting(SupervisionTree, {})
      const [component] = (yield* components.state).rows
      assert.deepInclude(component, { component: "Patient", instances: 1, crashes: 3 })
      assert.deepInclude((yield* connections.state).rows[0], { principal: "ada", components: 1 })
      const [branch] = (yield* tree.state).branches
      assert.deepInclude(branch, { component: "Patient", intensity: 20, running: 0, restarting: 1 })
      assert.deepInclude(branch?.troubled[0], { key: "a", status: "restarting", crashes: 3 })
      const { rows, total } = yield* letters.state
      assert.isAtLeast(total, 3)
      assert.deepInclude(rows[0], { tag: "Crash", reason: "Crashed" })
    }).pipe(Effect.scoped, Effect.provide(watched))
  )

  it.effect("supervisors of the application are shown with their children, wherever they run", () =>
    Effect.gen(function* () {
      const mounting = yield* mount
      const idle = Supervisor.child("idle", Effect.never)
      const inner = Supervisor.run({ name: "parsers", strategy: "oneForAll", intensity: 1, within: "1 minute" }, [idle])
      const broken = Supervisor.child("broken", Effect.die(new Error("it broke")), { backoff: "1 hour" })
      const running = yield* Effect.forkChild(
        Supervisor.run({ name: "feeds", intensity: Infinity }, [Supervisor.child("news", inner), broken]).pipe(
          Effect.provide(Logger.layer([]))
        ),
        { startImmediately: true }
      )
      const tree = yield* mounting(SupervisionTree, {})
      yield* TestClock.adjust("2 seconds")
      const child = { restart: "permanent", restarts: 0, status: "running" }
      assert.deepStrictEqual((yield* tree.state).supervisors, [
        {
          path: "feeds",
          strategy: "oneForOne",
          intensity: -1,
          within: 30_000,
          total: 2,
          children: [
            { ...child, id: "news" },
            { ...child, id: "broken", restarts: 1, status: "waiting" }
          ]
        },
        {
          path: "feeds / news / parsers",
          strategy: "oneForAll",
          intensity: 1,
          within: 60_000,
          total: 1,
          children: [{ ...child, id: "idle" }]
        }
      ])
      yield* Fiber.interrupt(running)
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual((yield* tree.state).supervisors, [])
    }).pipe(Effect.scoped, Effect.provide(watched))
  )

  it.effect("a room is shown with the people in it", () =>
    Effect.gen(function* () {
      for (const principal of ["ada", "grace", "ada"]) {
        yield* (yield* client({ principal })).mount(Patient, { room: "ward" })
      }
      yield* (yield* client()).mount(Patient, { room: "ward" })
      yield* (yield* client({ principal: "joan" })).mount(Patient, { room: "kitchen" })
      const table = yield* (yield* mount)(RoomTable, {})
      const [ward, kitchen] = (yield* table.state).rows
      assert.deepInclude(ward, { name: "ward", instances: 4, clients: 4, people: ["ada", "grace"], anonymous: 1 })
      assert.deepInclude(kitchen, { name: "kitchen", instances: 1, people: ["joan"], anonymous: 0 })
    }).pipe(Effect.scoped, Effect.provide(watched))
  )

  it.effect("nothing is looked for while nobody looks", () =>
    Effect.gen(function* () {
      const mounting = yield* mount
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* mounting(InstanceTable, { props: { text: "", kind: "" } })
          yield* TestClock.adjust("5 seconds")
        })
      )
      yield* TestClock.adjust("1 second")
      const before = looks.instances
      assert.isAtLeast(before, 5)
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(looks.instances, before)
    }).pipe(Effect.scoped, Effect.provide(watched))
  )
})

describe("one instance", () => {
  it.effect("its state is shown without values, which are revealed on demand", () =>
    Effect.gen(function* () {
      const patient = yield* (yield* client()).mount(Patient, { key: "a" })
      yield* patient.call.Count()
      yield* patient.call.Note({ text: "the secret of this patient" })
      const detail = yield* (yield* mount)(InstanceDetail, { props: { id: yield* idOf("a") } })
      const state = yield* detail.state
      assert.deepStrictEqual(state.shape, [
        { name: "count", shape: "number" },
        { name: "note", shape: "text of 26 characters" }
      ])
      assert.notInclude(JSON.stringify(state), "secret")
      const { isCut, text } = yield* detail.call.Reveal()
      assert.isFalse(isCut)
      assert.deepStrictEqual(JSON.parse(text), { count: 1, note: "the secret of this patient" })
      assert.notInclude(JSON.stringify(yield* detail.state), "secret")
    }).pipe(Effect.scoped, Effect.provide(watched))
  )

  it.effect("restarted from the dashboard, its client sees it restart and then run with its state", () =>
    Effect.gen(function* () {
      const patient = yield* (yield* client()).mount(Patient, { key: "a" })
      yield* patient.call.Count()
      yield* patient.call.Count()
      const detail = yield* (yield* mount)(InstanceDetail, { props: { id: yield* idOf("a") } })
      assert.deepInclude((yield* detail.state).report, { status: "running", restarts: 0 })
      yield* detail.call.Restart()
      yield* patient.state
      assert.strictEqual((yield* patient.view).status, "restarting")
      assert.strictEqual((yield* detail.state).report?.status, "restarting")
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* patient.view).status, "running")
      assert.deepInclude((yield* detail.state).report, { status: "running", restarts: 1 })
      assert.deepInclude(yield* patient.state, { count: 2 })
      assert.strictEqual(yield* patient.call.Count(), 3)
    }).pipe(Effect.scoped, Effect.provide(watched))
  )

  it.effect("stopped from the dashboard, it is gone, and what is asked of it then is a typed error", () =>
    Effect.gen(function* () {
      yield* (yield* client()).mount(Patient, { key: "a" })
      const detail = yield* (yield* mount)(InstanceDetail, { props: { id: yield* idOf("a") } })
      yield* detail.call.Stop()
      assert.deepStrictEqual(yield* detail.state, { isKnown: true, report: null, shape: [], recording: null })
      const exit = yield* Effect.exit(detail.call.Restart())
      assert.isTrue(Exit.isFailure(exit))
      const error = yield* Effect.flip(detail.call.Reveal())
      assert.strictEqual(error._tag, "InstanceGone")
    }).pipe(Effect.scoped, Effect.provide(watched))
  )
})

it.effect("what somebody sees of an instance follows its changes", () =>
  Effect.gen(function* () {
    const patient = yield* (yield* client()).mount(Patient, { key: "a" })
    const detail = yield* (yield* mount)(InstanceDetail, { props: { id: yield* idOf("a") } })
    const seen = yield* Effect.forkChild(
      detail.changes.pipe(
        Stream.map(({ report }) => report?.running?.tag),
        Stream.filter((tag) => tag !== undefined),
        Stream.take(1),
        Stream.runCollect
      ),
      { startImmediately: true }
    )
    yield* Effect.forkChild(Effect.exit(patient.call.Sleep({ millis: 5000 })), { startImmediately: true })
    yield* TestClock.adjust("2 seconds")
    assert.deepStrictEqual(Array.from(yield* Fiber.join(seen)), ["Sleep"])
  }).pipe(Effect.scoped, Effect.provide(watched))
)
