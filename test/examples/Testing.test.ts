/** docs/testing.md: virtual time, and a client that does not read. */
import { assert, layer } from "@effect/vitest"
import { DateTime, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { LiveConfig } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { Clock } from "../../examples/clock/Clock.ts"
import { ClockLayer } from "../../examples/clock/ClockLayer.ts"
import { Counter } from "../../examples/counter/Counter.ts"
import { CounterLayer } from "../../examples/counter/CounterLayer.ts"

// #region layer
const live = LiveTest.layer({ components: [Counter, Clock] }).pipe(
  Layer.provide([CounterLayer, ClockLayer]),
  Layer.provide(LiveConfig.layer({ windowBatches: 4 })) // as in production; leave it out for the defaults
)
// #endregion layer

layer(live)("docs/testing.md", (it) => {
  // #region time
  it.effect("the clock ticks each second", () =>
    Effect.gen(function* () {
      const clock = yield* (yield* LiveTest).mount(Clock, {})
      yield* TestClock.adjust("61 seconds") // takes no time; the test clock begins at 0
      const { now } = yield* clock.state
      assert.strictEqual(now === null ? undefined : DateTime.formatIso(now), "1970-01-01T00:01:01.000Z")
    })
  )
  // #endregion time

  // #region stall
  it.effect("a page that does not read loses no change", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const reader = yield* live.mount(Counter, { props: { start: 0 }, key: "shared" })
      yield* live.stall
      const calls = Effect.repeat(reader.call.Increment({ by: 1 }), { times: 49 })
      yield* Effect.forkChild(calls, { startImmediately: true }) // the first answer is not read, so no second call
      assert.deepStrictEqual(yield* reader.state, { count: 0 })
      yield* live.unstall
      while ((yield* reader.state).count < 50) yield* live.settle
    })
  )
  // #endregion stall

  // #region open
  it.effect("nothing is left when the page is left", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const before = yield* live.open
      yield* Effect.scoped(live.mount(Clock, {}))
      yield* live.settle
      assert.deepStrictEqual(yield* live.open, before)
    })
  )
  // #endregion open
})
