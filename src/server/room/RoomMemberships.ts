/**
 * The memberships of one client in one room: one for each component that is, or was, in the room, from one event to
 * another. It records what the client was told of them, and the earlier stays whose events the client may not have.
 */
import type { EventScope, WireEncoder } from "../sync/WireEncoder.ts"

/** The events of a contract, by name. */
type Events = ReadonlyMap<string, unknown>

/** A component in the room. */
export interface Membership {
  /** The index of the last event before. */
  readonly from: number
  /** The index of the last event for it; Infinity while it is in the room. */
  to: number
  /** The rooms of a component are in this order. */
  readonly order: number
  /** Whether the client was told of the beginning, and of the end. */
  told: "nothing" | "joined" | "left"
  /** Whether the client knows the component. */
  isAnnounced: boolean
  /** The events of its contract. Others are not for it. */
  readonly events: Events
}

/** A stay in the room that was followed by another. */
type Stay = Pick<Membership, "from" | "to">

/** Earlier stays that are kept for a client that does not acknowledge anything. */
const maxPast = 16

const none: ReadonlyArray<Stay> = []

/** The memberships of one client in one room. */
export class RoomMemberships implements Iterable<[componentId: string, Readonly<Membership>]> {
  readonly #members = new Map<string, Membership>()
  /** Earlier stays whose events the client may not have. */
  #past: ReadonlyArray<Stay> = none
  /** Whether nothing is left to be told or to be confirmed; false when that is not known. */
  #isSteady = false

  get size(): number {
    return this.#members.size
  }

  get(componentId: string): Readonly<Membership> | undefined {
    return this.#members.get(componentId)
  }

  /** One of the components; in the room of a single instance, that one. */
  get first(): string {
    for (const componentId of this.#members.keys()) return componentId
    return ""
  }

  /** Whether any component is in the room now. */
  get isEntered(): boolean {
    for (const { to } of this.#members.values()) if (to === Infinity) return true
    return false
  }

  /**
   * Whether the client knows all components and was told that they are in the room, and all still are: almost always. There
   * is at least one.
   */
  get isSteady(): boolean {
    return (this.#isSteady ||= this.#members.size > 0 && this.#past.length === 0 && this.#areAllIn)
  }

  get #areAllIn(): boolean {
    for (const { isAnnounced, to, told } of this.#members.values()) {
      if (!isAnnounced || to !== Infinity || told !== "joined") return false
    }
    return true
  }

  /** Whether a stay has ended of which the client may not know. */
  get isEnding(): boolean {
    if (this.#isSteady) return false
    if (this.#past.length > 0) return true
    for (const { to } of this.#members.values()) if (to !== Infinity) return true
    return false
  }

  /** Whether the client knows all components. */
  get areAnnounced(): boolean {
    if (this.#isSteady) return true
    for (const { isAnnounced } of this.#members.values()) if (!isAnnounced) return false
    return true
  }

  /** The last event before the first of them joined, and the last event that is for one of them. */
  get start(): number {
    return Math.min(...Array.from(this.#members.values(), ({ from }) => from))
  }

  get end(): number {
    if (this.#isSteady) return Infinity
    let last = -1
    for (const { to } of this.#members.values()) last = Math.max(last, to)
    return last
  }

  /** A component has joined the room; returns its previous stay, if any. */
  join(
    componentId: string,
    membership: Pick<Membership, "from" | "order" | "isAnnounced" | "events">
  ): Stay | undefined {
    this.#isSteady = false
    const before = this.#members.get(componentId)
    if (before !== undefined) this.#past = [...this.#past.slice(1 - maxPast), before]
    this.#members.set(componentId, { ...membership, to: Infinity, told: "nothing" })
    return before
  }

  /** A component leaves the room after this event; returns whether it was in the room. */
  leave(componentId: string, index: number): boolean {
    const membership = this.#members.get(componentId)
    if (membership === undefined || membership.to !== Infinity) return false
    membership.to = index
    this.#isSteady = false
    return true
  }

  /** The client knows this component; whether it did not before. */
  announce(componentId: string): boolean {
    const membership = this.#members.get(componentId)
    if (membership === undefined || membership.isAnnounced) return false
    membership.isAnnounced = true
    return true
  }

  /** The client is going to be told of this component again. */
  unannounce(componentId: string): void {
    const membership = this.#members.get(componentId)
    if (membership === undefined) return
    membership.isAnnounced = false
    membership.told = "nothing"
    this.#isSteady = false
  }

  /** The client has unmounted the component. */
  forget(componentId: string): boolean {
    this.#isSteady = false
    return this.#members.delete(componentId)
  }

  /**
   * The client, which has the events up to this index, is going to be told of all memberships again. Returns the number
   * of events that it will never get.
   */
  startAgain(index: number | undefined): number {
    let lost = 0
    for (const { from, to } of this.#past) lost += Math.max(0, to - Math.max(from, index ?? from))
    this.#past = none
    this.#isSteady = false
    for (const membership of this.#members.values()) membership.told = "nothing"
    return lost
  }

  /** The client has everything up to this index. */
  confirm(index: number): void {
    if (this.#isSteady) return
    this.#past = this.#past.filter(({ to }) => to > index)
    for (const [componentId, { to, told }] of this.#members) {
      if (told === "left" && to <= index) this.#members.delete(componentId)
    }
  }

  /** Whether one of the components declares the event. */
  know(name: string): boolean {
    for (const { events } of this.#members.values()) if (events.has(name)) return true
    return false
  }

  /** The messages about beginnings and ends that the client has not been sent; counts them as sent. */
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

  [Symbol.iterator](): Iterator<[string, Readonly<Membership>]> {
    return this.#members[Symbol.iterator]()
  }
}
