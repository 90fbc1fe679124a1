/**
 * A room sends its events to clients, each of which has a cursor in one log, and to instances as messages in their
 * mailboxes. An event is encoded once; clients that have read equally far share the text and the frame of what follows.
 * Rooms with a name are found in `Rooms`. An instance that has joined no room has its own, for those who have mounted
 * it.
 */
import type { ComponentId } from "../../LiveId.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import { EventLog, LoggedEvent, type Audience } from "./EventLog.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { Presence } from "./Presence.ts"
import { RoomCursor, type RoomCursorSink } from "./RoomCursor.ts"

/** An instance in the room. */
export interface Member {
  readonly id: ComponentId
  readonly hear: (speech: RoomEvent) => void
}

/** An event for the instances in the room. */
export interface RoomEvent {
  readonly event: string
  /** Decoded and encoded by the contract of the sender. */
  readonly payload: unknown
  readonly encoded: unknown
  /** The codec of the sender. */
  readonly codec: object
  readonly caller: ClientInfo | undefined
  /** The instance that does not get it. */
  readonly except: Member | undefined
  /** The id of the principal whose instances get it; undefined: all do. */
  readonly to: string | undefined
}

/** What can be known of a room from outside. */
export interface RoomInfo {
  /** Undefined for the room of a single instance. */
  readonly name: string | undefined
  /** The instances in the room. */
  readonly members: ReadonlyArray<ComponentId>
  /** The clients in the room, and how many of them have not read all events. */
  readonly readers: number
  readonly behind: number
  /** The index of the last event. */
  readonly index: number
}

/** A room. */
export class Room {
  readonly log: EventLog
  /** The lists of presence, by the names of their components. */
  readonly presences = new Map<string, Presence>()
  readonly #cursors = new Set<RoomCursor>()
  readonly #config: LiveConfig.Settings
  readonly #now: () => number
  readonly #members = new Set<Member>()
  /** The members that may have a handler for events. */
  readonly #listening = new Set<Member>()
  /** The index of the last event before everyone was made to read. */
  #flushed: number
  /** The events that members are getting; undefined while nothing is broadcast. */
  #hearing: Array<RoomEvent> | undefined

  /** The first event gets the index after `index`. */
  constructor(config: LiveConfig.Settings, audience: Audience, index: number, now: () => number) {
    this.#config = config
    this.#now = now
    this.log = new EventLog(config, audience, index, (index, isFor) => {
      for (const cursor of this.#cursors) cursor.forgetting(index, isFor)
    })
    this.#flushed = index
  }

  /** Undefined for the room of a single instance. */
  get name(): string | undefined {
    return this.log.name
  }

  /** Whether no instance is in the room. */
  get isEmpty(): boolean {
    return this.#members.size === 0
  }

  /** About how many bytes of its log each of its instances is responsible for; all when nobody else is there. */
  get bytesPerMember(): number {
    return this.log.bytes / Math.max(1, this.#members.size)
  }

  get info(): RoomInfo {
    const members = Array.from(this.#members, ({ id }) => id)
    const { index, name, unread } = this.log
    return { name, members, readers: this.#cursors.size, behind: unread, index }
  }

  /** A cursor that begins with the next event. */
  open(sink: RoomCursorSink, away: boolean): RoomCursor {
    const cursor = new RoomCursor(this.log, sink, away)
    this.#cursors.add(cursor)
    return cursor
  }

  /** Removes a cursor. */
  close(cursor: RoomCursor): void {
    if (this.#cursors.delete(cursor)) cursor.end()
  }

  /** Adds an instance. */
  enter(member: Member, listens: boolean): void {
    this.#members.add(member)
    if (listens) this.#listening.add(member)
  }

  /** Removes an instance. */
  leave(member: Member): void {
    this.#members.delete(member)
    this.#listening.delete(member)
  }

  /** Sends an event to the clients. */
  say(name: string, payload: string, isFor: LoggedEvent["isFor"]): void {
    const { log } = this
    const cursors = this.#cursors
    if (cursors.size === 0) return
    // A client that reads as fast as it can must not lose events because many are broadcast in one turn of the event
    // loop.
    if (log.unread > 0 && log.index - this.#flushed >= this.#config.maxEvents / 2) this.#flushNow()
    log.append(new LoggedEvent({ index: log.index + 1, name, payload, time: this.#now() }, isFor))
    if (log.unread === cursors.size) return
    for (const cursor of cursors) cursor.wake()
  }

  /** Sends an event to the instances. Events that they broadcast in response follow it, for all. */
  tell(speech: RoomEvent): void {
    if (this.#hearing !== undefined) return void this.#hearing.push(speech)
    const hearing = (this.#hearing = [speech])
    for (const next of hearing) {
      for (const member of Array.from(this.#listening)) if (member !== next.except) member.hear(next)
    }
    this.#hearing = undefined
  }

  #flushNow(): void {
    this.#flushed = this.log.index
    for (const cursor of Array.from(this.#cursors)) cursor.flushNow()
  }
}
