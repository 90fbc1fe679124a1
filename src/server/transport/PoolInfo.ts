/** What can be known of the pools of a server from outside. */
import type * as LiveConfig from "../LiveConfig.ts"
import type { Connection } from "./Connection.ts"
import type { ConnectionPools } from "./ConnectionPools.ts"

/** Milliseconds without a request or a change after which a connection is idle. */
export const activeWithin = 60_000

/** A pool of connections. */
export interface PoolInfo {
  readonly id: string
  /** Connections, and how many there may be. */
  readonly size: number
  readonly limit: number
  /** How many have asked for something, or were sent a change, in the last minute; the others are idle. */
  readonly active: number
  readonly idle: number
  /** The part of the limit that is used, 0 to 1. */
  readonly utilization: number
  /** How the pool of a new connection is chosen. */
  readonly strategy: LiveConfig.Settings["loadBalancing"]
  readonly isDraining: boolean
}

/** Describes all pools. */
export const poolInfo = (
  { all, strategy }: ConnectionPools,
  connections: Iterable<Connection>
): ReadonlyArray<PoolInfo> => {
  const active = new Map<object, number>()
  for (const connection of connections) {
    if (connection.isActive(activeWithin)) active.set(connection.pool, (active.get(connection.pool) ?? 0) + 1)
  }
  return all.map((pool) => {
    const { id, isDraining, limit, size } = pool
    const busy = active.get(pool) ?? 0
    return { id, size, limit, active: busy, idle: size - busy, utilization: size / limit, strategy, isDraining }
  })
}
