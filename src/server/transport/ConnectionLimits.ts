/**
 * How many connections there are: in all, from one address, and of one principal. Whoever has sent a whole upgrade request counts,
 * from before it is known who that is until the socket is closed; what is no upgrade yet does not.
 */
import type * as LiveConfig from "../LiveConfig.ts"

/** Of what there are too many. */
export type Full = "connections" | "address" | "principal"

/** How many there are of something, counted by its name; what there is none of is not held. */
class Tally {
  readonly name: string
  count = 0

  constructor(name: string) {
    this.name = name
  }
}

class Tallies {
  readonly #tallies = new Map<string, Tally>()

  /** One more, unless there are as many as there may be. */
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

/** What one connection takes up. */
export class Slot {
  readonly #limits: ConnectionLimits
  readonly #address: Tally
  #principal: Tally | undefined

  constructor(limits: ConnectionLimits, address: Tally) {
    this.#limits = limits
    this.#address = address
  }

  /** It is one of this principal's; false when there are too many of them. */
  belongsTo(principal: string): boolean {
    this.#principal = this.#limits.ofPrincipals.enter(principal, this.#limits.limits.maxConnectionsPerPrincipal)
    return this.#principal !== undefined
  }

  /** The connection is gone, or came to nothing. */
  leave(): void {
    const { ofAddresses, ofPrincipals } = this.#limits
    this.#limits.size--
    ofAddresses.leave(this.#address)
    if (this.#principal !== undefined) ofPrincipals.leave(this.#principal)
  }
}

/** The connections of one server, whichever endpoint they came to. */
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

  /** One more from this address, or why there is no place for it. Where nobody counts them, the address is not asked for. */
  enter(address: () => string): Slot | Full {
    const { maxConnections, maxConnectionsPerAddress } = this.limits
    if (this.size >= maxConnections) return "connections"
    const counted = maxConnectionsPerAddress === Infinity ? "any" : address()
    const tally = this.ofAddresses.enter(counted, maxConnectionsPerAddress)
    if (tally === undefined) return "address"
    this.size++
    return new Slot(this, tally)
  }
}
