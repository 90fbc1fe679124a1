/** A store that hangs fails, whatever it is asked. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { SnapshotStore } from "fibra/server"
import * as StoreTimeout from "../../../src/server/store/StoreTimeout.ts"

type Store = SnapshotStore.SnapshotStore["Service"]

const snapshot = { component: "Notes", version: 1, epoch: 1, revision: 1, state: {} }
const position = { epoch: 1, serial: 1 }

const operations: Record<keyof Store, (store: Store) => Effect.Effect<unknown, SnapshotStore.SnapshotStoreError>> = {
  read: (store) => store.read("a"),
  write: (store) => store.write("a", snapshot, Duration.hours(1)),
  remove: (store) => store.remove("a"),
  spend: (store) => store.spend("a", position, { epoch: 2, serial: 0 }, Duration.hours(1)),
  retire: (store) => store.retire("a", position, Duration.hours(1))
}

const stuck = SnapshotStore.SnapshotStore.of({
  read: () => Effect.never,
  write: () => Effect.never,
  remove: () => Effect.never,
  spend: () => Effect.never,
  retire: () => Effect.never
})

describe("a store with a limit", () => {
  for (const [operation, run] of Object.entries(operations)) {
    it.effect(`fails to ${operation} when there is no answer in time, and says what it was`, () =>
      Effect.gen(function* () {
        const running = yield* Effect.forkChild(Effect.flip(run(StoreTimeout.make(stuck, Duration.seconds(5)))), {
          startImmediately: true
        })
        yield* TestClock.adjust("4 seconds")
        assert.isUndefined(running.pollUnsafe())
        yield* TestClock.adjust("1 second")
        const error = yield* Fiber.join(running)
        assert.deepStrictEqual([error.operation, error.address], [operation, "a"])
        assert.include(error.message, "no answer in time")
      })
    )
  }

  it.effect("does what it is asked as the store does", () =>
    Effect.gen(function* () {
      const store = StoreTimeout.make(yield* SnapshotStore.SnapshotStore, Duration.infinity)
      for (const [operation, run] of Object.entries(operations)) if (operation !== "remove") yield* run(store)
      assert.deepStrictEqual(yield* store.read("a"), Option.some(snapshot))
      assert.strictEqual(yield* operations.spend(store), "spent")
      yield* store.remove("a")
      assert.deepStrictEqual(yield* store.read("a"), Option.none())
    }).pipe(Effect.provide(SnapshotStore.layerMemory))
  )
})
