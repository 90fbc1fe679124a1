/** docs/actors.md: what a full mailbox does, and where messages end that nobody handled. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Latch } from "effect"
import { Actor, DeadLetters, Overflow } from "fibra/actor"

interface Quote {
  readonly symbol: string
  readonly price: number
}

describe("docs/actors.md, the mailbox", () => {
  it.effect("coalesce keeps the latest of each key", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      // #region coalesce
      const screen = Actor.make("screen", {
        initial: [] as ReadonlyArray<Quote>,
        capacity: 16,
        overflow: Overflow.coalesce((tag, payload) => (tag === "show" ? (payload as Quote).symbol : undefined)),
        build: (self) =>
          Effect.succeed({
            pause: () => gate.await,
            show: (quote: Quote) => self.update((shown) => [...shown, quote])
          })
      })

      const ref = yield* Actor.spawn(screen)
      yield* ref.tell("pause") // busy from here on
      yield* ref.tell("show", { symbol: "ABC", price: 1 })
      yield* ref.tell("show", { symbol: "XYZ", price: 5 })
      yield* ref.tell("show", { symbol: "ABC", price: 2 }) // takes the place of the first
      yield* gate.open
      yield* ref.stop()
      assert.deepStrictEqual(
        (yield* ref.state).map(({ price }) => price),
        [2, 5]
      )
      // #endregion coalesce
    })
  )

  it.effect("a dropped message is a dead letter", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      // #region letters
      const till = Actor.make("till", {
        initial: 0,
        capacity: 1,
        build: () =>
          Effect.succeed({
            hold: () => gate.await,
            pay: ({ card }: { readonly card: string }) => Effect.logDebug(`paid by ${card}`)
          })
      })

      const ref = yield* Actor.spawn(till)
      yield* ref.tell("hold")
      yield* ref.tell("pay", { card: "4111" }) // waits: the mailbox is full now
      const error = yield* Effect.flip(ref.tell("pay", { card: "4222" }))
      assert.strictEqual(error.reason._tag, "MailboxFull")

      const letters = yield* DeadLetters.DeadLetters
      const [letter] = yield* letters.recent
      assert.deepInclude(letter, { actor: "till", tag: "pay", reason: "MailboxFull", shape: { card: "string" } })
      assert.strictEqual(yield* letters.count("MailboxFull"), 1)
      // #endregion letters
      yield* gate.open
    }).pipe(Effect.provide(DeadLetters.layer({ capacity: 100 })))
  )
})
