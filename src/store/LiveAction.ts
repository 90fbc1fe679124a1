/** One action of a mounted component, with what became of it. */
import type * as Rpc from "effect/rpc/Rpc"
import type * as Component from "../Component.ts"
import type { LiveError } from "../LiveError.ts"
import type { PromiseCall } from "./LiveComponent.ts"
import type { ReadableStore } from "./ReadableStore.ts"

/** One action of a mounted component. It is a new value exactly when something changed. */
export interface LiveAction<Action extends Rpc.Any> {
  /** Calls the action, as `call` does; the same function for as long as the component is mounted. */
  readonly run: PromiseCall<Action>
  /** Whether a run has no answer yet. */
  readonly pending: boolean
  /** The error of the last run, if it failed; cleared when another begins. */
  readonly error: Rpc.Error<Action> | LiveError | undefined
  /** What the last run that succeeded has returned. */
  readonly data: Rpc.Success<Action> | undefined
  /** Clears `error` and `data`, and forgets runs that have no answer yet: they go on, and are not shown. */
  readonly reset: () => void
}

/** One action, as a store. Its `run` and `reset` are those of each snapshot. */
export interface ActionStore<Action extends Rpc.Any>
  extends ReadableStore<LiveAction<Action>>, Pick<LiveAction<Action>, "run" | "reset"> {}

/** The action of this name. */
export type ActionNamed<C extends Component.Typed, Name> = Extract<Component.Actions<C>, { readonly _tag: Name }>
