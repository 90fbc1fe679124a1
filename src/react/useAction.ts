/** One action of a mounted component, with what became of it. */
import type * as Rpc from "effect/rpc/Rpc"
import { useState, useSyncExternalStore } from "react"
import type * as Component from "../Component.ts"
import type { LiveError } from "../LiveError.ts"
import { ActionRuns } from "../store/ActionRuns.ts"
import type { LiveComponent, PromiseCall } from "../store/LiveComponent.ts"

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

/** The action of this name. */
export type ActionNamed<C extends Component.Typed, Name> = Extract<Component.Actions<C>, { readonly _tag: Name }>

/**
 * An action with its own `pending`, `error` and `data`, which other actions, and other uses of this one, do not touch. Its error is
 * not that of the component.
 *
 * <!-- snippet: test/examples/SignupForm.tsx#form -->
 */
export const useAction = <C extends Component.Typed, Name extends Component.Actions<C>["_tag"] & string>(
  of: LiveComponent<C>,
  name: Name
): LiveAction<ActionNamed<C, Name>> => {
  const run = of["~run"]
  const [current, setCurrent] = useState(() => new ActionRuns(run, name))
  let runs = current
  if (!runs.is(run, name)) {
    runs = new ActionRuns(run, name)
    setCurrent(runs)
  }
  return useSyncExternalStore(runs.subscribe, runs.snapshot, runs.snapshot) as LiveAction<ActionNamed<C, Name>>
}
