/**
 * How one wire encodes the events of components and rooms as text. Each event is encoded once for all cursors of a wire
 * that are at the same place.
 */
import type { ComponentId } from "../../LiveId.ts"
import type { InstanceStatus } from "../../LiveProtocol.ts"
import type { Encoded } from "../../StateCodec.ts"
import type { Told } from "./Change.ts"

/** A state as it is now. */
export interface StateVersion {
  readonly id: ComponentId
  /** Undefined for a private instance. */
  readonly key: string | undefined
  readonly encoded: Encoded
  readonly epoch: number
  readonly revision: number
}

/** A state that was sent before. */
export interface BaseState {
  /** Undefined when it is not known any more. */
  readonly state: Encoded | undefined
  readonly revision: number
}

/** The place of an event: a room, or a single instance. */
export interface EventScope {
  /** Undefined for a single instance. */
  readonly name: string | undefined
  /** The name of the room or the id of the instance, as a field of JSON. */
  readonly at: string
}

/** An event that was broadcast. */
export interface Event {
  readonly index: number
  readonly name: string
  /** JSON. */
  readonly payload: string
  /** Milliseconds since the epoch. */
  readonly time: number
}

/** The encoder of one wire. Each text is one JSON object. */
export interface WireEncoder {
  /** How all changes of a state begin. */
  readonly headOf: (told: StateVersion) => string
  /** One change, which led to this state. */
  readonly changed: (head: string, told: StateVersion, change: Told, by: string | undefined) => string
  /** All changes since `seen`; the whole state when that is undefined. */
  readonly merged: (told: StateVersion, seen: BaseState | undefined, by: ReadonlyArray<string>) => string
  readonly status: (told: StateVersion, status: InstanceStatus) => string
  /** Whether both of these are always the whole state. */
  readonly tellsWhole: boolean
  /** A token of the state. */
  readonly sealed: (told: StateVersion, token: string) => string
  /** Whether a token comes with its state, so that the last change is not sent besides. */
  readonly sealsState: boolean
  /** Whether clients acknowledge what they have processed. On other wires only their sockets answer, to a ping. */
  readonly isAcknowledged: boolean
  /** Whether an event is sent to each component that it is for, and not once to the client. */
  readonly addressesComponents: boolean
  /** An event. On wires that address each component, it follows the text of `prefixFor`. */
  readonly event: (scope: EventScope, event: Event) => string
  readonly prefixFor: (componentId: string) => string
  /** The number of events, up to this one, that were lost. */
  readonly dropped: (scope: EventScope, index: number, count: number) => string
  /**
   * A component is in a room from this event on, or was up to it; undefined on wires that do not send that. Of the
   * rooms of a component, the one it joined first comes first in `order`.
   */
  readonly joined: ((componentId: string, scope: EventScope, index: number, order: number) => string) | undefined
  readonly left: ((componentId: string, scope: EventScope, index: number) => string) | undefined
  /** Whether presence lists are sent. */
  readonly hasPresence: boolean
}
