/** Shows a page of the connections, and all pools; drains a pool when somebody wants that. */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Component from "../../../Component.ts"
import { type ConnectionRow, ConnectionTable, PoolGone } from "../../../dashboard/ConnectionTable.ts"
import type { ConnectionInfo } from "../../transport/ConnectionInfo.ts"
import { DashboardSource } from "./DashboardSource.ts"
import { refresh } from "./Live.ts"
import { round } from "./Rounding.ts"
import * as TablePage from "./TablePage.ts"

const columns: TablePage.Columns<ConnectionInfo> = {
  texts: ({ address, pool, principal }) => [principal, address, pool],
  keys: {
    since: ({ since }) => since,
    principal: ({ principal = "" }) => principal,
    address: ({ address = "" }) => address,
    pool: ({ pool }) => pool,
    active: ({ activeAt }) => activeAt,
    latency: ({ latency = -1 }) => latency,
    received: ({ bytesReceived }) => bytesReceived,
    sent: ({ bytesSent }) => bytesSent,
    buffered: ({ buffered }) => buffered,
    components: ({ components }) => components.length
  }
}

const rowOf = (info: ConnectionInfo): ConnectionRow => {
  const { activeAt, address, buffered, bytesReceived, bytesSent, components, id, isPaused, latency, pool, since } = info
  return {
    id,
    principal: info.principal ?? null,
    address: address ?? null,
    pool,
    since: Math.round(since),
    active: Math.round(activeAt),
    latency: latency === undefined ? null : round(latency),
    received: info.messagesReceived,
    sent: info.messagesSent,
    bytesReceived,
    bytesSent,
    buffered,
    isPaused,
    components: components.length
  }
}

/** A page of the connections. */
export const layer: Layer.Layer<
  Component.BehaviorOf<ConnectionTable>,
  never,
  DashboardSource
> = ConnectionTable.toLayer(
  Effect.gen(function* () {
    const self = yield* ConnectionTable
    const source = yield* DashboardSource
    const look = Effect.gen(function* () {
      const connections = yield* source.connections
      const pools = yield* source.pools
      return yield* self.update(({ query }) => {
        const page = TablePage.of(connections, columns, query)
        return {
          ...page,
          rows: page.rows.map(rowOf),
          pools: pools.map(({ active, id, idle, isDraining, limit, size }) => ({
            id,
            size,
            limit: Number.isFinite(limit) ? limit : null,
            active,
            idle,
            isDraining
          })),
          strategy: pools[0]?.strategy ?? ""
        }
      })
    })
    yield* refresh(look)
    return ConnectionTable.of({
      Show: (query) =>
        Effect.asVoid(
          Effect.andThen(
            self.update((state) => ({ ...state, query })),
            look
          )
        ),
      Drain: ({ pool }, caller) =>
        Effect.flatMap(source.drain(pool), (found) =>
          found
            ? source.log("A pool of connections is drained from the dashboard", caller, { pool })
            : Effect.fail(new PoolGone({ pool: pool.slice(0, 64) }))
        )
    })
  })
)
