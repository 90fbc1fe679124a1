/** What the engine of an actor needs. Users of the runtime write a `Behavior`. */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Log from "../Log.ts"
import type { Handlers } from "./Activation.ts"
import type { Overflow } from "./Mailbox.ts"
import type { Message } from "./Message.ts"
import type { MessageObserver, Observer } from "./Observer.ts"
import type * as RestartPolicy from "./RestartPolicy.ts"

/** What the engine of an actor needs. */
export interface Options<State> {
  readonly address: string
  readonly initial: () => State
  readonly build: Effect.Effect<Handlers, unknown, unknown>
  readonly context: Context.Context<never>
  /** The services of an activation, read twice for each; by default `context`. */
  readonly activationContext?: Context.Context<never>
  readonly capacity: number
  readonly overflow: Overflow
  readonly restart: RestartPolicy.RestartPolicy
  /** How long one handler may run before it is interrupted. */
  readonly handlerTimeout: Duration.Duration
  /** How long one build may run before it counts as failed. */
  readonly buildTimeout: Duration.Duration
  /** How long something may take to end once it was interrupted; then it is left behind. */
  readonly shutdown: Duration.Duration
  /** Completes when the program ends and nothing is waited for any more. */
  readonly over?: Effect.Effect<void> | undefined
  readonly observer: Observer<State> | undefined
  /** Read for each message; undefined while nobody follows them. */
  readonly recorder?: MessageObserver | undefined
  /** The last good state as it was, where something in it may have been changed in place; the same by default. Does not throw. */
  readonly restore?: (lastGood: State) => State
  /** The labels of its log entries; by default its address. */
  readonly labels?: Log.LogDetails | undefined
  /** What the log says of a crash, besides these labels, its message and its cause. */
  readonly crashDetails?: (message: Message | undefined, cause: Cause.Cause<unknown>) => Log.LogDetails
  /** Transforms the effect of a handler, as part of handling the message. */
  readonly finish?: (
    tag: string,
    answer: Effect.Effect<unknown, unknown, unknown>
  ) => Effect.Effect<unknown, unknown, unknown>
  /** Gives what a handler has ended with another form, as part of handling the message: to throw is to crash. */
  readonly encode?: (tag: string, exit: Exit.Exit<unknown, unknown>) => Exit.Exit<unknown, unknown>
}

/** The default limits. */
export const limits = {
  handlerTimeout: Duration.minutes(5),
  buildTimeout: Duration.seconds(30),
  shutdown: Duration.seconds(5)
}
