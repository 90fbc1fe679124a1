/**
 * Sessions whose clients are not connected, until they come back or their time is over. There are limits for their
 * number, their number per principal, and their bytes. When a limit is reached, anonymous sessions end before others,
 * and of those the oldest of the principal or address that has most: nobody ends the sessions of strangers by leaving
 * more of their own. This only says which sessions have to end.
 */
import { Shares } from "../../actor/Shares.ts"

/** A parked session. */
export interface Parked {
  /** Undefined for an anonymous client. */
  readonly principal: string | undefined
  /** Where its client was connected from last, as far as that is known. */
  readonly address?: string | undefined
  readonly bytes: number
  /** Whether its page was rendered, and its client has not been connected yet (false). */
  readonly isRendered?: boolean | undefined
  /** When its time is over, in milliseconds. */
  readonly until: number
}

/** The limits. */
export interface ParkedLimits {
  readonly maxParked: number
  readonly maxParkedPerPrincipal: number
  readonly maxParkedBytes: number
}

/** Sessions of one kind, by whose they are. */
class Crowd<Session> {
  readonly byCount = new Shares<Session, string | undefined>()
  readonly byBytes = new Shares<Session, string | undefined>()
}

/** The parked sessions of one server. */
export class ParkedSessions<Session> {
  readonly #limits: ParkedLimits
  /** The oldest first. */
  readonly #parked = new Map<Session, Parked>()
  readonly #rendered = new Crowd<Session>()
  readonly #anonymous = new Crowd<Session>()
  readonly #others = new Crowd<Session>()
  #bytes = 0

  constructor(limits: ParkedLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#parked.size
  }

  /** A session, if it is parked. */
  get(session: Session): Parked | undefined {
    return this.#parked.get(session)
  }

  /** When the time of the next one is over; undefined when there is none. */
  get next(): number | undefined {
    for (const { until } of this.#parked.values()) return until
    return undefined
  }

  /** Parks a session, and returns those that have to end for it, perhaps itself. */
  park(session: Session, parked: Parked): ReadonlyArray<Session> {
    this.remove(session)
    this.#parked.set(session, parked)
    this.#bytes += parked.bytes
    const { byBytes, byCount } = this.#crowdOf(parked)
    const owner = ownerOf(parked)
    byCount.add(session, owner, 1)
    byBytes.add(session, owner, parked.bytes)
    const isTooMany = parked.principal !== undefined && byCount.countOf(owner) > this.#limits.maxParkedPerPrincipal
    const oldest = isTooMany ? byCount.oldestOf(owner) : undefined
    return [...(oldest === undefined ? [] : this.#end(oldest)), ...this.#crowdOut()]
  }

  /** Measures all sessions again, and returns those that have to end because others have grown. */
  measure(bytesOf: (session: Session) => number): ReadonlyArray<Session> {
    this.#bytes = 0
    for (const [session, parked] of this.#parked) {
      const bytes = bytesOf(session)
      this.#bytes += bytes
      if (bytes === parked.bytes) continue
      this.#parked.set(session, { ...parked, bytes })
      this.#crowdOf(parked).byBytes.resize(session, bytes)
    }
    return this.#crowdOut()
  }

  /** Removes a session; false when it is not parked. */
  remove(session: Session): boolean {
    const parked = this.#parked.get(session)
    if (parked === undefined) return false
    this.#parked.delete(session)
    this.#bytes -= parked.bytes
    const { byBytes, byCount } = this.#crowdOf(parked)
    byCount.remove(session)
    byBytes.remove(session)
    return true
  }

  /** Removes the sessions whose time is over, and returns them. */
  expired(now: number): ReadonlyArray<Session> {
    const sessions: Array<Session> = []
    for (const [session, { until }] of this.#parked) {
      if (until > now) break
      sessions.push(session)
    }
    for (const session of sessions) this.remove(session)
    return sessions
  }

  #crowdOf({ isRendered, principal }: Parked): Crowd<Session> {
    if (isRendered === true) return this.#rendered
    return principal === undefined ? this.#anonymous : this.#others
  }

  #end(session: Session): ReadonlyArray<Session> {
    this.remove(session)
    return [session]
  }

  #crowdOut(): ReadonlyArray<Session> {
    const { maxParked, maxParkedBytes } = this.#limits
    const ended: Array<Session> = []
    while (this.#parked.size > maxParked || this.#bytes > maxParkedBytes) {
      const by = this.#parked.size > maxParked ? "byCount" : "byBytes"
      const next = this.#rendered[by].next ?? this.#anonymous[by].next ?? this.#others[by].next
      if (next === undefined) break
      ended.push(...this.#end(next))
    }
    return ended
  }
}

const ownerOf = ({ address, principal }: Parked): string | undefined => principal ?? address
