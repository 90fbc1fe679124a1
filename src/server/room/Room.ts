/**
 * A room, and who hears what is said there: clients, each with a cursor in one log, and instances, with a message in their mailbox.
 * An event is encoded once, and clients that have read equally far share the text and the frame of what follows. Rooms with a name are
 * found in `Rooms`; an instance in none has one of its own, for those who have mounted it.
 */
import type { ComponentId } from "../../LiveId.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import { EventLog, LoggedEvent, type Audience } from "./EventLog.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { Presence } from "./Presence.ts"
import { RoomCursor, type RoomCursorSink } from "./RoomCursor.ts"

/** An instance that is in the room, and hears its events on the server. */
export interface Member {
  readonly id: ComponentId
  readonly hear: (speech: RoomEvent) => void
}

/** An event on its way to the members on the server. */
export interface RoomEvent {
  readonly event: string
  /** As the contract of who said it has it, decoded and encoded. */
  readonly payload: unknown
  readonly encoded: unknown
  /** The codec of who said it. */
  readonly codec: object
  readonly caller: ClientInfo | undefined
  /** Who is not to hear it. */
  readonly except: Member | undefined
  /** The id of the principal whose it is to be heard by; undefined for everyone. */
  readonly to: string | undefined
}

/** What is to be known of a room from outside. */
export interface RoomInfo {
  /** Undefined for that of a single instance. */
  readonly name: string | undefined
  /** The instances that are in it. */
  readonly members: ReadonlyArray<ComponentId>
  /** The clients that hear its events, and how many of them have not read all of them. */
  readonly readers: number
  readonly behind: number
  /** Counts its events. */
  readonly index: number
}

/** A room. */
export class Room {
  readonly log: EventLog
  /** Who is there, for each component that wants to know. */
  readonly presences = new Map<string, Presence>()
  readonly #cursors = new Set<RoomCursor>()
  readonly #config: LiveConfig.Settings
  readonly #now: () => number
  readonly #members = new Set<Member>()
  /** Those of them that may have something to do when they hear an event. */
  readonly #listening = new Set<Member>()
  /** The last event after which everyone was told to read. */
  #flushed: number
  /** What is to be heard; undefined while nothing is said. */
  #hearing: Array<RoomEvent> | undefined

  /** Its events are counted from `index` on. */
  constructor(config: LiveConfig.Settings, audience: Audience, index: number, now: () => number) {
    this.#config = config
    this.#now = now
    this.log = new EventLog(config, audience, index, (index, isFor) => {
      for (const cursor of this.#cursors) cursor.forgetting(index, isFor)
    })
    this.#flushed = index
  }

  /** Undefined for that of a single instance. */
  get name(): string | undefined {
    return this.log.name
  }

  /** Whether no instance is in it. */
  get isEmpty(): boolean {
    return this.#members.size === 0
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

  /** Nobody reads there any more. */
  close(cursor: RoomCursor): void {
    if (this.#cursors.delete(cursor)) cursor.end()
  }

  /** An instance is in it. */
  enter(member: Member, listens: boolean): void {
    this.#members.add(member)
    if (listens) this.#listening.add(member)
  }

  /** It is not any more. */
  leave(member: Member): void {
    this.#members.delete(member)
    this.#listening.delete(member)
  }

  /** Says an event to the clients. */
  say(name: string, payload: string, isFor: LoggedEvent["isFor"]): void {
    const { log } = this
    const cursors = this.#cursors
    if (cursors.size === 0) return
    // Who reads as fast as it can loses nothing because much is said in one turn of the event loop.
    if (log.unread > 0 && log.index - this.#flushed >= this.#config.maxEvents / 2) this.#flushNow()
    log.append(new LoggedEvent({ index: log.index + 1, name, payload, time: this.#now() }, isFor))
    if (log.unread === cursors.size) return
    for (const cursor of cursors) cursor.wake()
  }

  /** Tells the members on the server. What one of them says because of it is heard after it by all. */
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
