// @vitest-environment happy-dom
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { LiveStore } from "fibra/store"
import { LiveTest } from "fibra/testing"
import { Counter } from "../../examples/counter/Counter.ts"
import { CounterLayer } from "../../examples/counter/CounterLayer.ts"
import { showCounter } from "./PlainStore.ts"

it.effect("the page of docs/anywhere.md shows its counter, counts, and says when that fails", () =>
  Effect.gen(function* () {
    const live = yield* LiveTest
    const [output, button] = [document.createElement("output"), document.createElement("button")]
    const stop = showCounter(LiveStore.connect({ client: live.client }), output, button)
    assert.deepStrictEqual([output.textContent, button.disabled], ["0 Connecting …", true])
    yield* live.settle
    assert.deepStrictEqual([output.textContent, button.disabled], ["0 ", false])
    const shown: Array<string | null> = []
    for (let times = 0; times < 3; times++) {
      button.click()
      assert.isTrue(button.disabled)
      yield* live.settle
      shown.push(output.textContent)
    }
    assert.deepStrictEqual(shown, ["50 ", "100 ", "No further than 100."])
    stop()
    const another = yield* live.mount(Counter, { props: { start: 0 }, key: "everyone" })
    yield* another.call.Reset()
    yield* live.settle
    assert.strictEqual(output.textContent, "No further than 100.")
  }).pipe(Effect.scoped, Effect.provide(LiveTest.layer({ components: [Counter] }).pipe(Layer.provide(CounterLayer))))
)
