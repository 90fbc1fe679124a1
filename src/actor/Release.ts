// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * Ends an activation: interrupts what still runs, and releases what was acquired. All of that is code of others, so it
 * is waited for only within a limit. What has not ended then is left behind, logged and counted.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import type * as Log from "../Log.ts"
import type { Activation } from "./Activation.ts"
import type { Options } from "./CellOptions.ts"
import * as Limit from "./Limit.ts"

/** What has to end. */
export interface Leaving {
  readonly activation: Activation
  /** The handler or the build, if it still runs. */
  readonly running: Fiber.Fiber<unknown, unknown> | undefined
  readonly exit: Exit.Exit<unknown, unknown>
}

/** The actor, and its limit. */
type Left = Pick<Options<never>, "address" | "labels" | "over" | "shutdown">

/** The labels of an actor in the log. */
export const labelsOf = ({ address, labels }: Pick<Left, "address" | "labels">): Log.LogDetails =>
  labels ?? { actor: address }

/** Ends an activation. Every finalizer starts, even when an earlier one does not end. */
export const release = (actor: Left, { activation, exit, running }: Leaving): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (running === undefined && activation.isEmpty) return activation.close(exit)
    const labels = labelsOf(actor)
    const over = Latch.makeUnsafe(false)
    const closer = Fiber.getCurrent()
    const work = Effect.suspend(() => {
      running?.interruptUnsafe()
      const ended = running === undefined ? Effect.void : Limit.ended(running, over.await)
      return Effect.andThen(
        ended,
        Effect.suspend(() => activation.close(exit, { over, closer, labels }))
      )
    })
    const fiber = Effect.runForkWith(activation.context)(work, { uninterruptible: true })
    const limit = Effect.sleep(actor.shutdown)
    const patience = actor.over === undefined ? limit : Effect.raceFirst(limit, actor.over)
    return Effect.flatMap(Limit.ended(fiber, patience), (inTime) => {
      if (inTime) return Effect.void
      const stillRuns = running !== undefined && running.pollUnsafe() === undefined
      const what = stillRuns ? (activation.handlers === undefined ? "build" : "handler") : "finalizer"
      over.openUnsafe()
      return Limit.leftBehind(what, `${subjects[what]} did not end within "shutdown" and is left behind`, labels)
    })
  })

const subjects = {
  build: "A build that was interrupted",
  handler: "A handler that was interrupted",
  finalizer: "A finalizer or a background fiber of an actor"
}
