import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { KeptState } from "../../src/client/KeptState.ts"

const contract = (version: number) =>
  class extends Component.Service<never>()("Diary", {
    version,
    state: { page: Schema.Int, at: Schema.DateTimeUtcFromMillis },
    initial: () => ({ page: 0, at: Schema.decodeSync(Schema.DateTimeUtcFromMillis)(0) })
  }) {}

const Diary = contract(2)
const mounting = { cacheKey: "mine", fallbackToLocal: true } as const

/** A cache, and what was written into it. */
const make = Effect.gen(function* () {
  const runFork = Effect.runForkWith(yield* Effect.context<never>())
  const entries = new Map<string, string>()
  const writes: Array<string> = []
  const connection = {
    run: (effect: Effect.Effect<unknown>) => {
      const fiber = runFork(effect)
      return () => fiber.interruptUnsafe()
    },
    tokens: {
      get: ({ key }: { readonly key: string }) => Effect.sync(() => entries.get(key)),
      set: ({ key }: { readonly key: string }, text: string) =>
        Effect.sync(() => {
          writes.push(text)
          entries.set(key, text)
        })
    }
  } as unknown as Parameters<typeof KeptState.of>[2]
  const of = (component: Component.Typed = Diary, target: Parameters<typeof KeptState.of>[1] = mounting) => {
    const kept = KeptState.of<{ readonly page: number }>(component, target, connection)
    if (kept === undefined) throw new Error("nothing is kept")
    return kept
  }
  return { connection, entries, of, writes }
})

describe("a kept state", () => {
  it.effect("is read as it was written, decoded", () =>
    Effect.gen(function* () {
      const { of } = yield* make
      const kept = of()
      kept.changed({ page: 7, at: 1000 })
      kept.flush()
      const { encoded, state } = (yield* of().read) ?? {}
      assert.deepStrictEqual(encoded, { page: 7, at: 1000 })
      const decoded: unknown = { page: 7, at: Schema.decodeSync(Schema.DateTimeUtcFromMillis)(1000) }
      assert.deepStrictEqual(state, decoded)
    })
  )

  it.effect("is written once a second, however often it changes, and at once when it is flushed", () =>
    Effect.gen(function* () {
      const { of, writes } = yield* make
      const kept = of()
      for (let page = 0; page < 100; page++) {
        kept.changed({ page, at: 0 })
        yield* TestClock.adjust("20 millis")
      }
      assert.strictEqual(writes.length, 2)
      kept.changed({ page: 100, at: 0 })
      kept.flush()
      kept.flush()
      assert.strictEqual(writes.length, 3)
      assert.include(writes.at(-1), '"page":100')
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(writes.length, 3)
    })
  )

  it.effect("is none for another version of the contract, and where something else was written", () =>
    Effect.gen(function* () {
      const { entries, of } = yield* make
      const kept = of()
      kept.changed({ page: 7, at: 1000 })
      kept.flush()
      assert.isUndefined(yield* of(contract(3)).read)
      const [name = ""] = entries.keys()
      for (const text of ["{", "null", "7", '{"version":2}', '{"version":2,"state":{"page":"seven","at":0}}']) {
        entries.set(name, text)
        assert.isUndefined(yield* of().read)
      }
    })
  )

  it.effect("is another for each name, for each user, and for what is shared", () =>
    Effect.gen(function* () {
      const { connection, entries, of } = yield* make
      const targets = [
        mounting,
        { ...mounting, cacheKey: "other" },
        { ...mounting, userId: "ada" },
        { ...mounting, key: "mine" }
      ]
      for (const target of targets) {
        const kept = of(Diary, target)
        kept.changed({ page: 1, at: 0 })
        kept.flush()
      }
      assert.strictEqual(entries.size, targets.length)
      assert.isUndefined(KeptState.of(Diary, { fallbackToLocal: true }, connection))
      assert.isUndefined(KeptState.of(Diary, { cacheKey: "mine" }, connection))
    })
  )
})
