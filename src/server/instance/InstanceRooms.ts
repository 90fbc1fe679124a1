/**
 * The rooms of one instance, with its events and presence. An instance that has joined no room has its own room,
 * without a name, for those who have mounted it; the first room that it joins takes the place of that.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { issueOf } from "../../ComponentCodec.ts"
import type * as Component from "../../Component.ts"
import { type LiveError, NotInRoom, PayloadRejected, refuse, RoomRejected, TooManyRooms } from "../../LiveError.ts"
import { textOf } from "../../Json.ts"
import type { ComponentId } from "../../LiveId.ts"
import type { Json } from "../../Patch.ts"
import type { Person } from "../../Presence.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import * as HeardEvents from "./HeardEvents.ts"
import type { Instance } from "./Instance.ts"
import { InstancePresence } from "./InstancePresence.ts"
import type { PresenceSealer } from "./PresenceSealer.ts"
import type { Subscriber } from "./Subscriber.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { StateCursor } from "../sync/StateCursor.ts"
import type { Member, Room, RoomEvent } from "../room/Room.ts"
import { type Rooms, shortened } from "../room/Rooms.ts"

/** What the rooms of all instances share. */
export interface RoomsHost {
  readonly config: LiveConfig.Settings
  readonly rooms: Rooms["Service"]
  readonly presences: Pick<PresenceSealer, "drop" | "mark">
}

/** The rooms of one instance. */
export class InstanceRooms implements Member {
  readonly #instance: Instance
  readonly #rooms: Rooms["Service"]
  readonly #config: LiveConfig.Settings
  /** Undefined when the contract declares no presence. */
  readonly #presence: InstancePresence | undefined
  #joined: ReadonlyArray<Room> = []
  #own: Room | undefined
  #isOver = false

  constructor(instance: Instance, { config, presences, rooms }: RoomsHost) {
    this.#instance = instance
    this.#rooms = rooms
    this.#config = config
    const codec = instance.definition.component.codec.presence
    if (codec !== undefined) {
      this.#presence = new InstancePresence(instance, {
        codec,
        config,
        rooms,
        sealer: presences,
        home: () => this.#home()
      })
    }
  }

  get id(): ComponentId {
    return this.#instance.id
  }

  /** The names of the rooms it has joined. */
  get names(): ReadonlyArray<string> {
    return this.#joined.flatMap(({ name }) => name ?? [])
  }

  /** The index of the last event in its own room. */
  get index(): number {
    return this.#own?.log.index ?? 0
  }

  /** Joins a room, if Authorization permits it. */
  join(room: string): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      const { address: component, key, principal } = this.#instance
      return Effect.flatMap(this.#rooms.admit({ room, component, key, principal }), () => this.#enter(room))
    })
  }

  /** Joins a room without asking Authorization. */
  #enter(name: string): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      if (this.#isOver || this.#joined.some((room) => room.name === name)) return Effect.void
      const { maxRooms } = this.#config
      if (this.#joined.length >= maxRooms) return refuse(new TooManyRooms({ limit: maxRooms, of: "instance" }))
      const room = this.#rooms.openUnsafe(name)
      const { id, key, cursors, definition } = this.#instance
      // Clients do not decide which rooms a shared instance joins, so their limits do not apply to it.
      if (key === undefined && !Array.from(cursors).every(({ sink }) => sink.hasRoomFor([room]))) {
        this.#rooms.leftUnsafe(room)
        return refuse(this.tooMany)
      }
      this.#joined = [...this.#joined, room]
      room.enter(this, definition.hears === undefined || definition.hears.size > 0)
      for (const cursor of cursors) cursor.sink.enter(room, id, cursor, definition.component.codec.events)
      this.#presence?.settle()
      return Effect.void
    })
  }

  /** Whether the room limit of a client permits it to mount the instance. */
  fits(audience: Subscriber): boolean {
    return audience.hasRoomFor(this.#joined)
  }

  /** The error for a client whose limit does not. */
  get tooMany(): TooManyRooms {
    return new TooManyRooms({ limit: this.#config.maxRooms, of: "connection" })
  }

  /** Leaves a room. */
  leave(name: string): void {
    const room = this.#joined.find((room) => room.name === name)
    if (room === undefined) return
    this.#joined = this.#joined.filter((other) => other !== room)
    room.leave(this)
    for (const { sink } of this.#instance.cursors) sink.exit(room, this.#instance.id)
    this.#presence?.settle()
    this.#rooms.leftUnsafe(room)
  }

  /** The instance has stopped. */
  end(): void {
    this.#isOver = true
    for (const name of this.names) this.leave(name)
    this.#presence?.end()
  }

  /** About how many bytes its events take: those of its own room, and its share of those of others. */
  get bytes(): number {
    let bytes = 0
    for (const room of this.#all) bytes += room.bytesPerMember
    return bytes
  }

  /** About how many bytes the metadata of a mount takes. */
  metadataBytes(cursor: StateCursor<Subscriber>): number {
    return this.#presence?.bytesOf(cursor) ?? 0
  }

  /** A client has mounted the instance. `presence`: what was tracked of it in an earlier session, encoded. */
  arrived(cursor: StateCursor<Subscriber>, props: unknown, presence?: Json): void {
    const { id, definition } = this.#instance
    for (const room of this.#all) cursor.sink.enter(room, id, cursor, definition.component.codec.events)
    this.#presence?.arrived(cursor, props, presence)
  }

  /** Sends the client of a shared instance a token of what is tracked of it, now and later. */
  carry(cursor: StateCursor<Subscriber>): void {
    this.#presence?.carry(cursor)
  }

  /** Sends new tokens before those that clients carry expire. */
  renew(): void {
    this.#presence?.renew()
  }

  /** A client has unmounted the instance. */
  departed(cursor: StateCursor<Subscriber>): void {
    for (const room of this.#all) cursor.sink.forget(room, this.#instance.id)
    this.#presence?.departed(cursor)
  }

  /** A client has disconnected or is back. */
  seen(cursor: StateCursor<Subscriber>): void {
    this.#presence?.seen(cursor)
  }

  /** Sends an event to a room. */
  broadcast(
    event: string,
    payload: unknown,
    options: Component.BroadcastOptions,
    caller: ClientInfo | undefined
  ): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      const { address: component, definition } = this.#instance
      const codec = definition.component.codec.events.get(event)
      if (codec === undefined) return Effect.die(new Error(`"${component}" declares no event "${event}".`))
      const room = options.room === undefined ? this.#home() : this.#joined.find(({ name }) => name === options.room)
      if (room === undefined && options.room !== undefined) {
        return refuse(new NotInRoom({ component, room: shortened(options.room) }))
      }
      const encoded = codec.encode(payload)
      if (Exit.isFailure(encoded)) {
        return refuse(new PayloadRejected({ action: event, issue: issueOf(encoded.cause) }))
      }
      const text = textOf(encoded.value ?? null)
      // Clients must see what happened before the event first.
      if (!this.#instance.isBuilding) this.#instance.publish()
      const except = options.except === "sender" ? this : undefined
      room?.say(event, text, this.#isFor(options, caller))
      const speech = { event, payload, encoded: encoded.value, codec, caller, except, to: options.to }
      if (room === undefined || room === this.#own) {
        if (except === undefined) this.hear(speech)
      } else room.tell(speech)
      return Effect.void
    })
  }

  hear({ caller, codec, encoded, event, payload, to }: RoomEvent): void {
    const { principal, definition } = this.#instance
    const own = definition.component.codec.events.get(event)
    if (own === undefined || definition.hears?.has(event) === false) return
    if (to !== undefined && principal?.id !== to) return
    const decoded = own === codec ? Exit.succeed(payload) : own.decode(encoded)
    if (Exit.isFailure(decoded)) {
      const { address: component } = this.#instance
      const message = `"${component}" cannot decode the event "${event}" of its room`
      return this.#instance.report(message, decoded.cause)
    }
    this.#instance.cell.send(HeardEvents.tagOf(event), decoded.value, { from: caller }, undefined)
  }

  /** Everyone in the list of presence. */
  get people(): ReadonlyArray<Person> {
    return this.#presence?.people ?? []
  }

  /** Calls the listener with the list now and after each change, until the returned function is called. */
  listen(listener: (people: ReadonlyArray<Person>) => void): () => void {
    if (this.#presence !== undefined) return this.#presence.listen(listener)
    listener([])
    return () => {}
  }

  /**
   * Sets the metadata of one client; without a client, or for any client of a private instance, that of all its mounts.
   */
  track(metadata: unknown, of: ClientInfo | undefined): Effect.Effect<void, LiveError> {
    return (
      this.#presence?.track(metadata, of) ??
      Effect.die(new Error(`"${this.#instance.address}" does not declare presence.`))
    )
  }

  #isFor(
    { except, to }: Component.BroadcastOptions,
    caller: ClientInfo | undefined
  ): ((client: ClientInfo) => boolean) | undefined {
    if (to === undefined && except === undefined) return undefined
    const { key, cursors } = this.#instance
    const senders = new Set<ClientInfo>()
    if (except !== undefined && caller !== undefined) senders.add(caller)
    else if (except !== undefined && key === undefined) for (const { sink } of cursors) senders.add(sink.client)
    return (client) => (to === undefined || client.principal?.id === to) && !senders.has(client)
  }

  /** The default room of its events: the first it has joined, or its own when somebody has mounted it. */
  #home(): Room | undefined {
    const [first] = this.#joined
    if (first !== undefined) return first
    const { id, cursors, definition } = this.#instance
    if (this.#own === undefined && cursors.size > 0 && !this.#isOver) {
      this.#own = this.#rooms.ofInstanceUnsafe(id)
      for (const cursor of cursors) cursor.sink.enter(this.#own, id, cursor, definition.component.codec.events)
    }
    return this.#own
  }

  /** All its rooms, including its own. */
  get #all(): ReadonlyArray<Room> {
    return this.#own === undefined ? this.#joined : [...this.#joined, this.#own]
  }
}

/** Refuses to mount a shared instance in a room: its behaviour decides which rooms it joins. */
export const notForShared = (room: string): RoomRejected =>
  new RoomRejected({ room: shortened(room), issue: "an instance with a key cannot be mounted in a room" })
