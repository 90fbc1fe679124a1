/** One at a time for each key, and nothing left of a key that nobody wants. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch } from "effect"
import { KeyLocks } from "../../../src/server/store/KeyLocks.ts"
import { collidingNames } from "../../support/collidingNames.ts"

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

describe("locks of keys", () => {
  it.effect("locks run one after the other for one key, in the order of their requests", () =>
    Effect.gen(function* () {
      const locks = new KeyLocks()
      const order: Array<number> = []
      const gate = yield* Latch.make()
      const all = yield* Effect.forEach([1, 2, 3], (n) =>
        fork(
          locks.alone(
            "a",
            Effect.andThen(
              gate.await,
              Effect.sync(() => order.push(n))
            )
          )
        )
      )
      assert.deepStrictEqual(order, [])
      yield* gate.open
      yield* Effect.forEach(all, Fiber.join)
      assert.deepStrictEqual(order, [1, 2, 3])
      assert.strictEqual(locks.size, 0)
    })
  )

  it.effect("locks of other keys do not wait, whatever the keys are called", () =>
    Effect.gen(function* () {
      const locks = new KeyLocks()
      const names = collidingNames(1024)
      for (const name of names) yield* fork(locks.alone(name, Effect.never))
      assert.strictEqual(locks.size, names.length)
      assert.strictEqual(yield* locks.alone("another", Effect.succeed(1)), 1)
    })
  )

  it.effect("locks are released by effects that are interrupted, waiting or not, and by those that fail", () =>
    Effect.gen(function* () {
      const locks = new KeyLocks()
      const has = yield* fork(locks.alone("a", Effect.never))
      const waits = yield* fork(locks.alone("a", Effect.never))
      assert.isTrue(locks.has("a"))
      yield* Fiber.interrupt(waits)
      assert.isTrue(locks.has("a"))
      yield* Fiber.interrupt(has)
      assert.isFalse(locks.has("a"))
      yield* Effect.exit(locks.alone("a", Effect.die("broken")))
      assert.isFalse(locks.has("a"))
    })
  )
})
