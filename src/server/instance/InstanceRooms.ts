/**
 * One instance among others: the rooms it is in, what it says there and hears, and who is there with it. An instance in no room has
 * a place of its own, where those who have mounted it are; the first room it is in takes the place of that.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { SendOptions } from "../../actor/Message.ts"
import type * as Component from "../../Component.ts"
import { type LiveError, NotInRoom, PayloadRejected, refuse, RoomRejected, TooManyRooms } from "../../LiveError.ts"
import type { ComponentId } from "../../LiveId.ts"
import { presenceId } from "../../LiveProtocol.ts"
import type { Person } from "../../Presence.ts"
import type { Principal } from "../../Principal.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import type { Subscriber } from "./Subscriber.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import { Presence } from "../room/Presence.ts"
import type { StateCursor } from "../sync/StateCursor.ts"
import type { Member, Room, RoomEvent } from "../room/Room.ts"
import { type Rooms, shortened } from "../room/Rooms.ts"

/** The instance, as far as its rooms may reach it. */
export interface Resident {
  readonly id: ComponentId
  readonly address: string
  readonly key: string | undefined
  readonly principal: Principal | undefined
  readonly definition: { readonly component: Component.Any; readonly hears: ReadonlySet<string> | undefined }
  readonly cursors: Iterable<StateCursor<Subscriber>> & { readonly size: number }
  readonly cell: {
    readonly send: (tag: string, payload: unknown, options: SendOptions, resume: undefined) => unknown
  }
  /** What has changed is seen. */
  readonly refresh: () => void
  /** Says something in the log of the server. */
  readonly report: (log: Effect.Effect<void>) => void
}

/** The tag of the messages with which an instance hears an event. */
export const hearing = (event: string): string => `on ${event}`

/** The rooms of one instance. */
export class InstanceRooms implements Member {
  readonly #instance: Resident
  readonly #rooms: Rooms["Service"]
  readonly #config: LiveConfig.Settings
  #joined: ReadonlyArray<Room> = []
  #own: Room | undefined
  #isOver = false
  /** What is known of those who have mounted it, until they are in a list. */
  readonly #metadata = new Map<StateCursor<Subscriber>, unknown>()
  #presence: { readonly of: Presence; readonly room: Room } | undefined
  #listeners: Set<(people: ReadonlyArray<Person>) => void> | undefined
  #stopListening: (() => void) | undefined

  constructor(instance: Resident, rooms: Rooms["Service"], config: LiveConfig.Settings) {
    this.#instance = instance
    this.#rooms = rooms
    this.#config = config
  }

  /** The names of the rooms it is in. */
  get names(): ReadonlyArray<string> {
    return this.#joined.flatMap(({ name }) => name ?? [])
  }

  /** Events said to those who have mounted it. */
  get index(): number {
    return this.#own?.log.index ?? 0
  }

  /** Enters a room, if it may. */
  join(room: string): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      const { address: component, key, principal } = this.#instance
      return Effect.flatMap(this.#rooms.admit({ room, component, key, principal }), () => this.#enter(room))
    })
  }

  /** Enters a room it may be in. */
  #enter(name: string): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      if (this.#isOver || this.#joined.some((room) => room.name === name)) return Effect.void
      const { maxRooms } = this.#config
      if (this.#joined.length >= maxRooms) return refuse(new TooManyRooms({ limit: maxRooms, of: "instance" }))
      const room = this.#rooms.openUnsafe(name)
      const { id, key, cursors, definition } = this.#instance
      // What a shared instance does is no client's doing: whoever has mounted it hears what is said there, however much that is.
      if (key === undefined && !Array.from(cursors).every(({ sink }) => sink.hasRoomFor([room]))) {
        this.#rooms.leftUnsafe(room)
        return refuse(this.tooMany)
      }
      this.#joined = [...this.#joined, room]
      room.enter(this, definition.hears === undefined || definition.hears.size > 0)
      for (const cursor of cursors) cursor.sink.enter(room, id, cursor, definition.component.codec.events)
      this.#settle()
      return Effect.void
    })
  }

  /** Whether a client that mounts it may be in all of its rooms. */
  fits(audience: Subscriber): boolean {
    return audience.hasRoomFor(this.#joined)
  }

  /** Why a client may not. */
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
    this.#settle()
    this.#rooms.leftUnsafe(room)
  }

  /** The instance has stopped. */
  end(): void {
    this.#isOver = true
    for (const name of this.names) this.leave(name)
    for (const cursor of Array.from(this.#metadata.keys())) this.departed(cursor)
    this.#stopListening?.()
  }

  /** A client has mounted it, with these props. */
  arrived(cursor: StateCursor<Subscriber>, props: unknown): void {
    const { id, principal, definition } = this.#instance
    const { presence } = definition.component.codec
    const { client } = cursor.sink
    for (const room of this.#joined) cursor.sink.enter(room, id, cursor, definition.component.codec.events)
    if (this.#own !== undefined) cursor.sink.enter(this.#own, id, cursor, definition.component.codec.events)
    if (presence === undefined) return
    try {
      const metadata = presence.initial(props, client.principal ?? principal)
      const encoded = presence.encodeMetadata(metadata)
      if (Exit.isFailure(encoded)) throw Cause.squash(encoded.cause)
      this.#metadata.set(cursor, metadata)
    } catch (defect) {
      this.#instance.report(
        Effect.logError("What is known of a client at first is not known: presence.initial failed", defect)
      )
      return
    }
    this.#list(cursor)
  }

  /** It has unmounted it. */
  departed(cursor: StateCursor<Subscriber>): void {
    const { id } = this.#instance
    for (const room of this.#joined) cursor.sink.forget(room, id)
    if (this.#own !== undefined) cursor.sink.forget(this.#own, id)
    this.#part(cursor)
    this.#metadata.delete(cursor)
  }

  /** It is away, or back. */
  seen(cursor: StateCursor<Subscriber>, isAway: boolean): void {
    this.#presence?.of.seen(cursor, isAway)
  }

  /** Says an event in a room. */
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
        return refuse(new PayloadRejected({ action: event, issue: String(Cause.squash(encoded.cause)) }))
      }
      const text = JSON.stringify(encoded.value ?? null)
      // What happened before the event is to be seen before it.
      this.#instance.refresh()
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
      const said = Effect.logWarning(`"${component}" cannot understand an event "${event}" of its room`, decoded.cause)
      return this.#instance.report(said)
    }
    this.#instance.cell.send(hearing(event), decoded.value, { from: caller }, undefined)
  }

  /** Who is there. */
  get people(): ReadonlyArray<Person> {
    return this.#presence?.of.people ?? []
  }

  /** Calls the listener with the list after each change, until the function returned is called. */
  listen(listener: (people: ReadonlyArray<Person>) => void): () => void {
    const listeners = (this.#listeners ??= new Set())
    listeners.add(listener)
    if (listeners.size === 1) this.#follow()
    else listener(this.people)
    return () => {
      listeners.delete(listener)
      if (listeners.size > 0) return
      this.#stopListening?.()
      this.#stopListening = undefined
    }
  }

  /** Says what is to be known of a client, or of all that have mounted a private instance. */
  track(metadata: unknown, of: ClientInfo | undefined): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      const { address, key, cursors, definition } = this.#instance
      const { presence } = definition.component.codec
      if (presence === undefined) return Effect.die(new Error(`"${address}" does not declare presence.`))
      const encoded = presence.encodeMetadata(metadata)
      if (Exit.isFailure(encoded)) {
        return refuse(new PayloadRejected({ action: "presence", issue: String(Cause.squash(encoded.cause)) }))
      }
      for (const cursor of cursors) {
        const isMeant = key === undefined ? of === undefined || this.#isOwn(of) : cursor.sink.client === of
        if (!isMeant) continue
        const isListed = this.#metadata.has(cursor)
        this.#metadata.set(cursor, metadata)
        if (isListed) this.#presence?.of.track(cursor, metadata)
        else this.#list(cursor)
      }
      return Effect.void
    })
  }

  /** Whether somebody is one of those who have mounted it. */
  #isOwn(client: ClientInfo): boolean {
    for (const { sink } of this.#instance.cursors) if (sink.client === client) return true
    return false
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

  /** Where it speaks: in its first room, or to those who have mounted it, if there is anybody. */
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

  /** Those who have mounted it are listed where it speaks. */
  #settle(): void {
    const { id, definition } = this.#instance
    const { codec, componentName } = definition.component
    if (codec.presence === undefined || (this.#metadata.size === 0 && this.#presence === undefined)) return
    const room = this.#home()
    if (this.#presence?.room === room) return
    const moving = Array.from(this.#metadata.keys())
    for (const cursor of moving) this.#part(cursor)
    this.#presence = undefined
    if (room === undefined) return
    let of = room.presences.get(componentName)
    if (of === undefined) {
      const place = room.name === undefined ? { componentId: id } : { room: room.name }
      of = new Presence(presenceId(componentName, place), codec.presence, this.#config, this.#rooms.nextListUnsafe())
      room.presences.set(componentName, of)
    }
    this.#presence = { of, room }
    for (const cursor of moving) this.#meet(cursor)
    if ((this.#listeners?.size ?? 0) > 0) this.#follow()
  }

  /** It is known what to say of this one. */
  #list(cursor: StateCursor<Subscriber>): void {
    this.#settle()
    this.#meet(cursor)
  }

  #meet(cursor: StateCursor<Subscriber>): void {
    const presence = this.#presence?.of
    if (presence === undefined || !this.#metadata.has(cursor) || presence.has(cursor)) return
    presence.enter(cursor, cursor.sink.client, this.#metadata.get(cursor), cursor.isAway)
    cursor.sink.watch(presence, cursor)
  }

  #part(cursor: StateCursor<Subscriber>): void {
    const presence = this.#presence
    if (presence === undefined || !presence.of.has(cursor)) return
    presence.of.leave(cursor)
    cursor.sink.unwatch(presence.of)
    if (presence.of.isEmpty) presence.room.presences.delete(this.#instance.address)
  }

  /** Its listeners listen to the list of where it is. */
  #follow(): void {
    this.#stopListening?.()
    const tell = (people: ReadonlyArray<Person>) => this.#listeners?.forEach((listener) => listener(people))
    this.#stopListening = this.#presence?.of.listen(tell)
    tell(this.people)
  }
}

/** A shared instance is in the rooms its behaviour joins, not in those of whoever mounts it. */
export const notForShared = (room: string): RoomRejected =>
  new RoomRejected({ room: shortened(room), issue: "an instance with a key cannot be mounted in a room" })
