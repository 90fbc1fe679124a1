/** What everybody may know of a server: whether it works, and how much there is of what. No id is in it. */
import * as Effect from "effect/Effect"
import { InstanceRunner } from "../instance/InstanceRunner.ts"
import * as LiveConfig from "../LiveConfig.ts"
import { Transport } from "../transport/Transport.ts"
import { Monitor } from "./Monitor.ts"
import type { ConnectionTotals } from "./MonitorAnswers.ts"
import type { Overview } from "./Reports.ts"

/** Whether a server works: well, badly, or not much longer. */
export type ServerStatus = "operational" | "degraded" | "draining"

/** What everybody may know. */
export interface ServerSummary {
  readonly status: ServerStatus
  readonly overview: Overview
  readonly connections: ConnectionTotals
}

/** Milliseconds for which the event loop may stand still. */
const longLag = 2000

/** The share of instances that may be unhealthy. */
const manyUnhealthy = 0.5

/** A number for JSON, which has no Infinity: -1 is no limit. */
export const limited = (limit: number): number => (limit === Infinity ? -1 : limit)

/**
 * Degraded: no more connections are accepted, the event loop stands still for too long, or half of the instances are
 * unhealthy.
 */
export const statusOf = (
  {
    connections,
    health,
    instances,
    isDraining,
    lag
  }: Pick<Overview, "connections" | "health" | "instances" | "isDraining" | "lag">,
  maxConnections: number
): ServerStatus => {
  if (isDraining) return "draining"
  const isIll = instances > 0 && health.unhealthy / instances >= manyUnhealthy
  return connections >= maxConnections || lag > longLag || isIll ? "degraded" : "operational"
}

/** Computed at most once a second: everybody may ask, as often as they like. */
export const make: Effect.Effect<
  Effect.Effect<ServerSummary>,
  never,
  Monitor | Transport | InstanceRunner
> = Effect.gen(function* () {
  const monitor = yield* Monitor
  const transport = yield* Transport
  const runner = yield* InstanceRunner
  const { maxConnections } = yield* LiveConfig.LiveConfig
  const summary = Effect.gen(function* () {
    const overview = yield* monitor.overview
    const connections: ConnectionTotals = {
      totalConnections: overview.connections,
      activeConnections: yield* transport.active,
      totalPools: (yield* transport.pools).length,
      totalQueuedMessages: yield* runner.pending,
      maxConnections: limited(maxConnections),
      connectionUtilization: overview.connections / maxConnections
    }
    return { status: statusOf(overview, maxConnections), overview, connections }
  })
  return yield* Effect.cachedWithTTL(summary, "1 second")
})
