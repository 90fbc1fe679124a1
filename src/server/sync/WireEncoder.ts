/**
 * The words of one wire for what there is to tell of components and rooms. What is said is put into words once for all readers of a
 * wire that are at the same place; who reads, and over what, is not known here.
 */
import type { ComponentId } from "../../LiveId.ts"
import type { InstanceStatus } from "../../LiveProtocol.ts"
import type * as Patch from "../../Patch.ts"
import type { Encoded } from "../../StateCodec.ts"

/** The state that is told of, as it is now. */
export interface StateVersion {
  readonly id: ComponentId
  /** Undefined for what is private to those who have mounted it. */
  readonly key: string | undefined
  readonly encoded: Encoded
  readonly epoch: number
  readonly revision: number
}

/** A state that was told before. */
export interface BaseState {
  readonly state: Encoded
  readonly revision: number
}

/** Where events are said. */
export interface EventScope {
  /** Undefined for the place of a single instance. */
  readonly name: string | undefined
  /** The name, or the id of that instance, as a field of JSON. */
  readonly at: string
}

/** An event that was said. */
export interface Event {
  readonly index: number
  readonly name: string
  /** JSON. */
  readonly payload: string
  /** Milliseconds since the epoch. */
  readonly time: number
}

/** The words of one wire; each text is one JSON object. */
export interface WireEncoder {
  /** One change, which has led to the state. */
  readonly changed: (told: StateVersion, patch: Patch.Patch, by: string | undefined) => string
  /** Everything that has happened since a state was seen; whole, when it was not. */
  readonly merged: (told: StateVersion, seen: BaseState | undefined, by: ReadonlyArray<string>) => string
  readonly status: (told: StateVersion, status: InstanceStatus) => string
  /** Whether both are the whole state. */
  readonly tellsWhole: boolean
  /** A token of the state. */
  readonly sealed: (told: StateVersion, token: string) => string
  /** Whether a token comes with the state, so that the last change need not be told besides. */
  readonly sealsState: boolean
  /** Whether an event is told to each component that hears it, and not to the client. */
  readonly namesHearers: boolean
  /** An event; where hearers are named, what follows `hearer`. */
  readonly said: (place: EventScope, event: Event) => string
  readonly hearer: (componentId: string) => string
  /** Events up to this one were lost. */
  readonly dropped: (place: EventScope, index: number, count: number) => string
  /**
   * A component is in a room from this event on, or up to it; undefined where that is not told. Of its rooms, the one it joined first
   * has the lowest turn.
   */
  readonly joined: ((componentId: string, place: EventScope, index: number, turn: number) => string) | undefined
  readonly left: ((componentId: string, place: EventScope, index: number) => string) | undefined
  /** Whether it is told who is there. */
  readonly hasPresence: boolean
}
