// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * Waiting for the code of others. It may never end, and may be uninterruptible, so it runs on a fiber of its own: the
 * caller stops waiting when the limit is over, and leaves the fiber behind. A limit is an effect that completes when
 * the time is over.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Log from "../Log.ts"

/** Whether the fiber ends within the limit. */
export const ended = (fiber: Fiber.Fiber<unknown, unknown>, limit: Effect.Effect<void>): Effect.Effect<boolean> =>
  Effect.suspend(() =>
    fiber.pollUnsafe() === undefined
      ? Effect.raceFirst(Effect.as(Fiber.await(fiber), true), Effect.as(limit, false))
      : Effect.succeed(true)
  )

/** What did not end in time. */
const count = Metric.counter("fibra_actor_left_behind", {
  description: "Handlers, builds, finalizers and children that did not end in time and are not waited for any more",
  incremental: true
})

/** Logs and counts something that did not end in time and is not waited for any more. */
export const leftBehind = (
  what: "build" | "handler" | "finalizer" | "child" | "activation",
  message: string,
  labels: Log.LogDetails
): Effect.Effect<void> =>
  Effect.andThen(Metric.update(Metric.withAttributes(count, { what }), 1), Log.error(message, labels))
