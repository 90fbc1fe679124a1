/**
 * How far one client has read the events of one room, for all of its components in the room. Like the cursor of a state
 * it has no queue: when something can be written, it takes the events from the log. While its client is not connected
 * it stays where it is; afterwards it continues from where the client says it was.
 */
import { Batch } from "../sync/Batch.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import type { WireEncoder } from "../sync/WireEncoder.ts"
import type { EventLog, LoggedEvent, SharedEvents } from "./EventLog.ts"
import { type Membership, RoomMemberships } from "./RoomMemberships.ts"

/** The client of a cursor. */
export interface RoomCursorSink {
  readonly client: ClientInfo
  /** The encoder of its wire. */
  readonly encoder: WireEncoder
  /** A counter for the order in which its components join rooms. */
  readonly nextOrder: () => number
  /** There is something to read; called once until it is read. */
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
  /** The index of the last event that was read. */
  #index: number
  /** The number of events after it that left the log and were not for this client. */
  #notMissed = 0
  /** The number of events from an earlier time in the room that the client will not get. */
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

  /** The index of the last event that was read, which the client acknowledges. */
  get serial(): number {
    return this.#index
  }

  /** A component is about to join the room. Reading what remains may end the cursor. */
  joining(componentId: string): void {
    // A client knows one stay per component: what remains of an earlier one is read now or never.
    if (this.#memberships.get(componentId) !== undefined) this.flushNow()
  }

  /** A component has joined the room. */
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

  /** A component has left the room. The client still gets the events before. */
  leave(componentId: string): void {
    if (this.#memberships.leave(componentId, this.log.index)) this.wake()
  }

  /** The client has unmounted the component. */
  forget(componentId: string): void {
    if (this.#memberships.forget(componentId)) this.#endIfDone()
  }

  /** One of the components; in the room of a single instance, that one. */
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

  /** The index of the event after which the component joined. */
  from(componentId: string): number {
    return this.#memberships.get(componentId)?.from ?? this.log.index
  }

  /** The client knows this component. */
  announce(componentId: string): void {
    if (this.#memberships.announce(componentId) && this.#behind) this.#notify()
  }

  /** The client is going to be told of this component again. */
  unannounce(componentId: string): void {
    this.#memberships.unannounce(componentId)
  }

  /** There is something to read. */
  wake(): void {
    if (this.#behind) return
    this.#behind = true
    this.log.counted(1)
    this.#recount()
    this.#notify()
  }

  /** Reads now, if the client is connected. */
  flushNow(): void {
    if (this.#behind && !this.#away) this.#sink.flushNow()
  }

  /** An event leaves the log. */
  forgetting(index: number, isFor: NonNullable<LoggedEvent["isFor"]>): void {
    if (index > this.#index && !isFor(this.#sink.client)) this.#notMissed++
  }

  /** The client has disconnected. */
  detach(): void {
    this.#away = true
    this.#recount()
  }

  /** The client is connected again, and has the events up to this index; undefined: it has none. */
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

  /** The client has acknowledged everything up to this index. Memberships that ended before are removed. */
  confirm(index: number): void {
    this.#memberships.confirm(index)
    this.#endIfDone()
  }

  /** Whether a membership has ended, and waits for the client's acknowledgement. */
  get isEnding(): boolean {
    return this.#memberships.isEnding
  }

  /** The cursor was removed. */
  end(): void {
    this.#caughtUp()
  }

  /** Takes all there is to read. */
  take(into: Array<Batch>): void {
    if (!this.#behind || !this.#memberships.areAnnounced) return
    if (!this.#takeShared(into)) this.#takeOwn(into)
    this.#caughtUp()
  }

  /** Takes what others have taken that had read equally far, if it is all for this client and all there is to read. */
  #takeShared(into: Array<Batch>): boolean {
    const { log } = this
    const { encoder } = this.#sink
    const shared = log.sharedAfter(encoder, this.#index)
    if (shared === undefined || log.first > this.#index + 1 || !this.#isForAll(shared)) return false
    if (!encoder.addressesComponents) into.push(shared.batch)
    else for (const [componentId] of this.#memberships) into.push(shared.batch.to(encoder.prefixFor(componentId)))
    this.#index = log.index
    this.#notMissed = 0
    return true
  }

  /** Whether all components declare all of these events, and have been in the room for them: what they were told was read. */
  #isForAll({ names }: SharedEvents): boolean {
    if (!this.#memberships.isSteady) return false
    for (const [, { events }] of this.#memberships) if (!names.every((name) => events.has(name))) return false
    return true
  }

  #takeOwn(into: Array<Batch>): void {
    const { log } = this
    const { encoder } = this.#sink
    const after = this.#index
    const upTo = this.#memberships.end
    const events = after < upTo ? log.after(after) : []
    const lastMissed = Math.min(log.first - 1, upTo)
    const texts = [
      ...this.#dropped(after, this.#lost),
      ...this.#memberships.tell(encoder, log),
      ...this.#dropped(lastMissed, lastMissed - after - this.#notMissed)
    ]
    if (texts.length > 0) into.push(new Batch(texts, false))
    this.#lost = 0
    this.#index = log.index
    this.#notMissed = 0
    if (events.length > 0) {
      if (encoder.addressesComponents) this.#tellEach(into, events, after)
      else this.#tell(into, events, after, upTo)
    }
  }

  #tell(into: Array<Batch>, events: ReadonlyArray<LoggedEvent>, after: number, upTo: number): void {
    const memberships = this.#memberships
    if (upTo >= this.log.index && events.every((event) => isForAll(event) && memberships.know(event.name))) {
      return void into.push(this.log.shared(this.#sink.encoder, after, events))
    }
    const own = events.filter((event) => event.index <= upTo && this.#isFor(event) && memberships.know(event.name))
    if (own.length > 0) into.push(this.#batch(own))
  }

  #tellEach(into: Array<Batch>, events: ReadonlyArray<LoggedEvent>, after: number): void {
    const { encoder } = this.#sink
    for (const [componentId, { events: declared, from, to }] of this.#memberships) {
      const own = events.filter(
        (event) => event.index > from && event.index <= to && this.#isFor(event) && declared.has(event.name)
      )
      if (own.length === 0) continue
      const isAll = own.length === events.length && events.every(isForAll)
      into.push((isAll ? this.log.shared(encoder, after, events) : this.#batch(own)).to(encoder.prefixFor(componentId)))
    }
  }

  #batch(own: ReadonlyArray<LoggedEvent>): Batch {
    const texts = own.map((event) => event.textFor(this.#sink.encoder, this.log))
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

  /** The log keeps more while a connected client has not read everything. */
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
