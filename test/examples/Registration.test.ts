import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { LiveTest } from "fibra/testing"
import { Registration } from "../../examples/registration/Registration.ts"
import { RegistrationLayer } from "../../examples/registration/RegistrationLayer.ts"

const test = LiveTest.layer({ components: [Registration] }).pipe(Layer.provide(RegistrationLayer))

layer(test)("the form of the showcase", (it) => {
  it.effect("a field that is not valid is refused with the reason, and what was valid before stays", () =>
    Effect.gen(function* () {
      const form = yield* (yield* LiveTest).mount(Registration, {})
      const said = (call: Effect.Effect<unknown, Error>) => Effect.map(Effect.flip(call), ({ message }) => message)
      yield* form.call.SetName({ name: "Mary" })
      assert.strictEqual(yield* said(form.call.SetName({ name: "Al" })), "A name has 3 characters or more.")
      assert.strictEqual(yield* said(form.call.SetName({ name: "x".repeat(41) })), "A name has 40 characters at most.")
      assert.strictEqual(yield* said(form.call.SetName({ name: " ADA " })), "“ ADA ” is taken.")
      assert.match(yield* said(form.call.SetEmail({ email: "mary" })), /^That is no address/)
      assert.strictEqual(yield* said(form.call.Register()), "There is no address yet.")
      assert.deepStrictEqual(yield* form.state, { name: "Mary", email: "", number: null })
    })
  )

  it.effect("a name is given once, also to two who have filled in their forms with it", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const first = yield* live.mount(Registration, {})
      const second = yield* (yield* live.connect()).mount(Registration, {})
      for (const { call } of [first, second]) {
        yield* call.SetName({ name: "Joan" })
        yield* call.SetEmail({ email: "joan@example.org" })
      }
      assert.strictEqual(yield* first.call.Register(), 3)
      assert.strictEqual((yield* first.state).number, 3)
      assert.strictEqual((yield* Effect.flip(second.call.Register()))._tag, "NameTaken")
      yield* first.call.StartOver()
      assert.deepStrictEqual(yield* first.state, { name: "", email: "", number: null })
    })
  )
})
