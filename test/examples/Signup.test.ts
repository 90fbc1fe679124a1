/** docs/testing.md and docs/components.md: a service replaced, and what is seen while a handler runs. */
// #region mock
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { LiveTest } from "fibra/testing"
import { AddressTaken, Mailer, Signup, SignupLayer } from "./Signup.ts"

const mailer = Layer.mock(Mailer, {
  welcome: (address) =>
    address === "ada@example.org"
      ? Effect.fail(new AddressTaken({ address }))
      : Effect.as(Effect.sleep("3 seconds"), address.length)
})

const test = LiveTest.layer({ components: [Signup] }).pipe(Layer.provide(SignupLayer), Layer.provide(mailer))
// #endregion mock

layer(test)("Signup", (it) => {
  // #region visible
  it.effect("a signup shows that it is sending while it sends", () =>
    Effect.gen(function* () {
      const signup = yield* (yield* LiveTest).mount(Signup, {})
      const steps = yield* Effect.forkChild(
        signup.changes.pipe(
          Stream.map(({ step }) => step),
          Stream.take(3),
          Stream.runCollect
        ),
        { startImmediately: true }
      )
      const call = yield* Effect.forkChild(signup.call.Submit({ address: "bob@example.org" }))
      assert.strictEqual((yield* signup.state).step, "sending") // reading the state lets what is under way arrive
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* Fiber.join(call), 15)
      assert.deepStrictEqual(yield* Fiber.join(steps), ["form", "sending", "done"])
    })
  )
  // #endregion visible

  // #region error
  it.effect("a typed error arrives as the class it is", () =>
    Effect.gen(function* () {
      const signup = yield* (yield* LiveTest).mount(Signup, {})
      const error = yield* Effect.flip(signup.call.Submit({ address: "ada@example.org" }))
      assert.instanceOf(error, AddressTaken)
      assert.deepStrictEqual(yield* signup.state, { step: "form", note: "ada@example.org is taken" })
    })
  )
  // #endregion error
})
