/**
 * How long the event loop stood still. While it does, everything looks ill, and nothing is. Node measures this without
 * any work of ours; where nobody provides a measurement, as in virtual time, it never stands still.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
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

/** Measures until the Scope closes. */
export const layer: Layer.Layer<never> = Layer.effect(
  EventLoop,
  Effect.acquireRelease(
    Effect.sync(() => {
      const histogram = monitorEventLoopDelay({ resolution })
      histogram.enable()
      return histogram
    }),
    (histogram) => Effect.sync(() => histogram.disable())
  ).pipe(
    Effect.map((histogram) => ({
      longest: () => Math.max(0, histogram.max / 1e6 - resolution),
      reset: () => histogram.reset()
    }))
  )
)
