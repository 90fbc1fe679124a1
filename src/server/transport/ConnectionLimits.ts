/**
 * Counts connections: in all, per address, and per principal. A connection counts from its complete upgrade request
 * until its socket is closed.
 */
import type * as LiveConfig from "../LiveConfig.ts"

/** The limit that was reached. */
export type Full = "connections" | "address" | "principal"

/** A counter with a name. Counters of zero are not kept. */
class Tally {
  readonly name: string
  count = 0

  constructor(name: string) {
    this.name = name
  }
}

class Tallies {
  readonly #tallies = new Map<string, Tally>()

  get size(): number {
    return this.#tallies.size
  }

  /** One more, unless the limit is reached. */
  enter(name: string, limit: number): Tally | undefined {
    const tally = this.#tallies.get(name) ?? new Tally(name)
    if (tally.count >= limit) return undefined
    tally.count++
    this.#tallies.set(name, tally)
    return tally
  }

  leave(tally: Tally): void {
    tally.count--
    if (tally.count === 0) this.#tallies.delete(tally.name)
  }
}

/** The place that one connection takes. */
export class Slot {
  readonly #limits: ConnectionLimits
  readonly #address: Tally
  #principal: Tally | undefined

  constructor(limits: ConnectionLimits, address: Tally) {
    this.#limits = limits
    this.#address = address
  }

  /** Where it comes from. */
  get address(): string {
    return this.#address.name
  }

  /** Counts it for its principal; false when that limit is reached. */
  belongsTo(principal: string): boolean {
    this.#principal = this.#limits.ofPrincipals.enter(principal, this.#limits.limits.maxConnectionsPerPrincipal)
    return this.#principal !== undefined
  }

  /** The connection is gone, or was refused. */
  leave(): void {
    const { ofAddresses, ofPrincipals } = this.#limits
    this.#limits.size--
    ofAddresses.leave(this.#address)
    if (this.#principal !== undefined) ofPrincipals.leave(this.#principal)
  }
}

/** The connections of one server, of all its endpoints. */
export class ConnectionLimits {
  readonly limits: Pick<
    LiveConfig.Settings,
    "maxConnections" | "maxConnectionsPerAddress" | "maxConnectionsPerPrincipal"
  >
  readonly ofAddresses = new Tallies()
  readonly ofPrincipals = new Tallies()
  size = 0

  constructor(limits: ConnectionLimits["limits"]) {
    this.limits = limits
  }

  /** One more connection from this address, or the limit that was reached. */
  enter(address: () => string): Slot | Full {
    const { maxConnections, maxConnectionsPerAddress } = this.limits
    if (this.size >= maxConnections) return "connections"
    const tally = this.ofAddresses.enter(address(), maxConnectionsPerAddress)
    if (tally === undefined) return "address"
    this.size++
    return new Slot(this, tally)
  }
}
