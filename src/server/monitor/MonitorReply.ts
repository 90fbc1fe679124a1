/** How the monitor says things in JSON: what was found, what was refused, and infinities. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { ConnectionInfo } from "../transport/ConnectionInfo.ts"
import type { PoolInfo } from "../transport/PoolInfo.ts"
import type { Figures } from "../instance/Figures.ts"
import type { ConnectionReport, Metrics } from "./MonitorAnswers.ts"
import { limited } from "./ServerSummary.ts"

/** An answer, with its time. */
export const answer = <A extends object>(fields: A): Effect.Effect<{ success: true; timestamp: number } & A> =>
  Effect.map(Clock.currentTimeMillis, (timestamp) => ({ success: true as const, timestamp, ...fields }))

/** A refusal, as its schema says. */
export const refusal = <const Code extends string>(code: Code, error: string) =>
  Effect.fail({ success: false as const, code, error })

/** A connection, for JSON. */
export const connectionOf = (info: ConnectionInfo): ConnectionReport => ({
  id: String(info.id),
  client: info.client ?? null,
  principal: info.principal ?? null,
  address: info.address ?? null,
  connectedAt: info.since,
  lastActivity: info.activeAt,
  lastHeard: info.heardAt,
  messagesSent: info.messagesSent,
  messagesReceived: info.messagesReceived,
  bytesSent: info.bytesSent,
  bytesReceived: info.bytesReceived,
  latency: info.latency ?? null,
  components: info.components,
  pool: info.pool,
  queuedBytes: info.buffered,
  isPaused: info.isPaused
})

/** A pool, for JSON. */
export const poolOf = ({ id, limit, ...rest }: PoolInfo) => ({ pool: id, stats: { ...rest, limit: limited(limit) } })

/** Figures, with those that the seed knows under its names. */
export const metricsOf = (figures: Figures): Metrics => {
  const { actions, defects, lastPublish, publish, renders, run, timeouts, updates, wait } = figures
  return {
    avgRenderTime: publish.average,
    avgUpdateTime: run.average,
    avgMessageLatency: wait.average,
    lastRenderTime: lastPublish,
    totalRenders: renders,
    totalUpdates: updates,
    totalActions: actions,
    errorRate: actions === 0 ? 0 : Math.min(1, (defects + timeouts) / actions),
    figures
  }
}
