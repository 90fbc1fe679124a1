import { assert, describe, it, layer } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { LiveTest } from "fibra/testing"
import { backoffDelay } from "../../../src/client/Reconnection.ts"
import { behaviors, components, Lab } from "../../support/Lab.ts"

layer(LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors)))("a connection that is lost", (it) => {
  it.effect("a connection that is lost does not interrupt what a shared instance is doing", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 0 }, key: "busy" })
      yield* Effect.forkChild(Effect.exit(lab.call.Burst({ times: 5_000 })), { startImmediately: true })
      yield* live.disconnect
      yield* live.reconnect
      assert.strictEqual(yield* lab.call.Add({ by: -4_950 }), 50)
    })
  )
})

describe("the delay before connecting again", () => {
  it("the delay before connecting again is none at first, then doubles up to its maximum", () => {
    const delays = [0, 1, 2, 3, 6, 50].map((attempt) =>
      backoffDelay(attempt, Duration.millis(250), Duration.seconds(10))
    )
    assert.deepStrictEqual(delays, [0, 250, 500, 1000, 8000, 10_000])
  })
})
