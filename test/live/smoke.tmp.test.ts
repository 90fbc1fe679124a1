import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { LiveTest } from "fibra/testing"
import { Layer } from "effect"
import { Counter } from "../../examples/counter/Counter.ts"
import { CounterLayer } from "../../examples/counter/CounterLayer.ts"

layer(LiveTest.layer({ components: [Counter] }).pipe(Layer.provide(CounterLayer)))("smoke", (it) => {
  it.effect("counts", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const counter = yield* live.mount(Counter, { props: { start: 95 } })
      assert.deepStrictEqual(yield* counter.state, { count: 95 })
      const error = yield* Effect.flip(counter.call.Increment({ by: 10 }))
      assert.strictEqual(error._tag, "LimitReached")
      assert.strictEqual(yield* counter.call.Increment({ by: 2 }), 97)
      assert.deepStrictEqual(yield* counter.state, { count: 97 })
      yield* counter.call.Reset()
      assert.deepStrictEqual(yield* counter.state, { count: 0 })
    }))
})
