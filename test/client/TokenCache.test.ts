/** A cache of tokens that does not answer is done without. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch } from "effect"
import { TestClock } from "effect/testing"
import { TokenCache } from "../../src/client/TokenCache.ts"
import type { StateCache } from "fibra/client"

/** A cache whose storage hangs until the gate is open, and what is in it. */
const stuck = Effect.gen(function* () {
  const gate = yield* Latch.make()
  const tokens = new Map<string, string>()
  let asked = 0
  const hangs = Effect.suspend(() => {
    asked++
    return gate.await
  })
  const slowly = <A>(key: string, act: () => A) =>
    Effect.uninterruptible(Effect.andThen(key === "hangs" ? hangs : Effect.void, Effect.sync(act)))
  const cache: StateCache.StateCache["Service"] = {
    get: ({ key }) => slowly(key, () => tokens.get(key)),
    set: ({ key }, token) => slowly(key, () => void tokens.set(key, token)),
    remove: ({ key }) => slowly(key, () => void tokens.delete(key))
  }
  return { gate, asked: () => asked, cache: new TokenCache(cache, Effect.succeed("wss://example.org")) }
})

const label = (key: string) => ({ component: "Doc", key })
const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

describe("a cache that hangs", () => {
  it.effect("a cache that hangs counts as empty after two seconds, and at once as long as it hangs", () =>
    Effect.gen(function* () {
      const { asked, cache } = yield* stuck
      const looking = yield* fork(cache.get(label("hangs")))
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(looking.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.isUndefined(yield* Fiber.join(looking))
      assert.isUndefined(yield* cache.get(label("hangs")))
      yield* cache.set(label("hangs"), "lost")
      assert.strictEqual(asked(), 1)
    }).pipe(Effect.scoped)
  )

  it.effect("a cache that hangs keeps what is put in other places, and is used again when it has answered", () =>
    Effect.gen(function* () {
      const { cache, gate } = yield* stuck
      const keeping = yield* fork(cache.set(label("hangs"), "first"))
      yield* cache.set(label("other"), "token")
      assert.strictEqual(yield* cache.get(label("other")), "token")
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(keeping)
      yield* gate.open
      yield* Effect.yieldNow
      assert.strictEqual(yield* cache.get(label("hangs")), "first")
      yield* cache.set(label("hangs"), "second")
      assert.strictEqual(yield* cache.get(label("hangs")), "second")
    }).pipe(Effect.scoped)
  )
})
