/**
 * Tracks which components of a client are in which rooms, and how far each room was read. The events of a room are sent
 * once, however many components are in it; each goes to the components that were in the room when it was broadcast.
 */
import type { LiveEvent, RoomResumePoint } from "../LiveProtocol.ts"

/** An event of a room, or the number of events that were lost. */
export type Heard = Extract<LiveEvent, { readonly _tag: "Event" | "EventsDropped" }> & { readonly room: string }

/** A component is in a room. */
type Joined = Extract<LiveEvent, { readonly _tag: "Joined" }>

/** A component has left a room. */
type Left = Extract<LiveEvent, { readonly _tag: "Left" }>

/** A component is in a room, or has left it. */
export type Moved = Joined | Left

/** The events of a room that are for one component: those after `from`, up to `to`. */
interface Membership {
  readonly from: number
  /** Infinity while the component is in the room. */
  readonly to: number
}

interface Room {
  /** The last event that was read. */
  index: number
  readonly members: Map<string, Membership>
}

/**
 * How many rooms without members are still reported when the session is resumed: the server may not know yet that they
 * were read to the end.
 */
const maxLeft = 100

/** The memberships of one session. */
export class Memberships {
  readonly #rooms = new Map<string, Room>()
  /** The rooms of each component, with the turn in which it joined them. */
  readonly #turnsOf = new Map<string, ReadonlyMap<string, number>>()
  readonly #left = new Map<string, number>()

  /** How far each room was read. */
  get places(): ReadonlyArray<RoomResumePoint> {
    return [
      ...Array.from(this.#rooms, ([room, { index }]) => ({ room, index })),
      ...Array.from(this.#left, ([room, index]) => ({ room, index }))
    ]
  }

  /** The rooms a component is in, in the order it joined them. */
  of(componentId: string): ReadonlyArray<string> {
    const turns = this.#turnsOf.get(componentId)
    if (turns === undefined) return none
    return Array.from(turns)
      .sort(([, one], [, other]) => one - other)
      .map(([room]) => room)
  }

  /** A component is in a room or has left it. The same may be told again after a lost connection. */
  moved(event: Moved): void {
    if (event._tag === "Joined") this.#joined(event)
    else this.#leaves(event)
  }

  /** The components that an event is for, each with what it gets of it. */
  heard(event: Heard): ReadonlyArray<readonly [componentId: string, event: Heard]> {
    const { index } = event
    const room = this.#rooms.get(event.room)
    if (room === undefined || index <= room.index) return []
    room.index = index
    const meant: Array<readonly [string, Heard]> = []
    for (const [componentId, { from, to }] of room.members) {
      if (event._tag === "Event") {
        if (from < index && index <= to) meant.push([componentId, event])
      } else {
        const count = Math.min(event.count, Math.min(index, to) - from)
        if (count > 0) meant.push([componentId, { ...event, count }])
      }
      if (to <= index) this.#drop(event.room, room, componentId)
    }
    return meant
  }

  /** The component is unmounted. */
  forget(componentId: string): void {
    this.#turnsOf.delete(componentId)
    // The room is still reported: another component may have left it, and the server does not know that its events have
    // arrived.
    for (const [name, room] of this.#rooms) {
      if (room.members.has(componentId)) this.#drop(name, room, componentId)
    }
  }

  /** Forgets all components but these. */
  keep(isKept: (componentId: string) => boolean): void {
    const all = new Set(Array.from(this.#rooms.values()).flatMap(({ members }) => Array.from(members.keys())))
    for (const componentId of all) if (!isKept(componentId)) this.forget(componentId)
  }

  /** Forgets everything. */
  clear(): void {
    this.#rooms.clear()
    this.#turnsOf.clear()
    this.#left.clear()
  }

  #joined({ componentId, index, room: name, turn }: Joined): void {
    const room = this.#rooms.get(name) ?? { index: Math.max(index, this.#left.get(name) ?? 0), members: new Map() }
    this.#left.delete(name)
    this.#rooms.set(name, room)
    room.members.set(componentId, { from: index, to: Infinity })
    this.#turnsOf.set(componentId, new Map(this.#turnsOf.get(componentId)).set(name, turn))
  }

  #leaves({ componentId, index, room: name }: Left): void {
    const room = this.#rooms.get(name)
    const membership = room?.members.get(componentId)
    if (room === undefined || membership === undefined) return
    const turns = new Map(this.#turnsOf.get(componentId))
    turns.delete(name)
    if (turns.size > 0) this.#turnsOf.set(componentId, turns)
    else this.#turnsOf.delete(componentId)
    room.members.set(componentId, { ...membership, to: index })
    if (index <= room.index) this.#drop(name, room, componentId)
  }

  #drop(name: string, room: Room, componentId: string): void {
    room.members.delete(componentId)
    if (room.members.size > 0) return
    this.#rooms.delete(name)
    this.#left.set(name, room.index)
    for (const [oldest] of this.#left) if (this.#left.size > maxLeft) this.#left.delete(oldest)
  }
}

const none: ReadonlyArray<string> = []
