/** One action of a mounted component, with what became of it. */
import { useState, useSyncExternalStore } from "react"
import type * as Component from "../Component.ts"
import { ActionRuns } from "../store/ActionRuns.ts"
import type { ActionNamed, LiveAction } from "../store/LiveAction.ts"
import type { LiveComponent } from "../store/LiveComponent.ts"

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
  const run = of["~mount"].run
  const [current, setCurrent] = useState(() => new ActionRuns(run, name))
  let runs = current
  if (!runs.is(run, name)) {
    runs = new ActionRuns(run, name)
    setCurrent(runs)
  }
  return useSyncExternalStore(runs.subscribe, runs.getSnapshot, runs.getSnapshot) as LiveAction<ActionNamed<C, Name>>
}
