/** A store that hangs fails in time, whatever it is asked and however it hangs, and nothing overtakes what it still does. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Metric, Option, Scope } from "effect"
import { TestClock } from "effect/testing"
import { SnapshotStore } from "fibra/server"
import * as StoreTimeout from "../../../src/server/store/StoreTimeout.ts"

type Store = SnapshotStore.SnapshotStore["Service"]
type StoreError = SnapshotStore.SnapshotStoreError

const snapshot = { component: "Notes", version: 1, epoch: 1, revision: 1, state: {} }
const position = { epoch: 1, serial: 1 }

const operations: Record<keyof Store, (store: Store, address?: string) => Effect.Effect<unknown, StoreError>> = {
  read: (store, address = "a") => store.read(address),
  write: (store, address = "a") => store.write(address, snapshot, Duration.hours(1)),
  remove: (store, address = "a") => store.remove(address),
  spend: (store, address = "a") => store.spend(address, position, { epoch: 2, serial: 0 }, Duration.hours(1)),
  retire: (store, address = "a") => store.retire(address, position, Duration.hours(1))
}

/** A store that does this, whatever it is asked, and writes down what has begun, but answers for `b`. */
const stuck = (hanging: Effect.Effect<never>, begun: Array<string> = []): Store => {
  const act =
    <A>(operation: keyof Store, answer: A) =>
    (address: string) =>
      Effect.suspend((): Effect.Effect<A> => {
        begun.push(operation)
        return address === "b" ? Effect.succeed(answer) : hanging
      })
  return {
    read: act("read", Option.none()),
    write: act("write", true),
    remove: act("remove", undefined),
    spend: act("spend", "accepted"),
    retire: act("retire", undefined)
  }
}

const ways: Record<string, Effect.Effect<never>> = {
  "never answers": Effect.never,
  "cannot be interrupted": Effect.uninterruptible(Effect.never),
  "waits for a promise that never settles": Effect.promise(() => new Promise<never>(() => {})),
  "does not end when it is interrupted": Effect.onInterrupt(Effect.never, () => Effect.never)
}

const limit = Duration.seconds(5)
const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })
const named = Object.entries(operations) as ReadonlyArray<[keyof Store, (typeof operations)["read"]]>

/** Metrics of this test alone. */
const measured = Effect.provideService(Metric.MetricRegistry, new Map())
const count = (name: string, type: "Counter" | "Gauge") =>
  Effect.map(Metric.snapshot, (metrics) =>
    metrics
      .filter(({ id }) => id === name)
      .reduce(
        (sum, metric) =>
          sum + (metric.type === type ? Number(Reflect.get(metric.state, type === "Gauge" ? "value" : "count")) : 0),
        0
      )
  )
const hanging = count("fibra_store_hanging", "Gauge")
const timeouts = count("fibra_store_timeouts", "Counter")

describe("a store with a limit", () => {
  for (const [way, effect] of Object.entries(ways)) {
    for (const [operation, run] of named) {
      it.effect(`a store with a limit fails to ${operation} in time when the store ${way}, and says what it was`, () =>
        Effect.gen(function* () {
          const running = yield* fork(Effect.flip(run(StoreTimeout.make(stuck(effect), limit))))
          yield* TestClock.adjust("4999 millis")
          assert.isUndefined(running.pollUnsafe())
          yield* TestClock.adjust("1 millis")
          const exit = running.pollUnsafe()
          assert.isDefined(exit)
          const error = yield* Fiber.join(running)
          assert.deepStrictEqual([error.operation, error.address], [operation, "a"])
          assert.include(error.message, "no answer in time")
        })
      )
    }

    it.effect(`a store with a limit serves other records meanwhile when it ${way}, and closes in time`, () =>
      Effect.gen(function* () {
        const store = StoreTimeout.make(stuck(effect), limit)
        const scope = yield* Scope.make()
        for (const [, run] of named) yield* Effect.forkIn(run(store), scope, { startImmediately: true })
        for (const [, run] of named) yield* run(store, "b")
        const closing = yield* fork(Scope.close(scope, Exit.void))
        yield* Effect.yieldNow
        assert.isDefined(closing.pollUnsafe())
      })
    )
  }

  for (const [operation, run] of named) {
    it.effect(
      `a store with a limit begins no other operation on a record while one to ${operation} hangs, and does not wait longer for that`,
      () =>
        Effect.gen(function* () {
          const begun: Array<string> = []
          const store = StoreTimeout.make(stuck(Effect.uninterruptible(Effect.never), begun), limit)
          for (let time = 0; time < 5; time++) {
            const running = yield* fork(Effect.flip(run(store)))
            yield* TestClock.adjust(limit)
            const error = yield* Fiber.join(running)
            assert.include(error.message, time === 0 ? "no answer in time" : "the operation before it has not ended")
          }
          assert.deepStrictEqual(begun, [operation])
        })
    )
  }

  it.effect("a store with a limit counts what did not answer in time, and what has not ended since", () =>
    Effect.gen(function* () {
      const answer = yield* Deferred.make<never>()
      const store = StoreTimeout.make(stuck(Effect.uninterruptible(Deferred.await(answer))), limit)
      const running = yield* Effect.forEach(named, ([, run]) => fork(Effect.exit(run(store))))
      assert.deepStrictEqual([yield* hanging, yield* timeouts], [0, 0])
      yield* TestClock.adjust(limit)
      yield* Effect.forEach(running, Fiber.join)
      // Of two that change one record the second has not begun.
      assert.deepStrictEqual([yield* hanging, yield* timeouts], [3, 5])
      yield* Deferred.die(answer, "late")
      yield* Effect.yieldNow
      assert.deepStrictEqual([yield* hanging, yield* timeouts], [0, 5])
    }).pipe(measured)
  )

  it.effect("a store with a limit changes one record in the order of the requests, including a late one", () =>
    Effect.gen(function* () {
      const done: Array<number> = []
      const gate = yield* Deferred.make<void>()
      const store = StoreTimeout.make(
        {
          ...stuck(Effect.never),
          write: (_, { revision }) =>
            Effect.uninterruptible(
              Effect.andThen(
                revision === 1 ? Deferred.await(gate) : Effect.void,
                Effect.sync(() => done.push(revision) > 0)
              )
            )
        },
        limit
      )
      const write = (revision: number) => fork(Effect.exit(store.write("a", { ...snapshot, revision })))
      const first = yield* write(1)
      yield* TestClock.adjust("3 seconds")
      const second = yield* write(2)
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(first)))
      const third = yield* write(3)
      yield* TestClock.adjust("3 seconds")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(second)))
      assert.deepStrictEqual(done, [])
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* Fiber.join(third), Exit.succeed(true))
      // The second was given up before its turn came.
      assert.deepStrictEqual(done, [1, 3])
    })
  )

  it.effect("a store with a limit reads in parallel, and again as soon as a read that hung has ended", () =>
    Effect.gen(function* () {
      let reads = 0
      const gate = yield* Deferred.make<void>()
      const slow = Effect.suspend(() => {
        reads++
        return Effect.as(Effect.uninterruptible(Deferred.await(gate)), Option.none())
      })
      const store = StoreTimeout.make({ ...stuck(Effect.never), read: () => slow }, limit)
      const first = yield* Effect.forEach([1, 2], () => fork(Effect.exit(store.read("a"))))
      assert.strictEqual(reads, 2)
      yield* TestClock.adjust(limit)
      yield* Effect.forEach(first, Fiber.join)
      const later = yield* fork(store.read("a"))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(reads, 2)
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* Fiber.join(later), Option.none())
      assert.strictEqual(reads, 3)
    })
  )

  it.effect("a store with a limit does the same as the store", () =>
    Effect.gen(function* () {
      const store = StoreTimeout.make(yield* SnapshotStore.SnapshotStore, Duration.infinity)
      for (const [operation, run] of named) if (operation !== "remove") yield* run(store)
      assert.deepStrictEqual(yield* store.read("a"), Option.some(snapshot))
      assert.deepStrictEqual(yield* operations.spend(store), { successor: { epoch: 2, serial: 0 } })
      const again = store.spend("a", position, { epoch: 3, serial: 0 }, Duration.hours(1), { epoch: 2, serial: 0 })
      assert.strictEqual(yield* again, "accepted")
      yield* store.remove("a")
      assert.deepStrictEqual(yield* store.read("a"), Option.none())
    }).pipe(Effect.provide(SnapshotStore.layerMemory))
  )
})
