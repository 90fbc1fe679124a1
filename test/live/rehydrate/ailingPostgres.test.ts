/** A PostgreSQL that stands still, or whose connections are lost at the worst moment. In real time. */
import { assert, layer } from "@effect/vitest"
import { PgClient } from "@effect/sql-pg"
import { Context, Duration, Effect, Exit, Fiber, Layer, Logger, Option, Schedule } from "effect"
import type { LiveError } from "../../../src/LiveError.ts"
import { LiveConfig, Secrets, SnapshotStore } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { Notes, NotesLayer } from "../../support/Notes.ts"
import * as Proxy from "../../support/Proxy.ts"
import { Postgres } from "../../support/Postgres.ts"
import { listen } from "../../support/Rpc.ts"

const storeTimeout = Duration.seconds(1)
/** What a busy machine adds to it. The driver itself takes five seconds to give up a statement. */
const tolerance = 1000

/** More than the pool has connections. */
const crowd = 30

const server = LiveTest.layer({ components: [Notes] }).pipe(
  Layer.provide([
    NotesLayer,
    LiveConfig.layer({ storeTimeout, persistInterval: Duration.millis(100), tokenInterval: Duration.millis(100) })
  ])
)

const subject = server.pipe(
  Layer.provideMerge(Layer.provide(SnapshotStore.layerSql, Postgres.layerClient("postgres"))),
  Layer.provideMerge(Secrets.layerRandom),
  Layer.provideMerge(Postgres.layer),
  Layer.provide(Logger.layer([]))
)

/** What is between the server and its database. */
class Cable extends Context.Service<Cable, Proxy.Proxy>()("test/Cable") {
  static readonly layer = Layer.effect(
    Cable,
    Effect.flatMap(Postgres, ({ socket }) => Proxy.make(socket))
  )
  static readonly client = Layer.unwrap(
    Effect.map(Cable, ({ port }) =>
      PgClient.layer({ host: "127.0.0.1", port, username: "postgres", database: "postgres" })
    )
  )
}

const overCable = server.pipe(
  Layer.provide(Layer.provide(SnapshotStore.layerSql, Cable.client)),
  Layer.provideMerge(Cable.layer),
  Layer.provide(Postgres.layer),
  Layer.provide(Secrets.layerRandom),
  Layer.provide(Logger.layer([]))
)

/** Runs this while the database is frozen. */
const frozen = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const { freeze, thaw } = yield* Postgres
    return yield* Effect.acquireUseRelease(
      freeze,
      () => effect,
      () => thaw
    )
  })

/** How these fail, and how much later than a timer of this busy machine that is set to the limit. */
const failuresOf = <A, R>(effects: ReadonlyArray<Effect.Effect<A, Pick<LiveError, "reason">, R>>) =>
  Effect.gen(function* () {
    const timer = yield* Effect.forkChild(Effect.timed(Effect.sleep(storeTimeout)), { startImmediately: true })
    const failures = yield* Effect.forEach(effects, (effect) => Effect.timed(Effect.flip(effect)), {
      concurrency: "unbounded"
    })
    const [due] = yield* Fiber.join(timer)
    return failures.map(([took, { reason }]) => ({ reason, late: Duration.toMillis(took) - Duration.toMillis(due) }))
  })

/** They were answered in time, and no earlier: it was the store that was waited for. */
const assertInTime = (failures: Effect.Success<ReturnType<typeof failuresOf>>, when: string) => {
  for (const { late, reason } of failures) {
    assert.deepInclude(reason, { _tag: "SnapshotRejected", reason: "unavailable" }, when)
    assert.isAtMost(late, tolerance, when)
  }
}

const linesOf = (key: string) =>
  Effect.map(
    SnapshotStore.SnapshotStore.use((store) => store.read(`Notes/${key}`)),
    (snapshot) => Option.getOrUndefined(snapshot)?.state["lines"]
  )

const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>, holds: (a: A) => boolean) =>
  Effect.repeat(effect, { until: holds, schedule: Schedule.spaced("20 millis") })

layer(subject, { excludeTestServices: true, timeout: 30_000 })("while PostgreSQL is frozen", (it) => {
  it.effect("mounts of shared components are answered in time while PostgreSQL is frozen, however many", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      yield* frozen(
        Effect.gen(function* () {
          for (const round of [1, 2, 3]) {
            const keys = Array.from({ length: crowd }, (_, index) => `${round} ${index}`)
            assertInTime(yield* failuresOf(keys.map((key) => live.mount(Notes, { key }))), `round ${round}`)
          }
        })
      )
      const notes = yield* eventually(Effect.exit(live.mount(Notes, { key: "1 0" })), Exit.isSuccess)
      assert.isTrue(Exit.isSuccess(notes))
    }).pipe(Effect.scoped)
  )

  it.effect("components work while PostgreSQL is frozen, and are stored as soon as it continues", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const keys = Array.from({ length: crowd }, (_, index) => `writes ${index}`)
      const all = yield* Effect.forEach(keys, (key) => live.mount(Notes, { key }), { concurrency: "unbounded" })
      yield* Effect.forEach(all, (notes) => notes.call.Write({ line: "before" }))
      yield* Effect.forEach(keys, (key) => eventually(linesOf(key), (lines) => lines !== undefined))
      yield* frozen(
        Effect.gen(function* () {
          for (const line of ["a", "b", "c"]) {
            yield* Effect.forEach(all, (notes) => notes.call.Write({ line }))
            yield* Effect.sleep("700 millis")
          }
        })
      )
      const whole = JSON.stringify(["before", "a", "b", "c"])
      yield* Effect.forEach(
        keys,
        (key) =>
          eventually(
            linesOf(key).pipe(Effect.catch(() => Effect.undefined)),
            (lines) => JSON.stringify(lines) === whole
          ),
        { concurrency: "unbounded" }
      )
    }).pipe(Effect.scoped)
  )

  it.effect("a token that was used while PostgreSQL is frozen restores its state as soon as it continues", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const heard = yield* listen()
      const { componentId } = yield* heard.mount("Notes", {})
      yield* heard.call(componentId, "Write", { line: "a" })
      const token = yield* eventually(heard.sealed, (token) => token !== "")
      yield* live.kill
      yield* live.start
      const again = yield* listen()
      const present = again.rehydrate({ component: "Notes", props: {}, token })
      const refusal = Effect.flatMap(present, ({ reason, value }) =>
        reason === undefined ? Effect.succeed(value) : Effect.fail({ reason })
      )
      yield* frozen(
        Effect.gen(function* () {
          for (const attempt of [1, 2]) assertInTime(yield* failuresOf([refusal]), `attempt ${attempt}`)
        })
      )
      const { value } = yield* eventually(present, ({ value }) => value !== undefined)
      assert.deepStrictEqual(value?.state, { lines: ["a"] })
      assert.isAtLeast(value?.epoch ?? 0, 2)
    }).pipe(Effect.scoped)
  )
})

layer(overCable, { excludeTestServices: true, timeout: 30_000 })("when the connection to PostgreSQL is lost", (it) => {
  it.effect("before it has confirmed what it did, a token is not refused, and brings its state back", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const cable = yield* Cable
      const heard = yield* listen()
      const { componentId } = yield* heard.mount("Notes", {})
      yield* heard.call(componentId, "Write", { line: "a" })
      let token = yield* eventually(heard.sealed, (token) => token !== "")
      let unconfirmed = 0
      for (const [way, bytes] of [
        ["toClient", 1],
        ["toServer", 1],
        ["toClient", 60],
        ["toServer", 60],
        ["toClient", 120],
        ["toServer", 300]
      ] as const) {
        yield* live.kill
        yield* live.start
        const again = yield* listen()
        cable.cut({ way, bytes })
        const { value } = yield* eventually(
          Effect.tap(again.rehydrate({ component: "Notes", props: {}, token }), ({ reason }) =>
            Effect.sync(() => {
              if (reason === undefined) return
              assert.deepInclude(reason, { _tag: "SnapshotRejected", reason: "unavailable" }, `${way} ${bytes}`)
              unconfirmed++
            })
          ),
          ({ value }) => value !== undefined
        )
        assert.deepStrictEqual(value?.state, { lines: ["a"] })
        token = yield* eventually(again.sealed, (newest) => newest !== "" && newest !== token)
      }
      assert.isAbove(cable.cuts(), 3)
      assert.isAbove(unconfirmed, 2)
    }).pipe(Effect.scoped)
  )
})
