/**
 * One person in a list of presence, with all mounts of its clients. What becomes of one mount takes the same time
 * however many there are, and so does the entry of the list.
 */
import type { Tracked } from "../../ComponentCodec.ts"
import type { Json } from "../../Patch.ts"
import type { Person } from "../../Presence.ts"
import { SmallMap } from "../SmallMap.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"

/** One mount of a client. */
export interface Visit {
  readonly visitor: Visitor
  readonly client: ClientInfo
  /** The metadata that was tracked last. */
  tracked: Tracked
  isAway: boolean
  /** Those that were tracked last before and after it. */
  earlier: Visit | undefined
  later: Visit | undefined
}

/** A person, with all mounts. */
export class Visitor {
  /** The id of the principal, or of the connection of an anonymous client. */
  readonly id: string
  readonly isAnonymous: boolean
  /** The entry of the list, and as clients get it; undefined when it has changed. */
  #person: Person | undefined
  #encoded: Json | undefined
  /** The mount that was not tracked for the longest time, and the one that was tracked last. */
  #first: Visit | undefined
  #last: Visit | undefined
  /** Mounts whose clients are connected. */
  #present = 0
  /** The mounts of each client. */
  readonly #clients = new SmallMap<ClientInfo, number>()

  constructor(id: string, isAnonymous: boolean) {
    this.id = id
    this.isAnonymous = isAnonymous
  }

  /** Whether it has no mounts. */
  get isGone(): boolean {
    return this.#last === undefined
  }

  /** The connection of one of its clients. */
  get connection(): string | undefined {
    return this.#first?.client.connection
  }

  enter(client: ClientInfo, tracked: Tracked, isAway: boolean): Visit {
    const visit: Visit = { visitor: this, client, tracked, isAway, earlier: undefined, later: undefined }
    this.#append(visit)
    this.#clients.set(client, (this.#clients.get(client) ?? 0) + 1)
    if (!isAway) this.#present++
    return visit
  }

  track(visit: Visit, tracked: Tracked): void {
    visit.tracked = tracked
    this.#remove(visit)
    this.#append(visit)
  }

  seen(visit: Visit, isAway: boolean): void {
    visit.isAway = isAway
    this.#present += isAway ? -1 : 1
  }

  leave(visit: Visit): void {
    this.#remove(visit)
    const others = (this.#clients.get(visit.client) ?? 1) - 1
    if (others === 0) this.#clients.delete(visit.client)
    else this.#clients.set(visit.client, others)
    if (!visit.isAway) this.#present--
  }

  /** Its entry is made anew when somebody reads it. */
  changed(): void {
    this.#person = undefined
    this.#encoded = undefined
  }

  /** The entry of the list, under this id. */
  as(id: string): Person {
    return (this.#person ??= {
      id,
      status: this.#present === 0 ? "away" : "online",
      clients: this.#clients.size,
      metadata: this.#last?.tracked.metadata
    })
  }

  /**
   * The same as clients get it. It is read while their frames are written, so no code of others runs here: metadata was
   * encoded when it was tracked.
   */
  encodedAs(id: string): Json {
    if (this.#encoded !== undefined) return this.#encoded
    const { clients, status } = this.as(id)
    return (this.#encoded = { id, status, clients, metadata: this.#last?.tracked.encoded })
  }

  #append(visit: Visit): void {
    visit.earlier = this.#last
    visit.later = undefined
    if (this.#last === undefined) this.#first = visit
    else this.#last.later = visit
    this.#last = visit
  }

  #remove({ earlier, later }: Visit): void {
    if (earlier === undefined) this.#first = later
    else earlier.later = later
    if (later === undefined) this.#last = earlier
    else later.earlier = earlier
  }
}
