/** What one actor is made of, as its engine needs it. What a user of the runtime gives is a `Behavior`. */
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Log from "../Log.ts"
import type { Handlers } from "./Activation.ts"
import type { Overflow } from "./Mailbox.ts"
import type { Observer } from "./Observer.ts"
import type * as RestartPolicy from "./RestartPolicy.ts"

/** What one actor is made of. */
export interface Options<State> {
  readonly address: string
  readonly initial: () => State
  readonly build: Effect.Effect<Handlers, unknown, unknown>
  readonly context: Context.Context<never>
  /** What an activation runs in, asked for once for each; by default `context`. */
  readonly activationContext?: Context.Context<never>
  readonly capacity: number
  readonly overflow: Overflow
  readonly restart: RestartPolicy.RestartPolicy
  /** How long one handler may run; then it is interrupted. */
  readonly handlerTimeout: Duration.Duration
  /** How long one build may run; then it has failed. */
  readonly buildTimeout: Duration.Duration
  /** How long what is interrupted or released may take to end; then it is left behind. */
  readonly shutdown: Duration.Duration
  /** Completes when nothing is waited for any more, because the program ends. */
  readonly over?: Effect.Effect<void> | undefined
  readonly observer: Observer<State> | undefined
  /** What the log calls it; by default by its address. */
  readonly labels?: Log.LogDetails | undefined
  /** What is done with what a handler answers, as a part of handling the message; by default nothing. */
  readonly finish?: (
    tag: string,
    answer: Effect.Effect<unknown, unknown, unknown>
  ) => Effect.Effect<unknown, unknown, unknown>
}

/** The defaults of the limits on what others wrote. */
export const limits = {
  handlerTimeout: Duration.minutes(5),
  buildTimeout: Duration.seconds(30),
  shutdown: Duration.seconds(5)
}
