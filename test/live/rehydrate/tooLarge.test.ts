/** A state that is too large for a token. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { LiveConfig } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { Notes, NotesLayer } from "../../support/Notes.ts"

describe("a state that is too large for a token", () => {
  it.effect("a state that is too large for a token comes back from the store, when the component persists", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const notes = yield* live.mount(Notes, {})
      const line = "x".repeat(2000)
      yield* notes.call.Write({ line })
      yield* TestClock.adjust("3 seconds")
      yield* live.settle
      yield* live.kill
      yield* live.start
      yield* live.reconnect
      assert.strictEqual(yield* notes.activation, "rehydrated")
      assert.deepStrictEqual((yield* notes.state).lines, [line])
    }).pipe(
      Effect.scoped,
      Effect.provide(
        LiveTest.layer({ components: [Notes] }).pipe(
          Layer.provide([NotesLayer, LiveConfig.layer({ maxTokenLength: 1000 }), Logger.layer([])])
        )
      )
    )
  )
})
