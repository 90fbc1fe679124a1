import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Actor, DeadLetters } from "fibra/actor"

const drop = (letters: DeadLetters.Service, tag: string, payload?: unknown, reason: DeadLetters.Reason = "Stopped") =>
  letters.recordUnsafe({ actor: "cart", tag, payload, reason, at: 0 })

describe("DeadLetters", () => {
  it.effect("DeadLetters keep the latest, oldest first, and count all", () =>
    Effect.gen(function* () {
      const letters = DeadLetters.makeUnsafe({ capacity: 3 })
      drop(letters, "a")
      drop(letters, "b", undefined, "Expired")
      assert.deepStrictEqual(
        (yield* letters.recent).map(({ tag }) => tag),
        ["a", "b"]
      )
      for (const tag of ["c", "d", "e"]) drop(letters, tag)
      assert.deepStrictEqual(
        (yield* letters.recent).map(({ tag }) => tag),
        ["c", "d", "e"]
      )
      assert.strictEqual(yield* letters.count(), 5)
      assert.strictEqual(yield* letters.count("Stopped"), 4)
      assert.strictEqual(yield* letters.count("Expired"), 1)
      assert.strictEqual(yield* letters.count("Crashed"), 0)
    })
  )

  it.effect("DeadLetters keep the shape of a payload and none of its values", () =>
    Effect.gen(function* () {
      const letters = DeadLetters.makeUnsafe()
      drop(letters, "pay", {
        card: "4111 1111 1111 1111",
        amount: 12,
        items: ["secret", "secret"],
        owner: { name: "secret", address: { street: { number: "secret" } } },
        none: null
      })
      const [letter] = yield* letters.recent
      assert.deepStrictEqual(letter, {
        actor: "cart",
        tag: "pay",
        reason: "Stopped",
        at: 0,
        shape: {
          card: "string",
          amount: "number",
          items: "array(2)",
          owner: { name: "string", address: { street: "object" } },
          none: "null"
        }
      })
      assert.notInclude(JSON.stringify(letter), "secret")
    })
  )

  it.effect("DeadLetters look at sixteen keys of a payload and run no getter of it", () =>
    Effect.gen(function* () {
      const letters = DeadLetters.makeUnsafe()
      drop(letters, "wide", Object.fromEntries(Array.from({ length: 100 }, (_, key) => [key, key])))
      drop(letters, "trap", {
        get boom(): never {
          throw new Error("a getter was run")
        }
      })
      const [wide, trap] = yield* letters.recent
      assert.lengthOf(Object.keys(wide?.shape as object), 16)
      assert.deepStrictEqual(trap?.shape, { boom: "undefined" })
    })
  )

  it.effect("DeadLetters are a store of their own below their layer", () =>
    Effect.gen(function* () {
      const actor = yield* Actor.spawn(Actor.make("mute", { initial: 0, build: () => Effect.succeed({}) }))
      yield* Effect.ignore(actor.ask("hello" as never, undefined as never))
      const letters = yield* DeadLetters.DeadLetters
      assert.deepStrictEqual(
        (yield* letters.recent).map(({ actor, reason, tag }) => [actor, tag, reason]),
        [["mute", "hello", "Unknown"]]
      )
    }).pipe(Effect.provide(DeadLetters.layer({ capacity: 8 })))
  )
})
