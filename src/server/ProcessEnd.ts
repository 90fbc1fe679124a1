/** What is known of the end of a process, for the one that has to be there in time: `LiveServer.runMain`. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as LiveConfig from "./LiveConfig.ts"

/** How long the live servers of a process may take to end, and whether they have. */
export class ProcessEnd {
  #drainTimeout: Duration.Duration | undefined
  #running = 0
  /** What their log is written with. */
  context: Context.Context<never> = Context.empty()

  /** The longest time of those that were started; by default that of `LiveConfig`. */
  get drainTimeout(): Duration.Duration {
    return this.#drainTimeout ?? LiveConfig.defaults.drainTimeout
  }

  /** Whether a live server has not ended. */
  get isServing(): boolean {
    return this.#running > 0
  }

  started(drainTimeout: Duration.Duration, context: Context.Context<never>): void {
    this.#drainTimeout = Duration.max(this.#drainTimeout ?? Duration.zero, drainTimeout)
    this.#running++
    this.context = context
  }

  ended(): void {
    this.#running--
  }
}

/** The process that a server runs in, if it was started by `LiveServer.runMain`. */
const Current = Context.Reference<ProcessEnd | undefined>("fibra/server/ProcessEnd", { defaultValue: () => undefined })

/** Runs an effect in a process that ends like this. */
export const provide = <A, E, R>(effect: Effect.Effect<A, E, R>, end: ProcessEnd): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, Current, end)

/** Notes that a live server was started, until its Scope has closed. */
export const register = (drainTimeout: Duration.Duration) =>
  Effect.flatMap(Current, (end) =>
    end === undefined
      ? Effect.void
      : Effect.contextWith((context: Context.Context<never>) =>
          Effect.acquireRelease(
            Effect.sync(() => end.started(drainTimeout, context)),
            () => Effect.sync(() => end.ended())
          )
        )
  )
