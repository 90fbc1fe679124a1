/** Whoever comes and goes leaves nothing behind. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Logger, Metric } from "effect"
import { TestClock } from "effect/testing"
import { LiveTest } from "fibra/testing"
import { collectGarbage } from "../../support/heap.ts"
import { behaviors, components, Lab, Ticker } from "../../support/Lab.ts"

class Fibers {
  running = 0
  readonly recordFiberStart = () => void this.running++
  readonly recordFiberEnd = () => void this.running--
}

const fibers = new Fibers()

const subject = LiveTest.layer({ components }).pipe(
  Layer.provideMerge(behaviors),
  Layer.provide(Layer.succeed(Metric.FiberRuntimeMetrics, fibers)),
  Layer.provide(Logger.layer([]))
)

layer(subject)("mounting and dropping a thousand times", (it) => {
  const mountAndUnmount = Effect.gen(function* () {
    const live = yield* LiveTest
    const lab = yield* live.mount(Lab, { props: { start: 0 } })
    yield* lab.call.Add({ by: 1 })
    yield* Effect.exit(lab.call.Crash())
    yield* live.mount(Ticker, {})
    yield* live.mount(Lab, { props: { start: 0 }, key: "shared" })
  }).pipe(Effect.scoped)

  const dropAndReturn = Effect.gen(function* () {
    const live = yield* LiveTest
    yield* live.mount(Lab, { props: { start: 0 } })
    yield* live.mount(Ticker, {})
    yield* live.disconnect
    yield* live.reconnect
  }).pipe(Effect.scoped)

  const dropForGood = Effect.gen(function* () {
    const live = yield* LiveTest
    const other = yield* live.connect()
    yield* other.mount(Lab, { props: { start: 0 } })
    yield* other.mount(Lab, { props: { start: 0 }, key: "shared" })
    yield* other.disconnect
    yield* TestClock.adjust("45 seconds")
  }).pipe(Effect.scoped)

  const remains = Effect.gen(function* () {
    const live = yield* LiveTest
    yield* Effect.repeat(live.settle, { times: 9 })
    return { open: yield* live.open, fibers: fibers.running, heap: collectGarbage() }
  })

  /** An idle instance holds more than ten times as much; below it is what the compiler keeps of code that got warm. */
  const noise = 200

  for (const [name, cycle] of [
    ["an instance", mountAndUnmount],
    ["a connection", dropAndReturn],
    ["a client that does not come back", dropForGood]
  ] as const) {
    it.effect(
      `${name} leaves no fiber, no session, no instance and no heap behind, a thousand times`,
      () =>
        Effect.gen(function* () {
          yield* Effect.repeat(cycle, { times: 999 })
          const grew = Effect.gen(function* () {
            const before = yield* remains
            yield* Effect.repeat(cycle, { times: 999 })
            const after = yield* remains
            assert.deepStrictEqual(after.open, before.open)
            // One less is the test clock's own, which warns once and ends.
            assert.isAtMost(after.fibers, before.fibers)
            return (after.heap - before.heap) / 1000
          })
          // What leaks does so each time; what the compiler keeps, once, though on a busy machine it may be late.
          const bytes = yield* Effect.repeat(grew, { until: (bytes) => bytes < noise, times: 9 })
          assert.isBelow(bytes, noise)
        }),
      // Thousands of mounts on a busy machine.
      300_000
    )
  }
})
