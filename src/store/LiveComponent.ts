/**
 * A mounted component, as a view uses it. Each value is a snapshot: there is a new one exactly when something
 * changed.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Rpc from "effect/rpc/Rpc"
import type { CallOptions } from "../client/ActionCaller.ts"
import type { CallResult } from "../client/CallResult.ts"
import type * as LiveHandle from "../client/LiveHandle.ts"
import type { ComponentUploads } from "../client/ComponentUploads.ts"
import type { ComponentSnapshot } from "../client/ComponentSnapshot.ts"
import type * as Component from "../Component.ts"
import type { LiveError } from "../LiveError.ts"
import type { Person } from "../Presence.ts"
import type { UploadPolicy } from "../Upload.ts"
import type { ComponentStatus } from "./ComponentStatus.ts"
import type { ReadableStore } from "./ReadableStore.ts"

/**
 * The actions of a component as functions. Each promise resolves to a plain result and never rejects, so it may be ignored.
 * A call fails with the action's own typed error or with a `LiveError`.
 */
export type PromiseCalls<Actions extends Rpc.Any> = {
  readonly [Action in Actions as Action["_tag"]]: PromiseCall<Action>
}

/** One action as a function. */
export type PromiseCall<Action extends Rpc.Any> = (
  ...payload: LiveHandle.CallArguments<Action>
) => Promise<CallResult<Rpc.Success<Action>, Rpc.Error<Action> | LiveError>>

/** Sets a field that the contract lists as `writable`. */
export type SetField<C extends Component.Typed> = <Name extends keyof Component.State<C> & string>(
  field: Name & LiveHandle.WritableField<C, Name>,
  value: Component.State<C>[Name],
  options?: CallOptions
) => Promise<CallResult<void, LiveError>>

/** Calls any action. */
export type RunAction = (
  action: string,
  payload: unknown,
  options: CallOptions | undefined
) => Promise<CallResult<unknown, unknown>>

/** Calls a function after a time, by the clock of the client; the function returned prevents that. */
export type CallAfter = (time: Duration.Input, then: () => void) => () => void

/** Calls the listener with each event of the contract, until the function returned is called. */
export type ListenToEvents = (listener: (name: string, payload: unknown) => void) => () => void

/** The uploads of a component. */
export interface LiveUploads {
  readonly policies: ReadonlyMap<string, UploadPolicy>
  /** Those of the mount, which is waited for. */
  readonly mounted: Effect.Effect<ComponentUploads, LiveError>
}

/** The mount, for what stands beside a component: actions, fields, events and uploads. */
export interface MountAccess extends ReadableStore<{ readonly state: unknown }> {
  readonly component: Component.Any
  /** What tells it apart from others of its component: its key, room, `cacheKey` and `userId`, empty where it has none. */
  readonly place: ReadonlyArray<string>
  readonly run: RunAction
  readonly after: CallAfter
  readonly listen: ListenToEvents
  readonly uploads: LiveUploads
}

/** A mounted component. */
export interface LiveComponent<C extends Component.Typed> {
  /**
   * `initial(props)` until the server's state arrives; later with the expected results of calls of optimistic actions
   * that have no answer yet.
   */
  readonly state: Component.State<C>
  /** False until it is mounted, and while the connection is lost. */
  readonly connected: boolean
  /** How it is, in one word; `LiveStatus` shows it. */
  readonly status: ComponentStatus
  /** Whether `state` is not the server's yet: it is waited for the first time. */
  readonly loading: boolean
  /** Names the instance; undefined before it was mounted. */
  readonly componentId: ComponentSnapshot<unknown>["componentId"]
  /** How it was activated last: with its session, from its token, or anew. Undefined before it was mounted. */
  readonly activation: ComponentSnapshot<unknown>["activation"]
  /**
   * Why it could not be mounted; otherwise the error of the last `call` that ended, if it failed: the action's own or a
   * `LiveError`. What `useAction` runs does not count. It is cleared by the next call that succeeds, and when the component is mounted again.
   */
  readonly error: LiveError | Rpc.Error<Component.Actions<C>> | undefined
  /**
   * The presence list of its first room or, when it is in none, of the clients that have mounted the instance. Empty
   * until it arrives.
   */
  readonly presence: ReadonlyArray<Person<Component.Metadata<C>>>
  /** How many events were lost because this page was too slow. */
  readonly eventsDropped: number
  /** The actions; the same object for as long as the component is mounted. */
  readonly call: PromiseCalls<Component.Actions<C>>
  /** Sets a field that the contract lists as `writable`, as a call does: its result is a plain one, and its error is in `error`. */
  readonly set: SetField<C>
  /** Mounts it, where it is not: with `autoMount: false`, or after `unmount`. */
  readonly mount: () => void
  /** Unmounts it until `mount`: its state stays on the page, and its calls fail with `InstanceStopped`. */
  readonly unmount: () => void
  /** For the other hooks and stores; the same object for as long as the component is mounted. */
  readonly "~mount": MountAccess
}
