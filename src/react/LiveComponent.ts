/** A mounted component, as a React view uses it. Each is a snapshot: a new value exactly when something changed. */
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Rpc from "effect/rpc/Rpc"
import type * as LiveHandle from "../client/LiveHandle.ts"
import type { ComponentSnapshot } from "../client/ComponentSnapshot.ts"
import type * as Component from "../Component.ts"
import type { LiveError } from "../LiveError.ts"
import type { Person } from "../Presence.ts"

/**
 * The actions of a component as functions. Each promise is of an `Exit` and never rejects, so it may be ignored or awaited; the
 * exit fails with the action's own typed error or with a `LiveError`.
 */
export type PromiseCalls<Actions extends Rpc.Any> = {
  readonly [Action in keyof LiveHandle.Calls<Actions>]: LiveHandle.Calls<Actions>[Action] extends (
    ...payload: infer Payload
  ) => Effect.Effect<infer Success, infer Error>
    ? (...payload: Payload) => Promise<Exit.Exit<Success, Error>>
    : never
}

/** Calls the listener with each event of the contract, until the function returned is called. */
export type ListenToEvents = (listener: (name: string, payload: unknown) => void) => () => void

/** A mounted component. */
export interface LiveComponent<C extends Component.Typed> {
  /** `initial(props)` until the server's state arrives; with what unanswered calls of optimistic actions are going to make of it. */
  readonly state: Component.State<C>
  /** False until it is mounted, and while the connection is lost. */
  readonly connected: boolean
  /**
   * Where the instance is in its life; `mounting` before that began, `refused` when the server does not mount it, `outdated` when
   * the server has a later version of the contract than this page.
   */
  readonly status: ComponentSnapshot<unknown>["status"] | "refused"
  /** How it came to its state: with its session, from its token, or anew; undefined before it was mounted. */
  readonly activation: ComponentSnapshot<unknown>["activation"]
  /**
   * Why it could not be mounted; else the error of the call that ended last, if it failed: the action's own or a `LiveError`.
   * It goes away with the next call that succeeds, and when the component is mounted after a lost connection.
   */
  readonly error: LiveError | Rpc.Error<Component.Actions<C>> | undefined
  /** Who is there: in its first room, or, of an instance in none, those who have mounted it. Nobody until that is known. */
  readonly presence: ReadonlyArray<Person<Component.Metadata<C>>>
  /** Events that were lost because this page read too slowly. */
  readonly eventsDropped: number
  /** The actions; the same object for as long as this is mounted. */
  readonly call: PromiseCalls<Component.Actions<C>>
  /** What `useEvent` calls; the same function for as long as this is mounted. */
  readonly "~listen": ListenToEvents
}
