/**
 * How far one client has read the events of one room, however many of its components are in it. Like the cursor in a state it holds no
 * queue: what it has to read is taken from the log of the room when there is room to write it. While the client is away it stays
 * where it is, and goes on from where the client says it was.
 */
import { Batch } from "../sync/Batch.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import type { WireEncoder } from "../sync/WireEncoder.ts"
import type { EventLog, LoggedEvent } from "./EventLog.ts"
import { type Membership, RoomMemberships } from "./RoomMemberships.ts"

/** Who reads. */
export interface RoomCursorSink {
  readonly client: ClientInfo
  /** In which words it is to be told. */
  readonly encoder: WireEncoder
  /** Counts when its components join rooms. */
  readonly nextOrder: () => number
  /** There is something to read; said once until it is read. */
  readonly cursorWoke: (cursor: RoomCursor) => void
  /** Writes now what can be written. */
  readonly flushNow: () => void
  /** None of its components is in the room any more. */
  readonly done: (cursor: RoomCursor) => void
}

/** A cursor. */
export class RoomCursor {
  readonly rank = 1
  readonly log: EventLog
  readonly #sink: RoomCursorSink
  readonly #memberships = new RoomMemberships()
  /** The last event that was read. */
  #index: number
  /** Events after that which were forgotten and not for it. */
  #notMissed = 0
  /** Events of an earlier time in the room that the client is not going to hear. */
  #lost = 0
  #behind = false
  #away: boolean
  #counted = false

  constructor(log: EventLog, sink: RoomCursorSink, away: boolean) {
    this.log = log
    this.#sink = sink
    this.#index = log.index
    this.#away = away
  }

  /** The last event that was read: what the client acknowledges. */
  get serial(): number {
    return this.#index
  }

  /** A component of the client is going to be in the room, perhaps again: with what is read now, the cursor may be done. */
  joining(componentId: string): void {
    // What it has not read of the time before is read now or never: the client knows one time only.
    if (this.#memberships.get(componentId) !== undefined) this.flushNow()
  }

  /** A component of the client is in the room from now on. */
  join(componentId: string, isAnnounced: boolean, events: Membership["events"]): void {
    const { index: from } = this.log
    const order = this.#sink.nextOrder()
    const before = this.#memberships.join(componentId, { from, order, isAnnounced, events })
    if (before !== undefined && this.#memberships.size === 1) {
      this.#lost += Math.max(0, before.to - Math.max(this.#index, before.from))
      this.#index = from
    }
    this.wake()
  }

  /** It is not in the room any more; what was said before is still for it. */
  leave(componentId: string): void {
    if (this.#memberships.leave(componentId, this.log.index)) this.wake()
  }

  /** The client does not have it any more. */
  forget(componentId: string): void {
    if (this.#memberships.forget(componentId)) this.#endIfDone()
  }

  /** One of the components in the room; where it is a room of one, that one. */
  get first(): string {
    return this.#memberships.first
  }

  /** Whether any component of the client is in the room. */
  get isEntered(): boolean {
    return this.#memberships.isEntered
  }

  /** Whether this component is in the room. */
  has(componentId: string): boolean {
    return this.#memberships.get(componentId)?.to === Infinity
  }

  /** After which event the room is for this component. */
  from(componentId: string): number {
    return this.#memberships.get(componentId)?.from ?? this.log.index
  }

  /** The client knows of this component. */
  announce(componentId: string): void {
    const membership = this.#memberships.get(componentId)
    if (membership === undefined || membership.isAnnounced) return
    membership.isAnnounced = true
    if (this.#behind) this.#notify()
  }

  /** The client is going to be told of this component again. */
  unannounce(componentId: string): void {
    const membership = this.#memberships.get(componentId)
    if (membership === undefined) return
    membership.isAnnounced = false
    membership.told = "nothing"
  }

  /** There is something to read. */
  wake(): void {
    if (this.#behind) return
    this.#behind = true
    this.log.counted(1)
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
    this.#lost += this.#memberships.startAgain(index)
    const { start } = this.#memberships
    const read = index === undefined || index < start || index > this.#index ? start : index
    if (read !== this.#index) this.#notMissed = 0
    this.#index = read
    this.#recount()
    if (this.#behind) this.#notify()
    else this.wake()
  }

  /** The client has what was read up to this event; memberships that ended before are over. */
  confirm(index: number): void {
    this.#memberships.confirm(index)
    this.#endIfDone()
  }

  /** Whether a membership has ended, so that it has to be known when the client has been told. */
  get isEnding(): boolean {
    return this.#memberships.isEnding
  }

  /** Nobody reads here any more. */
  end(): void {
    this.#caughtUp()
  }

  /** Everything up to now. */
  take(into: Array<Batch>): void {
    if (!this.#behind || !this.#memberships.areAnnounced) return
    const { log } = this
    const { encoder } = this.#sink
    const after = this.#index
    const upTo = this.#memberships.end
    const said = after < upTo ? log.after(after) : []
    const lastMissed = Math.min(log.first - 1, upTo)
    const news = [
      ...this.#dropped(after, this.#lost),
      ...this.#memberships.tell(encoder, log),
      ...this.#dropped(lastMissed, lastMissed - after - this.#notMissed)
    ]
    if (news.length > 0) into.push(new Batch(news, false))
    this.#lost = 0
    this.#index = log.index
    this.#notMissed = 0
    if (said.length > 0) {
      if (encoder.namesHearers) this.#tellEach(into, said, after)
      else this.#tell(into, said, after, upTo)
    }
    this.#caughtUp()
  }

  #tell(into: Array<Batch>, said: ReadonlyArray<LoggedEvent>, after: number, upTo: number): void {
    const memberships = this.#memberships
    if (upTo >= this.log.index && said.every((event) => isForAll(event) && memberships.know(event.name))) {
      return void into.push(this.log.shared(this.#sink.encoder, after, said))
    }
    const own = said.filter((event) => event.index <= upTo && this.#isFor(event) && memberships.know(event.name))
    if (own.length > 0) into.push(this.#batch(own))
  }

  #tellEach(into: Array<Batch>, said: ReadonlyArray<LoggedEvent>, after: number): void {
    const { encoder } = this.#sink
    for (const [componentId, { events, from, to }] of this.#memberships) {
      const own = said.filter(
        (event) => event.index > from && event.index <= to && this.#isFor(event) && events.has(event.name)
      )
      if (own.length === 0) continue
      const isAll = own.length === said.length && said.every(isForAll)
      into.push((isAll ? this.log.shared(encoder, after, said) : this.#batch(own)).to(encoder.hearer(componentId)))
    }
  }

  #batch(own: ReadonlyArray<LoggedEvent>): Batch {
    const texts = own.map((event) => event.in(this.#sink.encoder, this.log))
    return new Batch(texts, false)
  }

  #isFor({ isFor }: LoggedEvent): boolean {
    return isFor === undefined || isFor(this.#sink.client)
  }

  #dropped(index: number, count: number): ReadonlyArray<string> {
    return count > 0 ? [this.#sink.encoder.dropped(this.log, index, count)] : []
  }

  #notify(): void {
    if (!this.#away && this.#memberships.areAnnounced) this.#sink.cursorWoke(this)
  }

  #caughtUp(): void {
    if (!this.#behind) return
    this.#behind = false
    this.log.counted(-1)
    this.#recount()
  }

  /** The log keeps more while somebody who is there has not read it. */
  #recount(): void {
    const counts = this.#behind && !this.#away
    if (counts === this.#counted) return
    this.#counted = counts
    if (counts) this.log.fellBehind()
    else this.log.caughtUp()
  }

  #endIfDone(): void {
    if (this.#memberships.size === 0) this.#sink.done(this)
  }
}

const isForAll = ({ isFor }: LoggedEvent): boolean => isFor === undefined
