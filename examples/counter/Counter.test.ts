// #region test
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { LiveTest } from "fibra/testing"
import { Counter } from "./Counter.ts"
import { CounterLayer } from "./CounterLayer.ts"

layer(LiveTest.layer({ components: [Counter] }).pipe(Layer.provide(CounterLayer)))("Counter", (it) => {
  it.effect("a rejected increment leaves the state as it was", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const counter = yield* live.mount(Counter, { props: { start: 95 } })
      const error = yield* Effect.flip(counter.call.Increment({ by: 10 }))
      assert.strictEqual(error._tag, "LimitReached")
      assert.deepStrictEqual(yield* counter.state, { count: 95 })
    })
  )
})
// #endregion test
