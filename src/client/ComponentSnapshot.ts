/** Everything that can be shown of a component. It is a new value exactly when something changed. */
import type * as Component from "../Component.ts"
import type { LiveError } from "../LiveError.ts"
import type { ComponentId } from "../LiveId.ts"
import type { InstanceStatus } from "../LiveProtocol.ts"
import type { Person } from "../Presence.ts"
import type { ActivationKind } from "./Mounter.ts"
import { nobody } from "./PresenceList.ts"

/** Everything that can be shown of a component. */
export interface ComponentSnapshot<State, Metadata = unknown> {
  /** The last state of the server, with the expected results of calls of optimistic actions that have no answer yet. */
  readonly state: State
  /** False until it is mounted, and while the connection is lost. */
  readonly connected: boolean
  /** `outdated`: the server has a later version of the contract than this client. */
  readonly status: InstanceStatus | "mounting" | "outdated"
  /** Why it could not be mounted. It is tried again with the next connection. */
  readonly error: LiveError | undefined
  /** How it was activated last; undefined before it was mounted. */
  readonly activation: ActivationKind | undefined
  /** Names the instance; undefined before it was mounted. It changes when it is mounted anew. */
  readonly componentId: ComponentId | undefined
  /** The presence list; empty until it has arrived. */
  readonly presence: ReadonlyArray<Person<Metadata>>
  /** How many events were lost because a client or a consumer was too slow. */
  readonly eventsDropped: number
  /** The rooms it is in, in the order it joined them. */
  readonly rooms: ReadonlyArray<string>
}

/** The snapshot of a component with these types. */
export type ComponentSnapshotOf<C extends Component.Typed> = ComponentSnapshot<
  Component.State<C>,
  Component.Metadata<C>
>

/** The snapshot before anything has arrived. */
export const initial = <C extends Component.Typed>(component: C, props: unknown): ComponentSnapshotOf<C> => ({
  state: component.codec.initial(props) as Component.State<C>,
  connected: false,
  status: "mounting",
  error: undefined,
  activation: undefined,
  componentId: undefined,
  presence: nobody,
  eventsDropped: 0,
  rooms: []
})
