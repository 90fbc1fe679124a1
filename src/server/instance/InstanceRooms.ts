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
import type { Client } from "../sync/Client.ts"
import type { Audience } from "./Audience.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import { Presence } from "../room/Presence.ts"
import type { Reader } from "../sync/Reader.ts"
import type { Member, Room, Speech } from "../room/Room.ts"
import { type Rooms, shortened } from "../room/Rooms.ts"

/** The instance, as far as its rooms may reach it. */
export interface Resident {
  readonly id: ComponentId
  readonly address: string
  readonly key: string | undefined
  readonly principal: Principal | undefined
  readonly served: { readonly component: Component.Any; readonly hears: ReadonlySet<string> | undefined }
  readonly readers: Iterable<Reader<Audience>> & { readonly size: number }
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
  readonly #config: LiveConfig.Service
  #joined: ReadonlyArray<Room> = []
  #own: Room | undefined
  #isOver = false
  /** What is known of those who have mounted it, until they are in a list. */
  readonly #metadata = new Map<Reader<Audience>, unknown>()
  #presence: { readonly of: Presence; readonly room: Room } | undefined
  #listeners: Set<(people: ReadonlyArray<Person>) => void> | undefined
  #stopListening: (() => void) | undefined

  constructor(instance: Resident, rooms: Rooms["Service"], config: LiveConfig.Service) {
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
      const { id, key, readers, served } = this.#instance
      // What a shared instance does is no client's doing: whoever has mounted it hears what is said there, however much that is.
      if (key === undefined && !Array.from(readers).every(({ sink }) => sink.hasRoomFor([room]))) {
        this.#rooms.leftUnsafe(room)
        return refuse(this.tooMany)
      }
      this.#joined = [...this.#joined, room]
      room.enter(this, served.hears === undefined || served.hears.size > 0)
      for (const reader of readers) reader.sink.enter(room, id, reader, served.component.codec.events)
      this.#settle()
      return Effect.void
    })
  }

  /** Whether a client that mounts it may be in all of its rooms. */
  fits(audience: Audience): boolean {
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
    for (const { sink } of this.#instance.readers) sink.exit(room, this.#instance.id)
    this.#settle()
    this.#rooms.leftUnsafe(room)
  }

  /** The instance has stopped. */
  end(): void {
    this.#isOver = true
    for (const name of this.names) this.leave(name)
    for (const reader of Array.from(this.#metadata.keys())) this.departed(reader)
    this.#stopListening?.()
  }

  /** A client has mounted it, with these props. */
  arrived(reader: Reader<Audience>, props: unknown): void {
    const { id, principal, served } = this.#instance
    const { presence } = served.component.codec
    const { client } = reader.sink
    for (const room of this.#joined) reader.sink.enter(room, id, reader, served.component.codec.events)
    if (this.#own !== undefined) reader.sink.enter(this.#own, id, reader, served.component.codec.events)
    if (presence === undefined) return
    try {
      const metadata = presence.initial(props, client.principal ?? principal)
      const encoded = presence.encodeMetadata(metadata)
      if (Exit.isFailure(encoded)) throw Cause.squash(encoded.cause)
      this.#metadata.set(reader, metadata)
    } catch (defect) {
      this.#instance.report(
        Effect.logError("What is known of a client at first is not known: presence.initial failed", defect)
      )
      return
    }
    this.#list(reader)
  }

  /** It has unmounted it. */
  departed(reader: Reader<Audience>): void {
    const { id } = this.#instance
    for (const room of this.#joined) reader.sink.forget(room, id)
    if (this.#own !== undefined) reader.sink.forget(this.#own, id)
    this.#part(reader)
    this.#metadata.delete(reader)
  }

  /** It is away, or back. */
  seen(reader: Reader<Audience>, isAway: boolean): void {
    this.#presence?.of.seen(reader, isAway)
  }

  /** Says an event in a room. */
  broadcast(
    event: string,
    payload: unknown,
    options: Component.BroadcastOptions,
    caller: Client | undefined
  ): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      const { address: component, served } = this.#instance
      const codec = served.component.codec.events.get(event)
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

  hear({ caller, codec, encoded, event, payload, to }: Speech): void {
    const { principal, served } = this.#instance
    const own = served.component.codec.events.get(event)
    if (own === undefined || served.hears?.has(event) === false) return
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
  track(metadata: unknown, of: Client | undefined): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      const { address, key, readers, served } = this.#instance
      const { presence } = served.component.codec
      if (presence === undefined) return Effect.die(new Error(`"${address}" does not declare presence.`))
      const encoded = presence.encodeMetadata(metadata)
      if (Exit.isFailure(encoded)) {
        return refuse(new PayloadRejected({ action: "presence", issue: String(Cause.squash(encoded.cause)) }))
      }
      for (const reader of readers) {
        const isMeant = key === undefined ? of === undefined || this.#isOwn(of) : reader.sink.client === of
        if (!isMeant) continue
        const isListed = this.#metadata.has(reader)
        this.#metadata.set(reader, metadata)
        if (isListed) this.#presence?.of.track(reader, metadata)
        else this.#list(reader)
      }
      return Effect.void
    })
  }

  /** Whether somebody is one of those who have mounted it. */
  #isOwn(client: Client): boolean {
    for (const { sink } of this.#instance.readers) if (sink.client === client) return true
    return false
  }

  #isFor(
    { except, to }: Component.BroadcastOptions,
    caller: Client | undefined
  ): ((client: Client) => boolean) | undefined {
    if (to === undefined && except === undefined) return undefined
    const { key, readers } = this.#instance
    const senders = new Set<Client>()
    if (except !== undefined && caller !== undefined) senders.add(caller)
    else if (except !== undefined && key === undefined) for (const { sink } of readers) senders.add(sink.client)
    return (client) => (to === undefined || client.principal?.id === to) && !senders.has(client)
  }

  /** Where it speaks: in its first room, or to those who have mounted it, if there is anybody. */
  #home(): Room | undefined {
    const [first] = this.#joined
    if (first !== undefined) return first
    const { id, readers, served } = this.#instance
    if (this.#own === undefined && readers.size > 0 && !this.#isOver) {
      this.#own = this.#rooms.ofInstanceUnsafe(id)
      for (const reader of readers) reader.sink.enter(this.#own, id, reader, served.component.codec.events)
    }
    return this.#own
  }

  /** Those who have mounted it are listed where it speaks. */
  #settle(): void {
    const { id, served } = this.#instance
    const { codec, componentName } = served.component
    if (codec.presence === undefined || (this.#metadata.size === 0 && this.#presence === undefined)) return
    const room = this.#home()
    if (this.#presence?.room === room) return
    const moving = Array.from(this.#metadata.keys())
    for (const reader of moving) this.#part(reader)
    this.#presence = undefined
    if (room === undefined) return
    let of = room.presences.get(componentName)
    if (of === undefined) {
      const place = room.name === undefined ? { componentId: id } : { room: room.name }
      of = new Presence(presenceId(componentName, place), codec.presence, this.#config, this.#rooms.nextListUnsafe())
      room.presences.set(componentName, of)
    }
    this.#presence = { of, room }
    for (const reader of moving) this.#meet(reader)
    if ((this.#listeners?.size ?? 0) > 0) this.#follow()
  }

  /** It is known what to say of this one. */
  #list(reader: Reader<Audience>): void {
    this.#settle()
    this.#meet(reader)
  }

  #meet(reader: Reader<Audience>): void {
    const presence = this.#presence?.of
    if (presence === undefined || !this.#metadata.has(reader) || presence.has(reader)) return
    presence.enter(reader, reader.sink.client, this.#metadata.get(reader), reader.isAway)
    reader.sink.watch(presence, reader)
  }

  #part(reader: Reader<Audience>): void {
    const presence = this.#presence
    if (presence === undefined || !presence.of.has(reader)) return
    presence.of.leave(reader)
    reader.sink.unwatch(presence.of)
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
