/**
 * Groups the connections of one server into pools of limited size, each of which can be drained by itself. A pool knows
 * how many connections it has, not which.
 */
import type * as LiveConfig from "../LiveConfig.ts"

/** How many pools there are at first, at most. More are added when all are full. */
const most = 64

/** A group of connections. */
export class ConnectionPool {
  readonly id: string
  readonly limit: number
  size = 0
  /** Its connections are asked to leave; it gets new ones only when all others are full. */
  isDraining = false

  constructor(id: string, limit: number) {
    this.id = id
    this.limit = limit
  }

  get hasRoom(): boolean {
    return this.size < this.limit
  }

  /** One of its connections is gone. */
  leave(): void {
    this.size--
  }
}

/** The pools of one server. */
export class ConnectionPools {
  readonly strategy: LiveConfig.Settings["loadBalancing"]
  readonly #limit: number
  readonly #pools: Array<ConnectionPool> = []
  #next = 0

  /** As many pools as `maxConnections` need. */
  constructor({
    loadBalancing,
    maxConnections,
    maxConnectionsPerPool
  }: Pick<LiveConfig.Settings, "loadBalancing" | "maxConnections" | "maxConnectionsPerPool">) {
    this.strategy = loadBalancing
    this.#limit = maxConnectionsPerPool
    const needed = maxConnectionsPerPool === Infinity ? 1 : Math.ceil(maxConnections / maxConnectionsPerPool)
    for (let count = Math.min(needed, most); count > 0; count--) this.#add()
  }

  get all(): ReadonlyArray<ConnectionPool> {
    return this.#pools
  }

  find(id: string): ConnectionPool | undefined {
    return this.#pools.find((pool) => pool.id === id)
  }

  /** The pool of one more connection, which has to leave it in the end. */
  enter(): ConnectionPool {
    const pool = this.#choose(false) ?? this.#choose(true) ?? this.#add()
    pool.size++
    return pool
  }

  #add(): ConnectionPool {
    const pool = new ConnectionPool(`pool-${this.#pools.length + 1}`, this.#limit)
    this.#pools.push(pool)
    return pool
  }

  #choose(isDraining: boolean): ConnectionPool | undefined {
    return this.strategy === "round-robin" ? this.#following(isDraining) : this.#smallest(isDraining)
  }

  #following(isDraining: boolean): ConnectionPool | undefined {
    const { length } = this.#pools
    for (let step = 0; step < length; step++) {
      const index = (this.#next + step) % length
      const pool = this.#pools[index]
      if (pool?.hasRoom !== true || pool.isDraining !== isDraining) continue
      this.#next = index + 1
      return pool
    }
    return undefined
  }

  #smallest(isDraining: boolean): ConnectionPool | undefined {
    let smallest: ConnectionPool | undefined
    for (const pool of this.#pools) {
      if (!pool.hasRoom || pool.isDraining !== isDraining) continue
      if (smallest === undefined || pool.size < smallest.size) smallest = pool
    }
    return smallest
  }
}
