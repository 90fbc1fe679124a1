import { assert, describe, it, layer } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Link } from "fibra/client"
import { LiveTest } from "fibra/testing"
import { behaviors, components, Lab, Ticker } from "./Lab.ts"

layer(LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors)))("a connection that is lost", (it) => {
  it.effect("fails the calls that are under way with Disconnected, and is seen", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 1 } })
      const hanging = yield* Effect.forkChild(Effect.flip(lab.call.Hang()), { startImmediately: true })
      yield* live.disconnect
      const error = yield* Fiber.join(hanging)
      assert.strictEqual(error.reason._tag, "Disconnected")
      assert.strictEqual((yield* lab.view).connected, false)
      const next = yield* Effect.flip(lab.call.Hang())
      assert.strictEqual(next.reason._tag, "Disconnected")
      yield* live.reconnect
    })
  )

  it.effect("is mounted anew when it comes back, and the shared state is the one it has by then", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const shared = yield* live.mount(Lab, { props: { start: 1 }, key: "survives" })
      const own = yield* live.mount(Ticker, {})
      yield* shared.call.Add({ by: 1 })
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* own.state, { seconds: 2 })
      yield* live.disconnect
      yield* live.reconnect
      assert.strictEqual((yield* shared.view).connected, true)
      assert.strictEqual((yield* shared.state).count, 2)
      assert.strictEqual(yield* shared.call.Add({ by: 1 }), 3)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* own.state, { seconds: 1 })
    })
  )

  it.effect("does not interrupt what a shared instance is doing", () =>
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
  it("is none at first, then doubles up to its cap", () => {
    const delays = [0, 1, 2, 3, 6, 50].map((attempt) =>
      Link.backoffDelay(attempt, Duration.millis(250), Duration.seconds(10))
    )
    assert.deepStrictEqual(delays, [0, 250, 500, 1000, 8000, 10_000])
  })
})
