/** A mounted component, as an Effect program uses it: its state, its events and its actions, all typed by the contract. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Rpc from "effect/rpc/Rpc"
import * as Stream from "effect/Stream"
import type * as Component from "../Component.ts"
import type { LiveError } from "../LiveError.ts"
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
  /** State, connection and status together. */
  readonly view: Effect.Effect<View<Component.State<C>>>
}

const eventBuffer = 1000

/** The handle of a replica. */
export const make = <C extends Component.Typed>(replica: Replica<C>): LiveHandle<C> => ({
  props: replica.props,
  call: calls(replica),
  state: Effect.sync(() => replica.view.state),
  changes: Stream.changes(
    Stream.callback<Component.State<C>>(
      (queue) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            Queue.offerUnsafe(queue, replica.view.state)
            return replica.listen(() => Queue.offerUnsafe(queue, replica.view.state))
          }),
          (stop) => Effect.sync(stop)
        ),
      { bufferSize: 1, strategy: "sliding" }
    )
  ),
  events: (name) =>
    Stream.callback(
      (queue) =>
        Effect.acquireRelease(
          Effect.sync(() =>
            replica.listenToEvents((event, payload) => {
              if (event === name) Queue.offerUnsafe(queue, payload as never)
            })
          ),
          (stop) => Effect.sync(stop)
        ),
      { bufferSize: eventBuffer, strategy: "sliding" }
    ),
  activation: Effect.sync(() => replica.view.activation),
  view: Effect.sync(() => replica.view)
})

/** The actions of a replica as functions. */
const calls = <C extends Component.Typed>(replica: Replica<C>): Calls<Component.Actions<C>> =>
  Object.fromEntries(
    [...replica.component.codec.actions.keys()].map((action) => [
      action,
      (payload: unknown, options?: CallOptions) => replica.call(action, payload, options)
    ])
  ) as never
