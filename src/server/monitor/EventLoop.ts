/**
 * How long the event loop stood still. While it does, everything looks ill, and nothing is. Node measures this without
 * any work of ours; where nobody provides a measurement, as in virtual time, it never stands still.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { monitorEventLoopDelay } from "node:perf_hooks"

/** A measurement of the event loop. */
export interface EventLoopMeter {
  /** The longest time for which it stood still since `reset`, in milliseconds. */
  readonly longest: () => number
  readonly reset: () => void
}

/** The measurement of this process. */
export const EventLoop = Context.Reference<EventLoopMeter>("fibra/server/EventLoop", {
  defaultValue: () => ({ longest: () => 0, reset: () => {} })
})

/** Milliseconds between two looks of Node: what is shorter is not seen. */
const resolution = 20

/** With the clock of Node, which is that of the histogram, and not with that of a test. */
const runByNode = Effect.runForkWith(Context.empty())

/** Node measures from its first look after a reset on; what delays that look is measured here. */
const make = Effect.gen(function* () {
  const histogram = yield* Effect.acquireRelease(
    Effect.sync(() => monitorEventLoopDelay({ resolution })),
    (histogram) => Effect.sync(() => histogram.disable())
  )
  histogram.enable()
  let first = 0
  let looking: Fiber.Fiber<void> | undefined
  yield* Effect.addFinalizer(() => Effect.sync(() => looking?.interruptUnsafe()))
  return {
    longest: () => Math.max(first, histogram.max / 1e6 - resolution),
    reset: () => {
      histogram.reset()
      first = 0
      looking?.interruptUnsafe()
      const since = performance.now()
      const look = Effect.sync(() => {
        first = Math.max(0, performance.now() - since - resolution)
      })
      looking = runByNode(Effect.delay(look, resolution))
    }
  }
})

/** Measures until the Scope closes. */
export const layer: Layer.Layer<never> = Layer.effect(EventLoop, make)
