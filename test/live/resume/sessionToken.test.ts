/** Whoever comes back for a session has to have its latest token, which is good once, and to be whom the session belongs to. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { LiveTest } from "fibra/testing"
import { behaviors, components } from "../../support/Lab.ts"
import { listen } from "../../support/Rpc.ts"

const subject = LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors))

layer(subject)("a session token", (it) => {
  const resume = (sessionToken: string, components: ReadonlyArray<never> = []) => ({
    sessionToken,
    components,
    pending: []
  })

  it.effect("a session token that was guessed, or belongs to another principal, is refused, and harms nobody", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const owner = yield* listen({ principal: "ada" })
      const { sessionToken } = owner.established
      const [id = "", secret = ""] = sessionToken.split(".")
      yield* owner.mount("Lab", { start: 0 })
      yield* owner.disconnect
      const before = yield* live.open
      const guesses = [
        "",
        ".",
        id,
        `${id}.`,
        `${id}.${secret.slice(1)}`,
        `${id}.${"A".repeat(22)}`,
        `${sessionToken}.x`
      ]
      for (const guess of [...guesses, "x".repeat(100_000)]) {
        const { established } = yield* listen({ principal: "ada", resume: resume(guess) })
        assert.isFalse(established.resumed)
        assert.strictEqual(established.rejected?.reason, "session")
      }
      for (const thief of [{ principal: "mallory" }, {}]) {
        const { established } = yield* listen({ ...thief, resume: resume(sessionToken) })
        assert.deepInclude(established, { resumed: false, components: [] })
        assert.strictEqual(established.rejected?.reason, "principal")
      }
      assert.strictEqual((yield* live.open).instances, before.instances)
      const { established } = yield* listen({ principal: "ada", resume: resume(sessionToken) })
      assert.isTrue(established.resumed)
    }).pipe(Effect.scoped)
  )

  it.effect("a session token can be used once: a later client is refused, and the one with the session keeps it", () =>
    Effect.gen(function* () {
      const first = yield* listen()
      const { componentId, epoch, index, revision } = yield* first.mount("Lab", { start: 0 })
      const { sessionToken } = first.established
      const place = { componentId, epoch, index, revision }
      const asked = { sessionToken, components: [place], pending: [] }
      // The connection is half open: the server does not know yet that the client has left it.
      const second = yield* listen({ resume: asked })
      assert.deepInclude(second.established, { resumed: true, components: [componentId] })
      yield* (yield* LiveTest).settle
      const third = yield* listen({ resume: asked })
      assert.isFalse(third.established.resumed)
      assert.strictEqual(yield* second.call(componentId, "Add", { by: 1 }), 1)
      // The client of the test, the second and the third; the first was closed.
      assert.strictEqual((yield* (yield* LiveTest).open).connections, 3)
    }).pipe(Effect.scoped)
  )

  it.effect("a session token resumes only components that its client names", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const before = yield* live.open
      const first = yield* listen()
      yield* first.mount("Lab", { start: 0 })
      yield* first.mount("Ticker", {})
      yield* first.disconnect
      const second = yield* listen({ resume: resume(first.established.sessionToken) })
      assert.deepInclude(second.established, { resumed: true, components: [] })
      yield* live.settle
      assert.strictEqual((yield* live.open).instances, before.instances)
    }).pipe(Effect.scoped)
  )
})
