/**
 * A place where events are said, and who hears them: clients, each with a cursor in one log, and instances, with a message in their
 * mailbox. An event is encoded once, and clients at the same place in the log share the text and the frame of what they have not
 * read. Places with a name are found in `Rooms`; an instance in none has one of its own, for those who have mounted it.
 */
import type { ComponentId } from "../../LiveId.ts"
import { Batch } from "../sync/Batch.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import type { WireEncoder, EventScope } from "../sync/WireEncoder.ts"
import { EventLog, LoggedEvent } from "./EventLog.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { Presence } from "./Presence.ts"

/** An instance that is in the room, and hears its events on the server. */
export interface Member {
  readonly id: ComponentId
  readonly hear: (speech: RoomEvent) => void
}

/** Who hears events elsewhere, as far as the room knows. */
export interface Hearer {
  /** There is something to read. */
  readonly wake: () => void
  /** It is to read now, if it can. */
  readonly flushNow: () => void
  /** An event has to make room in the log. */
  readonly forgetting: (index: number, isFor: NonNullable<LoggedEvent["isFor"]>) => void
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

/** A place where events are said. */
export class Room implements EventScope {
  readonly name: string | undefined
  readonly at: string
  readonly log: EventLog
  /** Who is there, for each component that wants to know. */
  readonly presences = new Map<string, Presence>()
  readonly cursors = new Set<Hearer>()
  readonly #config: LiveConfig.Settings
  readonly #now: () => number
  readonly #members = new Set<Member>()
  /** Those of them that may have something to do when they hear an event. */
  readonly #listening = new Set<Member>()
  /** Readers that have not read everything, whether they are there or not. */
  #unread = 0
  #hurried: number
  /** What is to be heard; undefined while nothing is said. */
  #hearing: Array<RoomEvent> | undefined
  readonly #shared = new Map<WireEncoder, { readonly after: number; readonly upTo: number; readonly batch: Batch }>()

  constructor(
    config: LiveConfig.Settings,
    place: { readonly room: string } | { readonly componentId: string },
    index: number,
    now: () => number
  ) {
    this.#config = config
    this.#now = now
    this.name = "room" in place ? place.room : undefined
    this.at =
      "room" in place ? `"room":${JSON.stringify(place.room)}` : `"componentId":${JSON.stringify(place.componentId)}`
    this.log = new EventLog(config, index)
    this.#hurried = index
  }

  /** Whether no instance is in it. */
  get isEmpty(): boolean {
    return this.#members.size === 0
  }

  get info(): RoomInfo {
    const members = Array.from(this.#members, ({ id }) => id)
    return { name: this.name, members, readers: this.cursors.size, behind: this.#unread, index: this.log.index }
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
    if (this.cursors.size === 0) return
    const { log } = this
    // Who reads as fast as it can loses nothing because much is said in one turn.
    if (this.#unread > 0 && log.index - this.#hurried >= this.#config.maxEvents / 2) this.#flushNow()
    log.append(new LoggedEvent({ index: log.index + 1, name, payload, time: this.#now() }, isFor), this.forgetting)
    if (this.#unread === this.cursors.size) return
    for (const cursor of this.cursors) cursor.wake()
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

  /** A reader has something to read, or has nothing any more. */
  counted(unread: 1 | -1): void {
    this.#unread += unread
    if (this.#unread === 0) this.#shared.clear()
  }

  /** The words for what was said after one event, made once for all who are at that place. */
  shared(encoder: WireEncoder, after: number, said: ReadonlyArray<LoggedEvent>): Batch {
    const upTo = this.log.index
    const known = this.#shared.get(encoder)
    if (known?.after === after && known.upTo === upTo) return known.batch
    const batch = new Batch(
      said.map((event) => event.in(encoder, this)),
      true
    )
    this.#shared.set(encoder, { after, upTo, batch })
    return batch
  }

  /** What was not for everyone is not missed by everyone. */
  readonly forgetting = (index: number, { isFor }: LoggedEvent): void => {
    if (isFor === undefined) return
    for (const cursor of this.cursors) cursor.forgetting(index, isFor)
  }

  #flushNow(): void {
    this.#hurried = this.log.index
    for (const cursor of Array.from(this.cursors)) cursor.flushNow()
  }
}
