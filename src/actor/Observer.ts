/** What a component attaches to an actor to follow it. An observer does not change what an actor does. */

/** The phases in the life of an actor. */
export type Status = "starting" | "running" | "restarting" | "faulted" | "stopping" | "stopped"

/** An observer of an actor. Calls are synchronous. When `settled` or `suspended` throws, the actor crashes. */
export interface Observer<State> {
  /** The state was replaced: by a handler, or by restoring the last good one. */
  readonly changed: (state: State) => void
  /** A message ended without a crash; its changes are final. */
  readonly settled: () => void
  /** A handler that waits has changed the state. */
  readonly suspended: () => void
  readonly status: (status: Status) => void
}
