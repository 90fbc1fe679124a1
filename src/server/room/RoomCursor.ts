/**
 * One client's place in one room, however many of its components are in it. Like a reader of an instance it holds no queue: what it
 * has to read is taken from the log of the room when there is room to write it. While the client is away it stays where it is, and
 * goes on from where the client says it was.
 */
import { Batch } from "../sync/Batch.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import type { WireEncoder } from "../sync/WireEncoder.ts"
import type { LoggedEvent } from "./EventLog.ts"
import type { Room } from "./Room.ts"

/** Who reads. */
export interface RoomCursorSink {
  readonly client: ClientInfo
  /** In which words it is to be told. */
  readonly encoder: WireEncoder
  /** Counts when its components join rooms. */
  readonly nextTurn: () => number
  /** There is something to read; said once until it is read. */
  readonly cursorWoke: (cursor: RoomCursor) => void
  /** Writes now what can be written. */
  readonly flushNow: () => void
  /** None of its components is in the room any more. */
  readonly done: (cursor: RoomCursor) => void
}

/** From which event on, and up to which, a component is in the room. */
interface Membership {
  readonly from: number
  /** The rooms of a component are in the order of these. */
  readonly turn: number
  /** Infinity while it is. */
  to: number
  /** Whether the client was told of the beginning, and of the end. */
  told: "nothing" | "joined" | "left"
  /** Whether the client does not know of the component yet. */
  held: boolean
  /** The events of its contract; others are none of its business. */
  readonly events: Events
}

/** The events of a contract, by their names. */
type Events = ReadonlyMap<string, unknown>

/** After which event, and up to which, a component was in the room before it came back. */
interface Stay {
  readonly from: number
  readonly to: number
}

/** A cursor. */
export class RoomCursor {
  readonly rank = 1
  readonly room: Room
  readonly #sink: RoomCursorSink
  readonly #memberships = new Map<string, Membership>()
  /** The last event that was read. */
  #index: number
  /** Events after that which were forgotten and not for it. */
  #notMissed = 0
  /** Earlier times in the room of which the client is not known to have heard everything. */
  #past: ReadonlyArray<Stay> = none
  /** Events of such a time that the client is not going to hear. */
  #lost = 0
  #behind = false
  #away: boolean
  #counted = false

  constructor(room: Room, sink: RoomCursorSink, away: boolean) {
    this.room = room
    this.#sink = sink
    this.#index = room.log.index
    this.#away = away
    room.cursors.add(this)
  }

  /** The last event that was read: what a receipt is for. */
  get serial(): number {
    return this.#index
  }

  /** A component of the client is going to be in the room, perhaps again: with what is read now, the reader may be done. */
  joining(componentId: string): void {
    // What it has not read of the time before is read now or never: the client knows one time only.
    if (this.#memberships.has(componentId)) this.flushNow()
  }

  /** A component of the client is in the room from now on. */
  join(componentId: string, held: boolean, events: Events): void {
    const before = this.#memberships.get(componentId)
    if (before !== undefined) this.#past = [...this.#past.slice(1 - maxPast), before]
    if (before !== undefined && this.#memberships.size === 1) {
      this.#lost += Math.max(0, before.to - Math.max(this.#index, before.from))
      this.#index = this.room.log.index
    }
    const { index: from } = this.room.log
    this.#memberships.set(componentId, {
      from,
      turn: this.#sink.nextTurn(),
      to: Infinity,
      told: "nothing",
      held,
      events
    })
    this.wake()
  }

  /** It is not in the room any more; what was said before is still for it. */
  leave(componentId: string): void {
    const membership = this.#memberships.get(componentId)
    if (membership === undefined || membership.to !== Infinity) return
    membership.to = this.room.log.index
    this.wake()
  }

  /** The client does not have it any more. */
  forget(componentId: string): void {
    if (this.#memberships.delete(componentId)) this.#endIfDone()
  }

  /** One of the components in the room; where it is a room of one, that one. */
  get first(): string {
    for (const componentId of this.#memberships.keys()) return componentId
    return ""
  }

  /** Whether any component of the client is in the room. */
  get isEntered(): boolean {
    for (const { to } of this.#memberships.values()) if (to === Infinity) return true
    return false
  }

  /** Whether this component is in the room. */
  has(componentId: string): boolean {
    return this.#memberships.get(componentId)?.to === Infinity
  }

  /** After which event the room is for this component. */
  from(componentId: string): number {
    return this.#memberships.get(componentId)?.from ?? this.room.log.index
  }

  /** The client knows of this component. */
  announce(componentId: string): void {
    const membership = this.#memberships.get(componentId)
    if (membership === undefined || !membership.held) return
    membership.held = false
    if (this.#behind) this.#notify()
  }

  /** The client is going to be told of this component again. */
  hold(componentId: string): void {
    const membership = this.#memberships.get(componentId)
    if (membership === undefined) return
    membership.held = true
    membership.told = "nothing"
  }

  /** There is something to read. */
  wake(): void {
    if (this.#behind) return
    this.#behind = true
    this.room.counted(1)
    this.#recount()
    this.#notify()
  }

  /** Reads now, if it can. */
  flushNow(): void {
    if (this.#behind && !this.#away) this.#sink.flushNow()
  }

  /** An event has to make room in the log. */
  forgetting(index: number, isFor: NonNullable<LoggedEvent["isFor"]>): void {
    if (index > this.#index && !isFor(this.#sink.client)) this.#notMissed++
  }

  /** The client is away. */
  detach(): void {
    this.#away = true
    this.#recount()
  }

  /** The client is there, and was told of the events up to this one; undefined: of none. */
  resume(index: number | undefined): void {
    this.#away = false
    for (const { from, to } of this.#past) this.#lost += Math.max(0, to - Math.max(from, index ?? from))
    this.#past = none
    const start = Math.min(...Array.from(this.#memberships.values(), ({ from }) => from))
    const read = index === undefined || index < start || index > this.#index ? start : index
    if (read !== this.#index) this.#notMissed = 0
    this.#index = read
    for (const membership of this.#memberships.values()) membership.told = "nothing"
    this.#recount()
    if (this.#behind) this.#notify()
    else this.wake()
  }

  /** The client has what was read up to this event; memberships that ended before are over. */
  confirm(index: number): void {
    this.#past = this.#past.filter(({ to }) => to > index)
    for (const [componentId, { to, told }] of this.#memberships) {
      if (told === "left" && to <= index) this.#memberships.delete(componentId)
    }
    this.#endIfDone()
  }

  /** Whether a membership has ended, so that it has to be known when the client has been told. */
  get isEnding(): boolean {
    if (this.#past.length > 0) return true
    for (const { to } of this.#memberships.values()) if (to !== Infinity) return true
    return false
  }

  /** Nobody reads here any more. */
  close(): void {
    this.#caughtUp()
    this.room.cursors.delete(this)
  }

  /** Everything up to now. */
  take(into: Array<Batch>): void {
    if (!this.#behind || this.#isHeld) return
    const { log } = this.room
    const after = this.#index
    const upTo = this.#lastWanted
    const said = after < upTo ? log.after(after) : []
    const lastMissed = Math.min(log.first - 1, upTo)
    const news = [
      ...this.#dropped(after, this.#lost),
      ...this.#news(),
      ...this.#dropped(lastMissed, lastMissed - after - this.#notMissed)
    ]
    if (news.length > 0) into.push(new Batch(news, false))
    this.#lost = 0
    this.#index = log.index
    this.#notMissed = 0
    if (said.length > 0) {
      if (this.#sink.encoder.namesHearers) this.#tellEach(into, said, after)
      else this.#tell(into, said, after, upTo)
    }
    this.#caughtUp()
  }

  #tell(into: Array<Batch>, said: ReadonlyArray<LoggedEvent>, after: number, upTo: number): void {
    const { encoder } = this.#sink
    if (upTo >= this.room.log.index && said.every(isForAll) && this.#knows(said)) {
      into.push(this.room.shared(encoder, after, said))
    } else {
      const own = said.filter((event) => event.index <= upTo && this.#isFor(event) && this.#knows([event]))
      if (own.length > 0)
        into.push(
          new Batch(
            own.map((event) => event.in(encoder, this.room)),
            false
          )
        )
    }
  }

  #tellEach(into: Array<Batch>, said: ReadonlyArray<LoggedEvent>, after: number): void {
    const { encoder } = this.#sink
    for (const [componentId, { events, from, to }] of this.#memberships) {
      const hearer = encoder.hearer(componentId)
      const own = said.filter(
        (event) => event.index > from && event.index <= to && this.#isFor(event) && events.has(event.name)
      )
      if (own.length === 0) continue
      const batch =
        own.length === said.length && said.every(isForAll)
          ? this.room.shared(encoder, after, said)
          : new Batch(
              own.map((event) => event.in(encoder, this.room)),
              false
            )
      into.push(batch.to(hearer))
    }
  }

  /** Whether each of these is an event of one of its components. */
  #knows(said: ReadonlyArray<LoggedEvent>): boolean {
    const contracts = Array.from(new Set(Array.from(this.#memberships.values(), ({ events }) => events)))
    return said.every(({ name }) => contracts.some((events) => events.has(name)))
  }

  #isFor({ isFor }: LoggedEvent): boolean {
    return isFor === undefined || isFor(this.#sink.client)
  }

  #dropped(index: number, count: number): ReadonlyArray<string> {
    return count > 0 ? [this.#sink.encoder.dropped(this.room, index, count)] : []
  }

  /** What the client is to know of who is in the room. */
  #news(): Array<string> {
    const { joined, left } = this.#sink.encoder
    const isTold = this.room.name !== undefined
    const news: Array<string> = []
    for (const [componentId, membership] of this.#memberships) {
      const { from, to, turn } = membership
      if (membership.told === "nothing") {
        if (isTold && joined !== undefined) news.push(joined(componentId, this.room, from, turn))
        membership.told = "joined"
      }
      if (to !== Infinity && membership.told === "joined") {
        if (isTold && left !== undefined) news.push(left(componentId, this.room, to))
        membership.told = "left"
      }
    }
    return news
  }

  /** The last event that is for one of the components. */
  get #lastWanted(): number {
    let last = -1
    for (const { to } of this.#memberships.values()) last = Math.max(last, to)
    return last
  }

  /** Whether there is a component the client does not know of. */
  get #isHeld(): boolean {
    for (const { held } of this.#memberships.values()) if (held) return true
    return false
  }

  #notify(): void {
    if (!this.#away && !this.#isHeld) this.#sink.cursorWoke(this)
  }

  #caughtUp(): void {
    if (!this.#behind) return
    this.#behind = false
    this.room.counted(-1)
    this.#recount()
  }

  /** The log keeps more while somebody who is there has not read it. */
  #recount(): void {
    const counts = this.#behind && !this.#away
    if (counts === this.#counted) return
    this.#counted = counts
    if (counts) this.room.log.fellBehind()
    else this.room.log.caughtUp(this.room.forgetting)
  }

  #endIfDone(): void {
    if (this.#memberships.size === 0) this.#sink.done(this)
  }
}

const none: ReadonlyArray<Stay> = []

/** Earlier times that are remembered for a client that does not say what it has. */
const maxPast = 16

const isForAll = ({ isFor }: LoggedEvent): boolean => isFor === undefined
