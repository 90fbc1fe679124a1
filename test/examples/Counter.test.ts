// #region test
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream } from "effect"
import { LiveTest } from "fibra/testing"
import { Counter } from "../../examples/counter/Counter.ts"
import { CounterLayer } from "../../examples/counter/CounterLayer.ts"

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

layer(LiveTest.layer({ components: [Counter] }).pipe(Layer.provide(CounterLayer)))("Counter, on", (it) => {
  it.effect("every tenth is a milestone", () =>
    Effect.gen(function* () {
      const counter = yield* (yield* LiveTest).mount(Counter, { props: { start: 0 } })
      const milestone = yield* Effect.forkChild(counter.events("Milestone").pipe(Stream.take(1), Stream.runCollect), {
        startImmediately: true
      })
      for (let total = 1; total <= 10; total++) assert.strictEqual(yield* counter.call.Increment({ by: 1 }), total)
      assert.deepStrictEqual(yield* Fiber.join(milestone), [{ count: 10 }])
    })
  )

  it.effect("reset begins again at zero", () =>
    Effect.gen(function* () {
      const counter = yield* (yield* LiveTest).mount(Counter, { props: { start: 42 } })
      yield* counter.call.Reset()
      assert.deepStrictEqual(yield* counter.state, { count: 0 })
    })
  )
})
