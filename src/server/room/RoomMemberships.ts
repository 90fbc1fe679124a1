/**
 * The components of one client that are, or were, in one room: each after one event and up to another. It knows what of that the
 * client was told, and which earlier times it may not have heard all of.
 */
import type { EventScope, WireEncoder } from "../sync/WireEncoder.ts"

/** The events of a contract, by their names. */
type Events = ReadonlyMap<string, unknown>

/** One component in the room. */
export interface Membership {
  /** After which event. */
  readonly from: number
  /** Up to which; Infinity while it is there. */
  to: number
  /** The rooms of a component are in the order of these. */
  readonly order: number
  /** Whether the client was told of the beginning, and of the end. */
  told: "nothing" | "joined" | "left"
  /** Whether the client knows of the component. */
  isAnnounced: boolean
  /** The events of its contract; it has nothing to do with others. */
  readonly events: Events
}

/** A time in the room that was followed by another. */
type Stay = Pick<Membership, "from" | "to">

/** Earlier times that are remembered for a client that does not say what it has. */
const maxPast = 16

const none: ReadonlyArray<Stay> = []

/** The components of one client in one room. */
export class RoomMemberships implements Iterable<[componentId: string, Membership]> {
  readonly #members = new Map<string, Membership>()
  /** Earlier times of which the client is not known to have heard everything. */
  #past: ReadonlyArray<Stay> = none

  get size(): number {
    return this.#members.size
  }

  get(componentId: string): Membership | undefined {
    return this.#members.get(componentId)
  }

  /** One of the components; in a room of one, that one. */
  get first(): string {
    for (const componentId of this.#members.keys()) return componentId
    return ""
  }

  /** Whether any component is in the room now. */
  get isEntered(): boolean {
    for (const { to } of this.#members.values()) if (to === Infinity) return true
    return false
  }

  /** Whether a time in the room has ended of which the client may not have been told. */
  get isEnding(): boolean {
    if (this.#past.length > 0) return true
    for (const { to } of this.#members.values()) if (to !== Infinity) return true
    return false
  }

  /** Whether the client knows of all components. */
  get areAnnounced(): boolean {
    for (const { isAnnounced } of this.#members.values()) if (!isAnnounced) return false
    return true
  }

  /** The event after which the first of them came, and the last that is for one of them. */
  get start(): number {
    return Math.min(...Array.from(this.#members.values(), ({ from }) => from))
  }

  get end(): number {
    let last = -1
    for (const { to } of this.#members.values()) last = Math.max(last, to)
    return last
  }

  /** A component is in the room now; gives the time before, if there was one. */
  join(
    componentId: string,
    membership: Pick<Membership, "from" | "order" | "isAnnounced" | "events">
  ): Stay | undefined {
    const before = this.#members.get(componentId)
    if (before !== undefined) this.#past = [...this.#past.slice(1 - maxPast), before]
    this.#members.set(componentId, { ...membership, to: Infinity, told: "nothing" })
    return before
  }

  /** A component is not in the room after this event; false when it was not before. */
  leave(componentId: string, index: number): boolean {
    const membership = this.#members.get(componentId)
    if (membership === undefined || membership.to !== Infinity) return false
    membership.to = index
    return true
  }

  /** The client does not have the component any more. */
  forget(componentId: string): boolean {
    return this.#members.delete(componentId)
  }

  /** The client is told of all of it again; it has heard everything up to this event. Gives how many it will never hear. */
  startAgain(index: number | undefined): number {
    let lost = 0
    for (const { from, to } of this.#past) lost += Math.max(0, to - Math.max(from, index ?? from))
    this.#past = none
    for (const membership of this.#members.values()) membership.told = "nothing"
    return lost
  }

  /** The client has heard everything up to this event, and what it was told. */
  confirm(index: number): void {
    this.#past = this.#past.filter(({ to }) => to > index)
    for (const [componentId, { to, told }] of this.#members) {
      if (told === "left" && to <= index) this.#members.delete(componentId)
    }
  }

  /** Whether this is an event for one of them. */
  know(name: string): boolean {
    for (const { events } of this.#members.values()) if (events.has(name)) return true
    return false
  }

  /** What the client is to be told of who came and went, which counts as told. */
  tell({ joined, left }: WireEncoder, scope: EventScope): ReadonlyArray<string> {
    const isTold = scope.name !== undefined
    const texts: Array<string> = []
    for (const [componentId, membership] of this.#members) {
      const { from, order, to } = membership
      if (membership.told === "nothing") {
        if (isTold && joined !== undefined) texts.push(joined(componentId, scope, from, order))
        membership.told = "joined"
      }
      if (to !== Infinity && membership.told === "joined") {
        if (isTold && left !== undefined) texts.push(left(componentId, scope, to))
        membership.told = "left"
      }
    }
    return texts
  }

  [Symbol.iterator](): Iterator<[string, Membership]> {
    return this.#members[Symbol.iterator]()
  }
}
