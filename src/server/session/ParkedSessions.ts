/**
 * Sessions whose clients are not connected, until they come back or their time is over. There are limits for their
 * number, their number per principal, and their bytes: the oldest ends first, anonymous ones before others. This only
 * says which sessions have to end.
 */

/** A parked session. */
export interface Parked {
  /** Undefined for an anonymous client. */
  readonly principal: string | undefined
  readonly bytes: number
  /** When its time is over, in milliseconds. */
  readonly until: number
}

/** The limits. */
export interface ParkedLimits {
  readonly maxParked: number
  readonly maxParkedPerPrincipal: number
  readonly maxParkedBytes: number
}

/** The parked sessions of one server. */
export class ParkedSessions<Session> {
  readonly #limits: ParkedLimits
  /** The oldest first. */
  readonly #parked = new Map<Session, Parked>()
  readonly #anonymous = new Set<Session>()
  readonly #ofPrincipal = new Map<string, Set<Session>>()
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
    if (parked.principal === undefined) this.#anonymous.add(session)
    else {
      const others = this.#ofPrincipal.get(parked.principal) ?? new Set()
      this.#ofPrincipal.set(parked.principal, others.add(session))
    }
    return this.#crowdOut(parked.principal)
  }

  /** Measures all sessions again, and returns those that have to end because others have grown. */
  measure(bytesOf: (session: Session) => number): ReadonlyArray<Session> {
    this.#bytes = 0
    for (const [session, parked] of this.#parked) {
      const bytes = bytesOf(session)
      this.#parked.set(session, { ...parked, bytes })
      this.#bytes += bytes
    }
    return this.#crowdOut(undefined)
  }

  /** Removes a session; false when it is not parked. */
  remove(session: Session): boolean {
    const parked = this.#parked.get(session)
    if (parked === undefined) return false
    this.#parked.delete(session)
    this.#anonymous.delete(session)
    this.#bytes -= parked.bytes
    if (parked.principal !== undefined) {
      const others = this.#ofPrincipal.get(parked.principal)
      others?.delete(session)
      if (others?.size === 0) this.#ofPrincipal.delete(parked.principal)
    }
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

  #crowdOut(principal: string | undefined): ReadonlyArray<Session> {
    const { maxParked, maxParkedBytes, maxParkedPerPrincipal } = this.#limits
    const gone: Array<Session> = []
    const evict = (sessions: Iterable<Session>): boolean => {
      for (const session of sessions) {
        this.remove(session)
        gone.push(session)
        return true
      }
      return false
    }
    const own = principal === undefined ? undefined : this.#ofPrincipal.get(principal)
    if (own !== undefined && own.size > maxParkedPerPrincipal) evict(own)
    while (this.#parked.size > maxParked || this.#bytes > maxParkedBytes) {
      if (!evict(this.#anonymous) && !evict(this.#parked.keys())) break
    }
    return gone
  }
}
