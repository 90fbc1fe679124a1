/** What there is to show of a component: a new value exactly when something changed. */
import type * as Component from "../Component.ts"
import type { LiveError } from "../LiveError.ts"
import type { InstanceStatus } from "../LiveProtocol.ts"
import type { Person } from "../Presence.ts"
import type { ActivationKind } from "./Mounter.ts"
import { nobody } from "./PresenceList.ts"

/** What there is to show of a component. */
export interface ComponentSnapshot<State, Metadata = unknown> {
  /** The state the server told last, with what unanswered calls of optimistic actions are going to make of it. */
  readonly state: State
  /** False until it is mounted, and while the connection is lost. */
  readonly connected: boolean
  /** `outdated`: the server has a later version of the contract than this client. */
  readonly status: InstanceStatus | "mounting" | "outdated"
  /** Why it could not be mounted; it is tried again with the next connection. */
  readonly error: LiveError | undefined
  /** How it came to its state; undefined before it was mounted. */
  readonly activation: ActivationKind | undefined
  /** Who is there, as it was told last; nobody until it is. */
  readonly presence: ReadonlyArray<Person<Metadata>>
  /** Events that were said to it and that it will never hear, because something was too slow. */
  readonly eventsDropped: number
  /** The rooms it is in, in the order it joined them. */
  readonly rooms: ReadonlyArray<string>
}

/** What there is to show of this component. */
export type ComponentSnapshotOf<C extends Component.Typed> = ComponentSnapshot<
  Component.State<C>,
  Component.Metadata<C>
>

/** What there is to show before anything is known. */
export const initial = <C extends Component.Typed>(component: C, props: unknown): ComponentSnapshotOf<C> => ({
  state: component.codec.initial(props) as Component.State<C>,
  connected: false,
  status: "mounting",
  error: undefined,
  activation: undefined,
  presence: nobody,
  eventsDropped: 0,
  rooms: []
})
