/** What a component hangs on to an actor, to see what becomes of it; to the actor it makes no difference. */

/** Where an actor is in its life. */
export type Status = "starting" | "running" | "restarting" | "faulted" | "stopping" | "stopped"

/** Whoever wants to see it. Calls are synchronous; `settled` and `suspended` crash the actor by throwing. */
export interface Observer<State> {
  /** The state was replaced, by a handler or by going back to the last good one. */
  readonly changed: (state: State) => void
  /** A message ended without a crash; what it changed is good. */
  readonly settled: () => void
  /** A handler that goes on has changed the state. */
  readonly suspended: () => void
  readonly status: (status: Status) => void
}
