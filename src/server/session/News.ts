/**
 * What one client has to be told: of the instances it has mounted, of the rooms they are in, and of who is there. It knows who has
 * something to say, in which order that is said, and what of it has arrived.
 */
import type { Place, RoomPlace } from "../../LiveProtocol.ts"
import type { Batch } from "../sync/Batch.ts"
import { Client } from "../sync/Client.ts"
import type { Dialect } from "../sync/Dialect.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { Presence } from "../room/Presence.ts"
import type { Principal } from "../../Principal.ts"
import type { Audience } from "../instance/Audience.ts"
import type { Reader } from "../sync/Reader.ts"
import { Receipts } from "./Receipts.ts"
import type { Room } from "../room/Room.ts"
import { RoomReader, type RoomSink } from "../room/RoomReader.ts"

/** Who has something to say. */
type Readable = Reader | RoomReader

/** Who collects what there is to say. */
export interface Collector {
  /** In which words it is to be told. */
  readonly dialect: Dialect
  /** There is something to collect. */
  readonly schedule: () => void
  /** Collects it now, as far as there is room. */
  readonly hurry: () => void
  /** Another connection has the session now. */
  readonly replaced: () => void
}

/** What all clients of a server share. */
export interface NewsHost {
  readonly config: Pick<LiveConfig.Service, "maxRooms">
  /** A name for a client that others may know. */
  readonly connectionId: () => string
}

/** A list of who is there, and how many mounts want it. */
interface Watched {
  readonly reader: Reader
  mounts: number
}

const nothing: ReadonlyArray<Batch> = []

/** What one client has to be told. */
export class News implements Audience, RoomSink {
  readonly principal: Principal | undefined
  readonly dialect: Dialect
  /** Undefined while the client is away. */
  connection: Collector | undefined
  readonly #host: NewsHost
  #client: Client | undefined
  #behind: Array<Readable> | undefined
  #turn = 0
  #rooms: Map<Room, RoomReader> | undefined
  #watched: Map<Presence, Watched> | undefined
  #receipts: Receipts | undefined
  #going: Array<Readable> | undefined

  constructor(principal: Principal | undefined, connection: Collector, host: NewsHost) {
    this.principal = principal
    this.dialect = connection.dialect
    this.connection = connection
    this.#host = host
  }

  get client(): Client {
    return (this.#client ??= new Client(this.principal, this.#host.connectionId()))
  }

  /** Whether there is something to collect. */
  get isBehind(): boolean {
    return this.#behind !== undefined
  }

  readerWoke(reader: Readable): void {
    if (this.#behind !== undefined) return void this.#behind.push(reader)
    this.#behind = [reader]
    this.connection?.schedule()
  }

  hurry(): void {
    this.connection?.hurry()
  }

  nextTurn(): number {
    return ++this.#turn
  }

  /** What goes out now: of the components first, then of the rooms, then of who is there. */
  collect(): ReadonlyArray<Batch> {
    const readers = this.#behind
    if (readers === undefined) return nothing
    this.#behind = undefined
    if (readers.length > 1) readers.sort((a, b) => a.rank - b.rank)
    const batches: Array<Batch> = []
    for (const reader of readers) {
      const { serial } = reader
      reader.take(batches)
      if (reader.serial !== serial || reader.isEnding) (this.#going ??= []).push(reader)
    }
    return batches
  }

  /** What was collected last goes out with this batch, and those before it. */
  sent(batch: number): void {
    const going = this.#going
    if (going === undefined) return
    this.#going = undefined
    const receipts = (this.#receipts ??= new Receipts())
    for (const reader of going) receipts.expect(batch, reader)
  }

  /** The client has this batch, and all before it. */
  acknowledged(batch: number): void {
    this.#receipts?.acknowledged(batch)
    if (this.#receipts?.isEmpty === true) this.#receipts = undefined
  }

  /** There is nothing more to be said of this. */
  drop(reader: Readable): void {
    const others = this.#behind?.filter((other) => other !== reader)
    this.#behind = others?.length === 0 ? undefined : others
  }

  /** The connection is gone. */
  detach(): void {
    this.connection = undefined
    this.#receipts = undefined
    this.#going = undefined
    this.#rooms?.forEach((reader) => reader.detach())
    this.#watched?.forEach(({ reader }) => reader.leave())
  }

  /** The client is back. */
  attach(connection: Collector): void {
    this.connection = connection
    this.#behind = undefined
  }

  /** The client has read the rooms, the components and the lists this far. */
  resume(
    rooms: ReadonlyArray<RoomPlace>,
    presence: ReadonlyArray<Place>,
    indexOf: (componentId: string) => number | undefined
  ): void {
    const read = new Map(rooms.map(({ index, room }) => [room, index]))
    for (const reader of this.#rooms?.values() ?? []) {
      const { name } = reader.room
      reader.resume(name === undefined ? indexOf(reader.first) : read.get(name))
    }
    const places = new Map(presence.map((place) => [place.componentId, place]))
    for (const [{ id }, { reader }] of this.#watched ?? []) reader.resume(places.get(id))
  }

  /** The client has read the rooms as far as it was told. */
  takeUp(): void {
    for (const reader of this.#rooms?.values() ?? []) reader.resume(reader.serial)
  }

  /** The client knows of this component, so it may be told of its rooms, and of who is there. */
  announce(componentId: string): void {
    this.#rooms?.forEach((reader) => reader.announce(componentId))
    this.#watched?.forEach(({ reader }) => reader.announce())
  }

  /** The client is going to be told of this component again. */
  hold(componentId: string): void {
    this.#rooms?.forEach((reader) => reader.hold(componentId))
  }

  /** After which event what is said to those who have mounted a component is for this client. */
  from(componentId: string): number | undefined {
    for (const [{ name }, reader] of this.#rooms ?? []) {
      if (name === undefined && reader.has(componentId)) return reader.from(componentId)
    }
    return undefined
  }

  hasRoomFor(rooms: ReadonlyArray<Room>): boolean {
    // What was left, and may not be known to be left, takes no room.
    const entered = Array.from(this.#rooms ?? []).flatMap(([room, reader]) => (reader.isEntered ? [room] : []))
    const all = new Set([...entered, ...rooms])
    // Places without a name are no rooms.
    return Array.from(all).filter(({ name }) => name !== undefined).length <= this.#host.config.maxRooms
  }

  enter(room: Room, componentId: string, { isHeld }: Reader, events: ReadonlyMap<string, unknown>): void {
    this.#rooms?.get(room)?.joining(componentId)
    const rooms = (this.#rooms ??= new Map())
    let reader = rooms.get(room)
    if (reader === undefined) rooms.set(room, (reader = new RoomReader(room, this, this.connection === undefined)))
    reader.join(componentId, isHeld, events)
  }

  exit(room: Room, componentId: string): void {
    this.#rooms?.get(room)?.leave(componentId)
  }

  forget(room: Room, componentId: string): void {
    this.#rooms?.get(room)?.forget(componentId)
  }

  done(reader: RoomReader): void {
    // A receipt may come for one that was done before, and whose room has another by now.
    if (this.#rooms?.get(reader.room) !== reader) return
    this.drop(reader)
    this.#rooms.delete(reader.room)
    if (this.#rooms.size === 0) this.#rooms = undefined
    reader.close()
  }

  watch(presence: Presence, { isHeld }: Reader): void {
    if (!this.dialect.hasPresence) return
    const watched = (this.#watched ??= new Map())
    const known = watched.get(presence)
    if (known !== undefined) {
      known.mounts++
      return
    }
    const reader = presence.read(this)
    watched.set(presence, { reader, mounts: 1 })
    if (this.connection === undefined) reader.leave()
    else if (!isHeld) reader.announce()
  }

  unwatch(presence: Presence): void {
    const known = this.#watched?.get(presence)
    if (known === undefined || --known.mounts > 0) return
    this.#watched?.delete(presence)
    if (this.#watched?.size === 0) this.#watched = undefined
    this.drop(known.reader)
    presence.close(known.reader)
  }

  /** Its place in the list of this id, if it is told of that. */
  listReader(presenceId: string): Reader | undefined {
    for (const [{ id }, { reader }] of this.#watched ?? []) if (id === presenceId) return reader
    return undefined
  }
}
