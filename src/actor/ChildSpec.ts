/** The children of a supervisor as data, and the decisions about them as pure functions. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { failureOf, isNoInterruption } from "./Activation.ts"
import type * as RestartPolicy from "./RestartPolicy.ts"

/** When a child that has ended is restarted: always, when it failed, or never. */
export type Restart = "permanent" | "transient" | "temporary"

/** Which children are restarted with one that crashed: none, all its siblings, or those started after it. */
export type Strategy = "oneForOne" | "oneForAll" | "restForOne"

/**
 * How fast a child restarts: at once, then after `backoff`, doubling up to `maxBackoff`; from the beginning after
 * `healthyAfter`.
 */
export type Backoff = Pick<RestartPolicy.Options, "backoff" | "maxBackoff" | "healthyAfter">

/** How a child is kept. */
export interface ChildOptions extends Backoff {
  /** `permanent`. */
  readonly restart?: Restart
  /** How long its finalizers may take when it is stopped; then it is left behind: 15 seconds, more than an actor needs by default. */
  readonly shutdown?: Duration.Input
}

/** A child, as data. */
export interface Child<out R = never> {
  readonly id: string
  readonly run: Effect.Effect<unknown, unknown, R>
  readonly restart: Restart
  readonly shutdown: Duration.Duration
  readonly backoff: Backoff
}

/** A child as it is now. */
export interface ChildStatus {
  readonly id: string
  readonly restart: Restart
  readonly status: "running" | "waiting"
  /** How often it was restarted. */
  readonly restarts: number
}

/** A child that runs an effect, each time in a new Scope. It counts as started when the effect first waits. */
export const child = <A, E, R>(
  id: string,
  effect: Effect.Effect<A, E, R>,
  options: ChildOptions = {}
): Child<Exclude<R, Scope.Scope>> => {
  const { restart, shutdown, ...backoff } = options
  return {
    id,
    run: Effect.scoped(effect),
    restart: restart ?? "permanent",
    shutdown: Duration.fromInputUnsafe(shutdown ?? "15 seconds"),
    backoff
  }
}

/** Whether a child that ended in this way is restarted. An interruption is an orderly end. */
export const restarts = (restart: Restart, exit: Exit.Exit<unknown, unknown>): boolean => {
  switch (restart) {
    case "permanent":
      return true
    case "transient":
      return failureOf(exit, isNoInterruption) !== undefined
    case "temporary":
      return false
  }
}

/** The children, in order, that are stopped and restarted with the one at `index`. */
export const affected = <A>(strategy: Strategy, children: ReadonlyArray<A>, index: number): ReadonlyArray<A> => {
  switch (strategy) {
    case "oneForOne":
      return children.slice(index, index + 1)
    case "oneForAll":
      return children
    case "restForOne":
      return children.slice(index)
  }
}
