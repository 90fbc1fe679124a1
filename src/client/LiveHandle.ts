/** A mounted component, as an Effect program uses it: its state, its events and its actions, all typed by the contract. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Rpc from "effect/rpc/Rpc"
import * as Stream from "effect/Stream"
import type * as Component from "../Component.ts"
import type { LiveError } from "../LiveError.ts"
import * as Presence from "../Presence.ts"
import type { Person } from "../Presence.ts"
import type { CallOptions } from "./Calls.ts"
import type { Activation } from "./Ladder.ts"
import type { Replica, View } from "./Replica.ts"

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
  /** The state this client was told last. */
  readonly state: Effect.Effect<Component.State<C>>
  /** The state now and after every change; a slow reader gets the latest and misses what lay between. */
  readonly changes: Stream.Stream<Component.State<C>>
  /** The events of one name, from now on; of a reader that is too slow the oldest of 1 000 are dropped. */
  readonly events: <Name extends keyof Component.EventsOf<C> & string>(
    name: Name
  ) => Stream.Stream<Component.EventsOf<C>[Name]>
  /** How it came to its state: with its session, from its token, or anew; undefined before it was mounted. */
  readonly activation: Effect.Effect<Activation | undefined>
  /** State, connection, status, rooms and presence together. */
  readonly view: Effect.Effect<View<Component.State<C>, Component.Metadata<C>>>
  /** Who is there: in its first room, or, of an instance in none, those who have mounted it. */
  readonly presence: Effect.Effect<ReadonlyArray<Person<Component.Metadata<C>>>>
  /** The same now and after every change; a slow reader gets the latest and misses what lay between. */
  readonly presenceChanges: Stream.Stream<ReadonlyArray<Person<Component.Metadata<C>>>>
  /** Who joins, leaves and changes, from those on who are there now. */
  readonly presenceEvents: Stream.Stream<Presence.Change<Component.Metadata<C>>>
  /** How many events were lost, on the way or in a stream of `events`, because they were not read in time. */
  readonly eventsDropped: Effect.Effect<number>
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
              if (Queue.sizeUnsafe(queue) >= eventBuffer) replica.dropped(1)
              Queue.offerUnsafe(queue, payload as never)
            })
          ),
          (stop) => Effect.sync(stop)
        ),
      { bufferSize: eventBuffer, strategy: "sliding" }
    ),
  activation: Effect.sync(() => replica.view.activation),
  view: Effect.sync(() => replica.view),
  presence: Effect.sync(() => replica.view.presence),
  presenceChanges: latest(replica, ({ presence }) => presence),
  presenceEvents: latest(replica, ({ presence }) => presence).pipe(
    Stream.zipWithPrevious,
    Stream.flatMap(([before, after]) =>
      Option.isNone(before) ? Stream.empty : Stream.fromIterable(Presence.changes(before.value, after))
    )
  ),
  eventsDropped: Effect.sync(() => replica.view.eventsDropped)
})

/** A part of what there is to show, now and after every change. */
const latest = <C extends Component.Typed, A>(
  replica: Replica<C>,
  part: (view: View<Component.State<C>, Component.Metadata<C>>) => A
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
