/** A mounted component, as an Effect program uses it: its state, its events and its actions, all typed by the contract. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Rpc from "effect/rpc/Rpc"
import * as Stream from "effect/Stream"
import type * as Component from "../Component.ts"
import type { LiveError } from "../LiveError.ts"
import type * as Presence from "../Presence.ts"
import type { CallOptions } from "./ActionCaller.ts"
import type { ActivationKind } from "./Mounter.ts"
import { changes, nobody } from "./PresenceList.ts"
import type { Replica } from "./Replica.ts"
import type { ComponentSnapshotOf } from "./ComponentSnapshot.ts"

/** The actions of a component as functions; each fails with its own typed error or with a `LiveError`. */
export type Calls<Actions extends Rpc.Any> = {
  readonly [Action in Actions as Action["_tag"]]: (
    ...payload: Arguments<Action>
  ) => Effect.Effect<Rpc.Success<Action>, Rpc.Error<Action> | LiveError>
}

type Arguments<Action extends Rpc.Any> = [Rpc.Payload<Action>] extends [void]
  ? [payload?: undefined, options?: CallOptions]
  : [payload: Rpc.Payload<Action>, options?: CallOptions]

/** A mounted component. */
export interface LiveHandle<C extends Component.Typed> {
  readonly props: Component.Props<C>
  readonly call: Calls<Component.Actions<C>>
  /** The state this client was told last, with what its unanswered calls of optimistic actions are going to make of it. */
  readonly state: Effect.Effect<Component.State<C>>
  /** The state now and after every change; a slow reader gets the latest and misses what lay between. */
  readonly changes: Stream.Stream<Component.State<C>>
  /** The events of one name, from now on; of a reader that is too slow the oldest of 1 000 are dropped, and counted. */
  readonly events: <Name extends keyof Component.EventsOf<C> & string>(
    name: Name
  ) => Stream.Stream<Component.EventsOf<C>[Name]>
  /** How many events were lost because something was too slow: this client, or who reads `events`. */
  readonly eventsDropped: Effect.Effect<number>
  /** Who is there, as this client was told last: in its first room, or, of an instance in none, those who have mounted it. */
  readonly presence: Effect.Effect<ReadonlyArray<Presence.Person<Component.Metadata<C>>>>
  /** The same now and after every change; a slow reader gets the latest and misses what lay between. */
  readonly presenceChanges: Stream.Stream<ReadonlyArray<Presence.Person<Component.Metadata<C>>>>
  /** Who joins, leaves and changes, from now on; nobody is new in the list that is told first. */
  readonly presenceEvents: Stream.Stream<Presence.Change<Component.Metadata<C>>>
  /** How it came to its state: with its session, from its token, or anew; undefined before it was mounted. */
  readonly activation: Effect.Effect<ActivationKind | undefined>
  /** All there is to show, together. */
  readonly view: Effect.Effect<ComponentSnapshotOf<C>>
}

const eventBuffer = 1000

/** The handle of a replica. */
export const make = <C extends Component.Typed>(replica: Replica<C>): LiveHandle<C> => ({
  props: replica.props,
  call: calls(replica),
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

/** A part of the view, now and after every change. */
const latest = <C extends Component.Typed, A>(
  replica: Replica<C>,
  part: (view: ComponentSnapshotOf<C>) => A
): Stream.Stream<A> =>
  Stream.changes(
    Stream.callback<A>(
      (queue) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            Queue.offerUnsafe(queue, part(replica.view))
            return replica.listen(() => Queue.offerUnsafe(queue, part(replica.view)))
          }),
          (stop) => Effect.sync(stop)
        ),
      { bufferSize: 1, strategy: "sliding" }
    )
  )

/** The actions of a replica as functions. */
const calls = <C extends Component.Typed>(replica: Replica<C>): Calls<Component.Actions<C>> =>
  Object.fromEntries(
    [...replica.component.codec.actions.keys()].map((action) => [
      action,
      (payload: unknown, options?: CallOptions) => replica.call(action, payload, options)
    ])
  ) as never
