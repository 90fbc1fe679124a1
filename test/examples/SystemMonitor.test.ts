import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { LiveTest } from "fibra/testing"
import { SystemMonitor } from "../../examples/system/SystemMonitor.ts"
import { SystemMonitorLayer } from "../../examples/system/SystemMonitorLayer.ts"

const test = LiveTest.layer({ components: [SystemMonitor] }).pipe(Layer.provide(SystemMonitorLayer))

layer(test)("the system monitor of the showcase", (it) => {
  it.effect("it measures its process ten times a second, keeps half a minute, and sends one sample at a time", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const sizes: Array<number> = []
      const client = yield* live.connect({
        onFrame: (from, text) => {
          if (from === "server" && text.includes("Patched")) sizes.push(text.length)
        }
      })
      const monitor = yield* client.mount(SystemMonitor, { key: "server" })
      yield* TestClock.adjust("1 second")
      const { samples } = yield* monitor.state
      assert.strictEqual(samples.length, 11)
      assert.deepStrictEqual(
        samples.slice(1).map(({ at }, index) => at - (samples[index]?.at ?? 0)),
        Array(10).fill(100)
      )
      for (const { cpu, lag, memory } of samples) {
        assert.isAtLeast(cpu, 0)
        assert.isAtLeast(lag, 0)
        assert.isAbove(memory, 1024 * 1024)
      }
      for (let second = 0; second < 60; second++) {
        yield* TestClock.adjust("1 second")
        yield* live.settle
      }
      const later = (yield* monitor.state).samples
      assert.strictEqual(later.length, 300)
      assert.strictEqual((later.at(-1)?.at ?? 0) - (later[0]?.at ?? 0), 29_900)
      // Ten changes in a second of this test.
      assert.isBelow(sizes[sizes.length - 1] ?? Infinity, 2500)
    })
  )
})
