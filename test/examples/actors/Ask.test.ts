/** docs/actors.md: behaviours, ask and tell, time limits, the control lane, watch and stop. */
// #region behavior
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Actor } from "fibra/actor"

class Overdrawn extends Schema.TaggedError<Overdrawn>()("Overdrawn", { balance: Schema.Int }) {}

const account = Actor.make("account", {
  initial: { balance: 0 },
  build: (self) =>
    Effect.succeed({
      deposit: (amount: number) => self.update(({ balance }) => ({ balance: balance + amount })),
      withdraw: Effect.fnUntraced(function* (amount: number) {
        const { balance } = yield* self.get
        if (amount > balance) return yield* new Overdrawn({ balance })
        yield* self.set({ balance: balance - amount })
        return balance - amount
      })
    })
})
// #endregion behavior

/** Handlers that take their time: one waits for a latch, one for ever. */
const clerk = (gate: Latch.Latch) =>
  Actor.make("clerk", {
    initial: [] as ReadonlyArray<string>,
    build: (self) =>
      Effect.succeed({
        file: (name: string) => self.update((names) => [...names, name]),
        lunch: () => gate.await,
        dream: () => Effect.never
      })
  })

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

describe("docs/actors.md, messages", () => {
  it.effect("ask waits for the handler, tell for the mailbox", () =>
    Effect.gen(function* () {
      // #region ask
      const ada = yield* Actor.spawn(account, { address: "account/ada" }) // stops when the Scope closes
      yield* ada.tell("deposit", 100) // the mailbox has it
      assert.strictEqual(yield* ada.ask("withdraw", 30), 70) // the handler has run

      const error = yield* Effect.flip(ada.ask("withdraw", 1_000)) // Overdrawn | ActorError
      assert.strictEqual(error._tag, "Overdrawn")
      assert.deepStrictEqual(yield* ada.state, { balance: 70 })
      // #endregion ask
    })
  )

  it.effect("an asker and a message in the mailbox have time limits", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      // #region limits
      const ref = yield* Actor.spawn(clerk(gate))
      const impatient = yield* fork(Effect.flip(ref.ask("dream", undefined, { timeout: "1 second" })))
      const stale = yield* fork(Effect.flip(ref.ask("file", "yesterday's price", { timeToLive: "500 millis" })))

      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(impatient)).reason._tag, "AskTimeout") // its handler was interrupted
      assert.strictEqual((yield* Fiber.join(stale)).reason._tag, "MessageExpired") // its handler never ran
      // #endregion limits
    })
  )

  it.effect("the control lane comes before other messages", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      // #region control
      const ref = yield* Actor.spawn(clerk(gate))
      yield* ref.tell("lunch")
      yield* ref.tell("file", "an order")
      yield* ref.tell("file", "a cancellation", { lane: "control" })
      yield* gate.open
      assert.deepStrictEqual(yield* ref.ask("file", "the last"), ["a cancellation", "an order", "the last"])
      // #endregion control
    })
  )

  it.effect("watch tells of the end, and stop drains first", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      // #region stop
      const ref = yield* Actor.spawn(clerk(gate))
      const end = yield* fork(ref.watch)
      yield* ref.tell("lunch")
      const waiting = yield* fork(ref.ask("file", "a letter"))
      const stopping = yield* fork(ref.stop({ drain: "10 seconds" }))

      const refused = yield* Effect.flip(ref.ask("file", "too late"))
      assert.strictEqual(refused.reason._tag, "ActorStopped")
      yield* gate.open
      assert.deepStrictEqual(yield* Fiber.join(waiting), ["a letter"]) // it was there before the stop
      yield* Fiber.join(stopping)
      assert.deepStrictEqual(yield* Fiber.join(end), { _tag: "Stopped" })
      // #endregion stop
    })
  )
})
