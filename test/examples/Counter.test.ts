import { assert, layer } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream } from "effect"
import { LiveTest } from "fibra/testing"
import { Counter } from "../../examples/counter/Counter.ts"
import { CounterLayer } from "../../examples/counter/CounterLayer.ts"

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
