/** A mounted component, as an Effect program uses it: its state, its events and its actions, all typed by the contract. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Rpc from "effect/rpc/Rpc"
import * as Stream from "effect/Stream"
import type * as Component from "../Component.ts"
import { tagOf } from "../FieldTag.ts"
import * as LatestStream from "../LatestStream.ts"
import type { LiveError } from "../LiveError.ts"
import type * as Presence from "../Presence.ts"
import type { CallOptions } from "./ActionCaller.ts"
import type { ActivationKind } from "./Mounter.ts"
import * as FileUpload from "./FileUpload.ts"
import { changes, nobody } from "./PresenceList.ts"
import type { Replica } from "./Replica.ts"
import type { ComponentSnapshotOf } from "./ComponentSnapshot.ts"
import type { UploadOptions, UploadSource } from "./UploadSource.ts"
import * as UploadStarter from "./UploadStarter.ts"

/** The actions of a component as functions; each fails with its own typed error or with a `LiveError`. */
export type Calls<Actions extends Rpc.Any> = {
  readonly [Action in Actions as Action["_tag"]]: (
    ...payload: CallArguments<Action>
  ) => Effect.Effect<Rpc.Success<Action>, Rpc.Error<Action> | LiveError>
}

/** The arguments of a call: its payload, which may be left out when the action has none, and its options. */
export type CallArguments<Action extends Rpc.Any> = [Rpc.Payload<Action>] extends [void]
  ? [payload?: undefined, options?: CallOptions]
  : [payload: Rpc.Payload<Action>, options?: CallOptions]

/** Stands in a type error for a field that the contract does not list as writable. */
export interface NotWritable<Name> {
  readonly "~notWritable": Name
}

/** Whether a field may be set without an action. */
export type WritableField<C extends Component.Typed, Name> =
  Name extends Component.Writable<C> ? unknown : NotWritable<Name>

/** A mounted component. */
export interface LiveHandle<C extends Component.Typed> {
  readonly props: Component.Props<C>
  readonly call: Calls<Component.Actions<C>>
  /** Sets a field that the contract lists as `writable`, once, as a call of an action. Fails with a `LiveError`. */
  readonly set: <Name extends keyof Component.State<C> & string>(
    field: Name & WritableField<C, Name>,
    value: Component.State<C>[Name],
    options?: CallOptions
  ) => Effect.Effect<void, LiveError>
  /**
   * Begins to upload a file. Fails at once with `UploadRejected` when the contract does not take it. Files beyond
   * `maxFiles` of its policy wait for their turn. It goes on after a lost connection, and ends with the mount.
   */
  readonly upload: <Name extends keyof Component.Uploads<C> & string>(
    name: Name,
    file: UploadSource,
    options?: UploadOptions
  ) => Effect.Effect<FileUpload.FileUpload, LiveError>
  /** The last state of the server, with the expected results of calls of optimistic actions that have no answer yet. */
  readonly state: Effect.Effect<Component.State<C>>
  /** The state now and after every change. A slow consumer gets the latest state and misses those in between. */
  readonly changes: Stream.Stream<Component.State<C>>
  /**
   * The events of one name, from now on. When the consumer is more than 1 000 behind, the oldest are dropped and
   * counted.
   */
  readonly events: <Name extends keyof Component.EventsOf<C> & string>(
    name: Name
  ) => Stream.Stream<Component.EventsOf<C>[Name]>
  /** How many events were lost because this client, or a consumer of `events`, was too slow. */
  readonly eventsDropped: Effect.Effect<number>
  /**
   * The presence list of the component's first room or, when it is in none, of the clients that have mounted the
   * instance.
   */
  readonly presence: Effect.Effect<ReadonlyArray<Presence.Person<Component.Metadata<C>>>>
  /** The same now and after every change. A slow consumer gets the latest list and misses those in between. */
  readonly presenceChanges: Stream.Stream<ReadonlyArray<Presence.Person<Component.Metadata<C>>>>
  /** Who joins, leaves and changes, from now on. People in the first list do not count as joining. */
  readonly presenceEvents: Stream.Stream<Presence.Change<Component.Metadata<C>>>
  /** How it was activated last: with its session, from its token, or anew. Undefined before it was mounted. */
  readonly activation: Effect.Effect<ActivationKind | undefined>
  /** All of the above in one value. */
  readonly view: Effect.Effect<ComponentSnapshotOf<C>>
}

const eventBuffer = 1000

/** The handle of a replica. */
export const make = <C extends Component.Typed>(replica: Replica<C>): LiveHandle<C> => ({
  props: replica.props,
  call: calls(replica),
  set: (field, value, options) => replica.call(tagOf(field), value, options) as Effect.Effect<void, LiveError>,
  upload: (name, file, options) =>
    Effect.map(UploadStarter.begin(replica.uploads, name, file, options), FileUpload.make),
  state: Effect.sync(() => replica.view.state),
  changes: latest(replica, ({ state }) => state),
  events: (name) =>
    Stream.callback(
      (queue) =>
        Effect.acquireRelease(
          Effect.sync(() =>
            replica.listenToEvents((event, payload) => {
              if (event !== name) return
              if (Queue.isFullUnsafe(queue)) replica.dropped(1)
              Queue.offerUnsafe(queue, payload as never)
            })
          ),
          (stop) => Effect.sync(stop)
        ),
      { bufferSize: eventBuffer, strategy: "sliding" }
    ),
  eventsDropped: Effect.sync(() => replica.view.eventsDropped),
  presence: Effect.sync(() => replica.view.presence),
  presenceChanges: latest(replica, ({ presence }) => presence),
  presenceEvents: Stream.mapAccum(
    latest(replica, ({ presence }) => presence),
    (): ComponentSnapshotOf<C>["presence"] => nobody,
    (before, after) => [after, changes(before, after)]
  ),
  activation: Effect.sync(() => replica.view.activation),
  view: Effect.sync(() => replica.view)
})

/** A part of the snapshot, now and after every change. */
const latest = <C extends Component.Typed, A>(
  replica: Replica<C>,
  part: (view: ComponentSnapshotOf<C>) => A
): Stream.Stream<A> =>
  Stream.changes(
    LatestStream.make<A>((tell) => {
      tell(part(replica.view))
      return replica.listen(() => tell(part(replica.view)))
    })
  )

/** The actions of a replica as functions. */
const calls = <C extends Component.Typed>(replica: Replica<C>): Calls<Component.Actions<C>> =>
  Object.fromEntries(
    [...replica.component.codec.actions.keys()].map((action) => [
      action,
      (payload: unknown, options?: CallOptions) => replica.call(action, payload, options)
    ])
  ) as never
