/**
 * Everything that one client has to be sent: the states of its instances, the events of their rooms, and presence. It
 * knows which cursors have something to read, in which order they are read, and what the client has acknowledged.
 */
import type { UploadRejected } from "../../LiveError.ts"
import type { ResumePoint, RoomResumePoint } from "../../LiveProtocol.ts"
import type { Batch } from "../sync/Batch.ts"
import { ClientInfo } from "../sync/ClientInfo.ts"
import type { WireEncoder } from "../sync/WireEncoder.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import * as Footprint from "../Footprint.ts"
import type { Presence } from "../room/Presence.ts"
import type { Principal } from "../../Principal.ts"
import type { Subscriber } from "../instance/Subscriber.ts"
import { StateCursor } from "../sync/StateCursor.ts"
import { CarriedTokens } from "./CarriedTokens.ts"
import { PendingAcks } from "./PendingAcks.ts"
import type { Room } from "../room/Room.ts"
import type { RoomCursor, RoomCursorSink } from "../room/RoomCursor.ts"

/** What can be read. */
type Readable = StateCursor | RoomCursor | CarriedTokens

/** The connection that sends what there is to read. */
export interface FeedConsumer {
  /** The principal of the connection; undefined for an anonymous client. */
  readonly principal: Principal | undefined
  /** Where it comes from; undefined where there are no addresses. */
  readonly address: string | undefined
  /** The encoder of its wire. */
  readonly encoder: WireEncoder
  /** There is something to collect. */
  readonly schedule: () => void
  /** Collects now, as far as there is room. */
  readonly flushNow: () => void
  /** Another connection has taken over the session. */
  readonly replaced: () => void
  /** Is told of the uploads of its client. */
  readonly uploads?: UploadConsumer
}

/** Tells a client of its uploads. */
export interface UploadConsumer {
  /** All bytes below this offset are stored. */
  readonly received: (uploadId: string, received: number) => void
  /** It has ended. `isAsked`: the client waits for its outcome, and is answered. */
  readonly failed: (uploadId: string, reason: UploadRejected, isAsked: boolean) => void
}

/** What the feeds of all clients share. */
export interface ClientFeedHost {
  readonly config: Pick<LiveConfig.Settings, "maxComponents" | "maxRooms">
  /** Makes an id for a client that other clients may see. */
  readonly connectionId: () => string
}

/** A list of presence, and the number of mounts that follow it. */
interface Watched {
  readonly cursor: StateCursor
  mounts: number
}

const nothing: ReadonlyArray<Batch> = []

/** What one client has to be sent. */
export class ClientFeed implements Subscriber, RoomCursorSink {
  readonly principal: Principal | undefined
  readonly encoder: WireEncoder
  /** Undefined while the client is not connected. */
  connection: FeedConsumer | undefined
  /** Where its client is connected from, or was last. */
  address: string | undefined
  readonly #host: ClientFeedHost
  #client: ClientInfo | undefined
  #behind: Array<Readable> | undefined
  /** How often its components have joined rooms. */
  #joined = 0
  #rooms: Map<Room, RoomCursor> | undefined
  #watched: Map<Presence, Watched> | undefined
  #carried: CarriedTokens | undefined
  #unacknowledged: PendingAcks | undefined
  #going: Array<Readable> | undefined
  /** Whether something was given up that the client would have to be told when it comes back. */
  isLost = false

  constructor(connection: FeedConsumer, host: ClientFeedHost) {
    this.principal = connection.principal
    this.encoder = connection.encoder
    this.address = connection.address
    this.connection = connection
    this.#host = host
  }

  /** Each of its components and its rooms, and as many that it has left. */
  get #maxUnacknowledged(): number {
    const { maxComponents, maxRooms } = this.#host.config
    return 2 * (maxComponents + maxRooms)
  }

  /** About how many bytes are held for what it has to be sent of rooms. */
  get bytes(): number {
    return (this.#rooms?.size ?? 0) * Footprint.room
  }

  get client(): ClientInfo {
    return (this.#client ??= new ClientInfo(this.principal, this.#host.connectionId()))
  }

  /** Whether there is something to collect. */
  get isBehind(): boolean {
    return this.#behind !== undefined
  }

  cursorWoke(cursor: Readable): void {
    if (this.#behind !== undefined) return void this.#behind.push(cursor)
    this.#behind = [cursor]
    this.connection?.schedule()
  }

  flushNow(): void {
    this.connection?.flushNow()
  }

  nextOrder(): number {
    return ++this.#joined
  }

  /** Collects what there is to read: states first, then rooms, then presence. */
  collect(): ReadonlyArray<Batch> {
    const cursors = this.#behind
    if (cursors === undefined) return nothing
    this.#behind = undefined
    if (cursors.length > 1) cursors.sort((a, b) => a.rank - b.rank)
    const batches: Array<Batch> = []
    for (const cursor of cursors) {
      const { serial } = cursor
      cursor.take(batches)
      if (cursor.serial !== serial || cursor.isEnding) (this.#going ??= []).push(cursor)
    }
    return batches
  }

  /** What was collected last is sent with this batch, and those before it. */
  sent(batch: number): void {
    const going = this.#going
    if (going === undefined) return
    this.#going = undefined
    const unacknowledged = (this.#unacknowledged ??= new PendingAcks(this.#maxUnacknowledged))
    for (const cursor of going) unacknowledged.expect(batch, cursor)
  }

  /** The client has this batch, and all before it. */
  acknowledged(batch: number): void {
    this.#unacknowledged?.acknowledged(batch)
    if (this.#unacknowledged?.isEmpty === true) this.#unacknowledged = undefined
  }

  carry(cursor: StateCursor, token: string): void {
    this.#carried ??= new CarriedTokens((tokens) => this.cursorWoke(tokens))
    this.#carried.add(cursor, token)
  }

  /** Nothing more is read from this cursor. */
  drop(cursor: StateCursor | RoomCursor): void {
    if (cursor instanceof StateCursor) this.#carried?.delete(cursor)
    const others = this.#behind?.filter((other) => other !== cursor)
    this.#behind = others?.length === 0 ? undefined : others
  }

  /** The client has disconnected. */
  detach(): void {
    this.connection = undefined
    this.#unacknowledged = undefined
    this.#going = undefined
    this.#rooms?.forEach((cursor) => cursor.detach())
    this.#watched?.forEach(({ cursor }) => cursor.leave())
  }

  /** The client is connected again. */
  attach(connection: FeedConsumer): void {
    this.connection = connection
    this.address = connection.address
    this.#behind = undefined
  }

  /** The client has read the rooms, the components and the lists this far. */
  resume(
    rooms: ReadonlyArray<RoomResumePoint>,
    presence: ReadonlyArray<ResumePoint>,
    indexOf: (componentId: string) => number | undefined
  ): void {
    const read = new Map(rooms.map(({ index, room }) => [room, index]))
    for (const cursor of this.#rooms?.values() ?? []) {
      const { name } = cursor.log
      cursor.resume(name === undefined ? indexOf(cursor.first) : read.get(name))
    }
    const points = new Map(presence.map((point) => [point.componentId, point]))
    for (const [{ id }, { cursor }] of this.#watched ?? []) cursor.resume(points.get(id))
    this.#carried?.resume()
  }

  /** The client has all that it was sent. */
  resumeAll(): void {
    for (const cursor of this.#rooms?.values() ?? []) cursor.resume(cursor.serial)
  }

  /** The client knows this component: it may be sent its rooms, and presence. */
  announce(componentId: string): void {
    this.#rooms?.forEach((cursor) => cursor.announce(componentId))
    this.#watched?.forEach(({ cursor }) => cursor.announce())
    this.#carried?.wake()
  }

  /** The client is going to be told of this component again. */
  unannounce(componentId: string): void {
    this.#rooms?.forEach((cursor) => cursor.unannounce(componentId))
  }

  /** The index of the event after which the client follows the component's own room. */
  from(componentId: string): number | undefined {
    for (const [{ name }, cursor] of this.#rooms ?? []) {
      if (name === undefined && cursor.has(componentId)) return cursor.from(componentId)
    }
    return undefined
  }

  hasRoomFor(rooms: ReadonlyArray<Room>): boolean {
    // Rooms that were left do not count, even before the client has acknowledged that.
    const entered = Array.from(this.#rooms ?? []).flatMap(([room, cursor]) => (cursor.isEntered ? [room] : []))
    const all = new Set([...entered, ...rooms])
    // A room without a name belongs to one instance, and does not count.
    return Array.from(all).filter(({ name }) => name !== undefined).length <= this.#host.config.maxRooms
  }

  enter(room: Room, componentId: string, { isAnnounced }: StateCursor, events: ReadonlyMap<string, unknown>): void {
    this.#rooms?.get(room)?.joining(componentId)
    const rooms = (this.#rooms ??= new Map())
    let cursor = rooms.get(room)
    if (cursor === undefined) rooms.set(room, (cursor = room.open(this, this.connection === undefined)))
    cursor.join(componentId, isAnnounced, events)
  }

  exit(room: Room, componentId: string): void {
    this.#rooms?.get(room)?.leave(componentId)
    this.#giveUp()
  }

  /**
   * Rooms that were left are kept until the client has acknowledged that, but no more of them than it may be in: it need
   * not acknowledge anything. Then it cannot come back to its session, and mounts its components again.
   */
  #giveUp(): void {
    const { maxRooms } = this.#host.config
    if (this.#rooms === undefined || this.#rooms.size <= maxRooms) return
    const left = Array.from(this.#rooms.values()).filter(({ isEntered }) => !isEntered)
    const [oldest] = left
    if (oldest === undefined || left.length <= maxRooms) return
    this.isLost = true
    this.flushNow()
    this.done(oldest)
  }

  forget(room: Room, componentId: string): void {
    this.#rooms?.get(room)?.forget(componentId)
  }

  done(cursor: RoomCursor): void {
    // The cursor may have ended before, and the room may have another since.
    const room = this.#roomOf(cursor)
    if (room === undefined) return
    this.drop(cursor)
    this.#rooms?.delete(room)
    if (this.#rooms?.size === 0) this.#rooms = undefined
    room.close(cursor)
  }

  #roomOf(cursor: RoomCursor): Room | undefined {
    for (const [room, own] of this.#rooms ?? []) if (own === cursor) return room
    return undefined
  }

  watch(presence: Presence, { isAnnounced }: StateCursor): void {
    if (!this.encoder.hasPresence) return
    const watched = (this.#watched ??= new Map())
    const known = watched.get(presence)
    if (known !== undefined) {
      known.mounts++
      return
    }
    const cursor = presence.read(this)
    watched.set(presence, { cursor, mounts: 1 })
    if (this.connection === undefined) cursor.leave()
    else if (isAnnounced) cursor.announce()
  }

  unwatch(presence: Presence): void {
    const known = this.#watched?.get(presence)
    if (known === undefined || --known.mounts > 0) return
    this.#watched?.delete(presence)
    if (this.#watched?.size === 0) this.#watched = undefined
    this.drop(known.cursor)
    presence.close(known.cursor)
  }

  /** The cursor of a list of presence, if the client follows it. */
  listCursor(presenceId: string): StateCursor | undefined {
    for (const [{ id }, { cursor }] of this.#watched ?? []) if (id === presenceId) return cursor
    return undefined
  }
}
