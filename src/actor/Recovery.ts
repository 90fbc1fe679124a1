// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * Restarts one actor after a crash: waits as long as the restart policy says, activates, and repeats that when it
 * fails. A recovery holds a fiber only while it works; an actor that has never crashed has none. `RestartPolicy`
 * decides, and the actor carries out the steps.
 */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Monotonic from "./Monotonic.ts"
import * as RestartPolicy from "./RestartPolicy.ts"

/** The steps of a recovery, carried out by the actor. */
export interface Steps {
  /** Whether the actor is still to be restarted. */
  readonly wanted: () => boolean
  readonly activate: Effect.Effect<void, unknown>
  /** Releases what a failed activation left behind. */
  readonly release: (cause: Cause.Cause<unknown>) => Effect.Effect<void>
  /** There were too many crashes; the next probe is at `retryAt`. */
  readonly faulted: () => void
  /** A probe begins. */
  readonly probed: () => void
  /** There were too many crashes, and the policy is to stop. */
  readonly giveUp: (cause: Cause.Cause<unknown>) => Effect.Effect<void>
}

/** The recovery of one actor. */
export class Recovery {
  readonly #policy: RestartPolicy.RestartPolicy
  readonly #steps: Steps
  #history = RestartPolicy.healthy
  #fiber: Fiber.Fiber<unknown, unknown> | undefined
  /** When a faulted actor is probed, by `Monotonic`. */
  retryAt = 0

  constructor(policy: RestartPolicy.RestartPolicy, steps: Steps) {
    this.#policy = policy
    this.#steps = steps
  }

  /** Runs an effect on the fiber of the recovery. */
  run(context: Context.Context<never>, effect: Effect.Effect<unknown>): void {
    this.#fiber = Effect.runForkWith(context)(effect)
  }

  /** Restarts the actor. `runningSince` is undefined if its build had not finished. */
  recover(cause: Cause.Cause<unknown>, runningSince: number | undefined): Effect.Effect<void> {
    return Effect.flatMap(Monotonic.millis, (now) => {
      if (!this.#steps.wanted()) return Effect.void
      const decision = RestartPolicy.decide(this.#policy, this.#history, { now, runningSince })
      if (decision._tag === "Stop") return this.#steps.giveUp(cause)
      this.#history = decision.history
      if (decision._tag === "Restart") return Effect.andThen(sleepWithJitter(decision.delay), this.#activate())
      this.retryAt = now + decision.delay
      this.#steps.faulted()
      return Effect.andThen(Effect.sleep(decision.delay), this.#probe())
    })
  }

  /** Restarts the actor after `before`, in place of what the recovery does now; what has crashed is not forgotten. */
  begin(context: Context.Context<never>, before: Effect.Effect<void>): void {
    const previous = this.#fiber
    const ended = previous === undefined ? Effect.void : Fiber.interrupt(previous)
    this.run(context, ended.pipe(Effect.andThen(before), Effect.andThen(this.#probe())))
  }

  /** Interrupts the recovery and waits for what it releases, unless the recovery itself calls this. */
  end(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const fiber = this.#fiber
      return fiber === undefined || fiber === Fiber.getCurrent() ? Effect.void : Fiber.interrupt(fiber)
    })
  }

  #probe(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!this.#steps.wanted()) return Effect.void
      this.#steps.probed()
      return this.#activate()
    })
  }

  #activate(): Effect.Effect<void> {
    return Effect.catchCause(this.#steps.activate, (cause) =>
      Effect.andThen(this.#steps.release(cause), this.recover(cause, undefined))
    )
  }
}

/**
 * Sleeps for at least half of the time and at most all of it, so that actors that crashed together do not restart
 * together.
 */
export const sleepWithJitter = (millis: number): Effect.Effect<void> =>
  millis === 0 ? Effect.void : Effect.flatMap(Random.nextBetween(millis / 2, millis), Effect.sleep)
