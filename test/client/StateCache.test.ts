/** A storage of limited size, as a browser gives a page: what is worth nothing any more is not to keep out what is. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Logger } from "effect"
import { KeyValueStore } from "effect/persistence"
import { TestClock } from "effect/testing"
import { StateCache } from "fibra/client"

/** What is in a storage for ten entries of these tests. */
class Storage {
  readonly data = new Map<string, string>()
  readonly #quota = 10_000
  writes = 0

  get size(): number {
    return Array.from(this.data).reduce((size, [key, value]) => size + key.length + value.length, 0)
  }

  get layer(): Layer.Layer<KeyValueStore.KeyValueStore> {
    return Layer.succeed(
      KeyValueStore.KeyValueStore,
      KeyValueStore.makeStringOnly({
        get: (key) => Effect.sync(() => this.data.get(key)),
        set: (key, value) =>
          Effect.suspend(() => {
            this.writes++
            const size = this.size - (this.data.get(key)?.length ?? -key.length) + value.length
            if (size > this.#quota) return Effect.fail(full)
            this.data.set(key, value)
            return Effect.void
          }),
        remove: (key) => Effect.sync(() => void this.data.delete(key)),
        clear: Effect.sync(() => this.data.clear()),
        size: Effect.sync(() => this.data.size),
        keys: Effect.sync(() => Array.from(this.data.keys()))
      })
    )
  }
}

const full = new KeyValueStore.KeyValueStoreError({ method: "set", message: "The quota is used up" })

const address = (key: string): StateCache.CacheAddress => ({ origin: "wss://example.org", component: "Doc", key })
const token = "x".repeat(900)
const hour = Duration.hours(1)

/** A new page on the storage, and what it has to complain of. */
const onPage = <A, E>(
  { layer }: Storage,
  use: (cache: StateCache.StateCache["Service"]) => Effect.Effect<A, E>
): Effect.Effect<{ readonly result: A; readonly complaints: number }, E> => {
  let complaints = 0
  const logger = Logger.layer([Logger.make(() => void complaints++)])
  return Effect.map(
    Effect.provide(
      Effect.flatMap(Effect.service(StateCache.StateCache), use),
      Layer.fresh(StateCache.layerKeyValueStore).pipe(Layer.provide(layer), Layer.provideMerge(logger)),
      { local: true }
    ),
    (result) => ({ result, complaints })
  )
}

const fill = (cache: StateCache.StateCache["Service"], age = hour) =>
  Effect.forEach(Array.from({ length: 20 }), (_, index) => cache.set(address(`${index}`), token, age), {
    discard: true
  })

describe("a state cache", () => {
  it.effect("a state cache makes room for a new token when the storage is full of those that are too old", () =>
    Effect.gen(function* () {
      const storage = new Storage()
      const { result } = yield* onPage(storage, (cache) =>
        Effect.gen(function* () {
          yield* fill(cache)
          assert.isUndefined(yield* cache.get(address("19")))
          yield* TestClock.adjust("2 days")
          yield* cache.set(address("today"), token, hour)
          return yield* cache.get(address("today"))
        })
      )
      assert.strictEqual(result, token)
      assert.strictEqual(storage.data.size, 1)
    })
  )

  it.effect("a state cache begins by removing its old entries, and leaves good ones and those of others", () =>
    Effect.gen(function* () {
      const storage = new Storage()
      const others = { theme: "dark", "fibra/theme": "dark", elsewhere: `{"token":"","expiresAt":0}` }
      for (const [key, value] of Object.entries(others)) storage.data.set(key, value)
      yield* onPage(storage, (cache) =>
        Effect.andThen(cache.set(address("old"), token, hour), cache.set(address("good"), token, Duration.days(7)))
      )
      yield* TestClock.adjust("2 days")
      yield* onPage(storage, () => Effect.sync(() => assert.strictEqual(storage.data.size, 4)))
      const { result } = yield* onPage(storage, (cache) => cache.get(address("good")))
      assert.strictEqual(result, token)
      assert.deepInclude(Object.fromEntries(storage.data), others)
    })
  )

  it.effect("a state cache tries once more when nothing is too old, and logs once that it cannot be used", () =>
    Effect.gen(function* () {
      const storage = new Storage()
      const { complaints, result } = yield* onPage(storage, (cache) =>
        Effect.gen(function* () {
          yield* fill(cache)
          const { size } = storage.data
          const before = storage.writes
          yield* cache.set(address("one more"), token, hour)
          return { added: storage.data.size - size, writes: storage.writes - before }
        })
      )
      assert.deepStrictEqual(result, { added: 0, writes: 2 })
      assert.strictEqual(complaints, 1)
    })
  )
})
