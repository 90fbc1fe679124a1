/**
 * The presence of those who have mounted one instance. They are listed in its first room, or, as long as it is in none,
 * in its own room. Their metadata is kept here, and moves with them from list to list.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { issueOf, type PresenceCodec, type Tracked } from "../../ComponentCodec.ts"
import { type LiveError, PayloadRejected, refuse } from "../../LiveError.ts"
import { Listeners } from "../../Listeners.ts"
import { presenceId } from "../../LiveProtocol.ts"
import type { Person } from "../../Presence.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import * as Footprint from "../Footprint.ts"
import type { Json } from "../../Patch.ts"
import { Presence } from "../room/Presence.ts"
import type { Room } from "../room/Room.ts"
import type { Rooms } from "../room/Rooms.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import type { StateCursor } from "../sync/StateCursor.ts"
import type { Instance } from "./Instance.ts"
import type { PresenceSealer, TrackedClients } from "./PresenceSealer.ts"
import type { Subscriber } from "./Subscriber.ts"

/** What presence needs of the server and of the instance's rooms. */
export interface InstancePresenceOptions {
  readonly codec: PresenceCodec
  readonly config: LiveConfig.Settings
  readonly rooms: Pick<Rooms["Service"], "nextListUnsafe">
  readonly sealer: Pick<PresenceSealer, "drop" | "mark">
  /** The room in which the instance is listed; undefined when nobody has mounted it. */
  readonly home: () => Room | undefined
}

/** The presence of one instance. */
export class InstancePresence implements TrackedClients {
  readonly instance: Instance
  readonly #options: InstancePresenceOptions
  /** The metadata of each mount. */
  readonly #metadata = new Map<StateCursor<Subscriber>, Tracked>()
  /** Of a shared instance: the mounts whose metadata was tracked, those whose client carries it, and has not got it yet. */
  readonly #tracked = new Set<StateCursor<Subscriber>>()
  readonly #carriers = new Set<StateCursor<Subscriber>>()
  readonly #unsealed = new Set<StateCursor<Subscriber>>()
  #listed: { readonly list: Presence; readonly room: Room } | undefined
  readonly #listeners: Listeners<ReadonlyArray<Person>>
  #stopFollowing: (() => void) | undefined

  constructor(instance: Instance, options: InstancePresenceOptions) {
    this.instance = instance
    this.#options = options
    this.#listeners = new Listeners((defect) => this.#listenerFailed(defect))
  }

  /** Everyone in the list, including those who have mounted other instances. */
  get people(): ReadonlyArray<Person> {
    return this.#listed?.list.people ?? []
  }

  /** About how many bytes the metadata of a mount takes. */
  bytesOf(cursor: StateCursor<Subscriber>): number {
    const tracked = this.#metadata.get(cursor)
    return tracked === undefined ? 0 : Footprint.ofJson(tracked.encoded)
  }

  /** Calls the listener with the list now and after each change, until the returned function is called. */
  listen(listener: (people: ReadonlyArray<Person>) => void): () => void {
    const remove = this.#listeners.add(listener)
    if (this.#listeners.size === 1) this.#follow()
    listener(this.people)
    return () => {
      remove()
      if (this.#listeners.size === 0) this.#unfollow()
    }
  }

  /** A client has mounted the instance. `brought`: what was tracked of it in an earlier session, encoded. */
  arrived(cursor: StateCursor<Subscriber>, props: unknown, brought: Json | undefined): void {
    const { checkpoint, key } = this.instance
    const kept = this.#restored(key === undefined ? checkpoint.presence : brought)
    if (kept !== undefined && key !== undefined) this.#tracked.add(cursor)
    try {
      this.#metadata.set(cursor, kept ?? this.#first(cursor, props))
    } catch (defect) {
      return this.instance.report("A client is not listed: presence.initial failed", defect)
    }
    this.#list(cursor)
  }

  /** Sends the client a token of what is tracked of it, now and later, if its wire can bring that back. */
  carry(cursor: StateCursor<Subscriber>): void {
    if (!cursor.sink.encoder.hasPresence) return
    this.#carriers.add(cursor)
    this.#seal(cursor)
  }

  /** Sends new tokens before those that clients carry expire. */
  renew(): void {
    for (const cursor of this.#carriers) this.#seal(cursor)
  }

  readonly takeUnsealed = (most: number): ReadonlyArray<readonly [StateCursor<Subscriber>, Json]> => {
    const unsealed: Array<readonly [StateCursor<Subscriber>, Json]> = []
    for (const cursor of this.#unsealed) {
      if (unsealed.length >= most) break
      this.#unsealed.delete(cursor)
      const tracked = this.#metadata.get(cursor)
      if (tracked !== undefined) unsealed.push([cursor, tracked.encoded])
    }
    return unsealed
  }

  /** A client has unmounted the instance. */
  departed(cursor: StateCursor<Subscriber>): void {
    this.#part(cursor)
    this.#metadata.delete(cursor)
    for (const cursors of [this.#tracked, this.#carriers, this.#unsealed]) cursors.delete(cursor)
  }

  /** A client has disconnected or is back. */
  seen(cursor: StateCursor<Subscriber>): void {
    this.#listed?.list.seen(cursor, cursor.isAway)
  }

  /** The instance has stopped. */
  end(): void {
    for (const cursor of Array.from(this.#metadata.keys())) this.departed(cursor)
    this.#options.sealer.drop(this)
    this.#unfollow()
  }

  /**
   * Sets the metadata of one client; without a client, or for any client of a private instance, that of all its mounts.
   */
  track(metadata: unknown, of: ClientInfo | undefined): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      const { key, cursors } = this.instance
      const tracked = this.#options.codec.track(metadata)
      if (Exit.isFailure(tracked)) {
        return refuse(new PayloadRejected({ action: "presence", issue: issueOf(tracked.cause) }))
      }
      if (key === undefined && (of === undefined || this.#isOwn(of))) this.instance.tracked(tracked.value.encoded)
      for (const cursor of cursors) {
        const isMeant = key === undefined ? of === undefined || this.#isOwn(of) : cursor.sink.client === of
        if (!isMeant) continue
        const isListed = this.#metadata.has(cursor)
        this.#metadata.set(cursor, tracked.value)
        if (key !== undefined) this.#tracked.add(cursor)
        this.#seal(cursor)
        if (isListed) this.#listed?.list.track(cursor, tracked.value)
        else this.#list(cursor)
      }
      return Effect.void
    })
  }

  /** Moves everyone to the list of the room where the instance is listed now. */
  settle(): void {
    if (this.#metadata.size === 0 && this.#listed === undefined) return
    const room = this.#options.home()
    if (this.#listed?.room === room) return
    const moving = Array.from(this.#metadata.keys())
    for (const cursor of moving) this.#part(cursor)
    this.#listed = room === undefined ? undefined : { list: this.#listOf(room), room }
    if (room === undefined) return
    for (const cursor of moving) this.#meet(cursor)
    if (this.#listeners.size === 0) return
    this.#follow()
    this.#listeners.tell(this.people)
  }

  /** The first metadata of a client; throws when there is none. */
  #first({ sink }: StateCursor<Subscriber>, props: unknown): Tracked {
    const { codec } = this.#options
    const first = codec.track(codec.initial(props, sink.client.principal ?? this.instance.principal))
    if (Exit.isFailure(first)) throw Cause.squash(first.cause)
    return first.value
  }

  /** Metadata that was kept. What does not fit the contract any more is as if nothing had been tracked. */
  #restored(kept: Json | undefined): Tracked | undefined {
    const restored = kept === undefined ? undefined : this.#options.codec.restore(kept)
    return restored !== undefined && Exit.isSuccess(restored) ? restored.value : undefined
  }

  #seal(cursor: StateCursor<Subscriber>): void {
    if (!this.#carriers.has(cursor) || !this.#tracked.has(cursor)) return
    this.#unsealed.add(cursor)
    this.#options.sealer.mark(this)
  }

  /** Whether this client has mounted the instance. */
  #isOwn(client: ClientInfo): boolean {
    for (const { sink } of this.instance.cursors) if (sink.client === client) return true
    return false
  }

  /** The list of this component in a room; made when there is none. */
  #listOf(room: Room): Presence {
    const { id, address } = this.instance
    const { config, rooms } = this.#options
    let list = room.presences.get(address)
    if (list === undefined) {
      const scope = room.name === undefined ? { componentId: id } : { room: room.name }
      list = new Presence(presenceId(address, scope), config, rooms.nextListUnsafe(), (defect) =>
        this.#listenerFailed(defect)
      )
      room.presences.set(address, list)
    }
    return list
  }

  /** Lists a mount whose metadata is known. */
  #list(cursor: StateCursor<Subscriber>): void {
    this.settle()
    this.#meet(cursor)
  }

  #meet(cursor: StateCursor<Subscriber>): void {
    const list = this.#listed?.list
    const tracked = this.#metadata.get(cursor)
    if (list === undefined || tracked === undefined || list.has(cursor)) return
    list.enter(cursor, cursor.sink.client, tracked, cursor.isAway)
    cursor.sink.watch(list, cursor)
  }

  #part(cursor: StateCursor<Subscriber>): void {
    const listed = this.#listed
    if (listed === undefined || !listed.list.has(cursor)) return
    listed.list.leave(cursor)
    cursor.sink.unwatch(listed.list)
    if (listed.list.isEmpty) listed.room.presences.delete(this.instance.address)
  }

  /** Listens to the present list for the listeners of this instance. */
  #follow(): void {
    this.#unfollow()
    this.#stopFollowing = this.#listed?.list.listen((people) => this.#listeners.tell(people))
  }

  #unfollow(): void {
    this.#stopFollowing?.()
    this.#stopFollowing = undefined
  }

  #listenerFailed(defect: unknown): void {
    this.instance.report("A listener of presence failed", defect)
  }
}
