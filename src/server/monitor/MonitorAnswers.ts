/**
 * What the endpoints of the monitor answer. The fields of the seed's endpoints have their names and meanings; what is
 * more than that stands beside them. Nothing here that is open to everybody has an id in it.
 */
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Schema from "effect/Schema"
import { ComponentId } from "../../LiveId.ts"
import { Figures } from "../instance/Figures.ts"
import { Alert } from "./Alerts.ts"
import { Health } from "./Health.ts"
import { ComponentReport, InstanceReport, Overview } from "./Reports.ts"
import { Suggestion } from "./Suggestions.ts"

const says = { success: Schema.Literal(true), timestamp: Schema.Finite }

const health = {
  service: Schema.String,
  /** Components that are served, and connections. */
  components: Schema.Int,
  connections: Schema.Int,
  /** Seconds since the server began. */
  uptime: Schema.Finite,
  timestamp: Schema.Finite
}

/** The server works. */
export const Healthy = Schema.Struct({
  success: Schema.Literal(true),
  status: Schema.Literal("operational"),
  ...health
})

/** The server works badly, or is about to end. */
export const NotHealthy = Schema.Struct({
  success: Schema.Literal(false),
  status: Schema.Literals(["degraded", "draining"]),
  ...health
}).pipe(HttpApiSchema.status(503))

/** The connections of a server, as numbers. */
const ConnectionTotals = Schema.Struct({
  totalConnections: Schema.Int,
  /** Those that have asked for something, or were sent a change, in the last minute. */
  activeConnections: Schema.Int,
  totalPools: Schema.Int,
  /** Messages that wait for an instance. */
  totalQueuedMessages: Schema.Int,
  /** -1: no limit. */
  maxConnections: Schema.Finite,
  connectionUtilization: Schema.Finite
})

/** The connections of a server, as numbers. */
export type ConnectionTotals = typeof ConnectionTotals.Type

/** Where clients connect. */
export const WebSocketInfo = Schema.Struct({
  ...says,
  endpoint: Schema.String,
  status: Schema.Literals(["operational", "degraded", "draining"]),
  connectionManager: ConnectionTotals
})

/** How much there is of what. */
export const Stats = Schema.Struct({
  ...says,
  stats: Schema.Struct({
    components: Schema.Int,
    instances: Schema.Int,
    connections: Schema.Int,
    rooms: Schema.Int,
    uploads: Schema.Int,
    overview: Overview
  })
})

/** One connection. */
export const ConnectionReport = Schema.Struct({
  id: Schema.String,
  /** The connectionId that its client was told; null before its first request. */
  client: Schema.NullOr(Schema.String),
  principal: Schema.NullOr(Schema.String),
  address: Schema.NullOr(Schema.String),
  connectedAt: Schema.Finite,
  /** When it last asked for something or was sent a change, and when its last sign of life came. */
  lastActivity: Schema.Finite,
  lastHeard: Schema.Finite,
  messagesSent: Schema.Int,
  messagesReceived: Schema.Int,
  bytesSent: Schema.Int,
  bytesReceived: Schema.Int,
  /** Milliseconds from a ping to its answer; null before the first. */
  latency: Schema.NullOr(Schema.Finite),
  components: Schema.Array(ComponentId),
  pool: Schema.String,
  /** Bytes that have not left, and whether nothing is read until they have. */
  queuedBytes: Schema.Int,
  isPaused: Schema.Boolean
})

/** One connection. */
export type ConnectionReport = typeof ConnectionReport.Type

/** All connections. */
export const Connections = Schema.Struct({
  ...says,
  connections: Schema.Array(ConnectionReport),
  systemStats: ConnectionTotals
})

/** One connection. */
export const OneConnection = Schema.Struct({ ...says, connection: ConnectionReport })

/** A pool of connections. */
const PoolStats = Schema.Struct({
  size: Schema.Int,
  /** -1: no limit. */
  limit: Schema.Finite,
  active: Schema.Int,
  idle: Schema.Int,
  utilization: Schema.Finite,
  strategy: Schema.Literals(["round-robin", "least-connections"]),
  isDraining: Schema.Boolean
})

/** All pools. */
export const Pools = Schema.Struct({
  ...says,
  pools: Schema.Array(Schema.Struct({ pool: Schema.String, stats: PoolStats }))
})

/** One pool. */
export const OnePool = Schema.Struct({ ...says, pool: Schema.String, stats: PoolStats })

/** Running instances, and how many there are in all. */
export const Instances = Schema.Struct({ ...says, total: Schema.Int, instances: Schema.Array(InstanceReport) })

/** One running instance. */
export const OneInstance = Schema.Struct({ ...says, instance: InstanceReport })

/** It is done. */
export const Done = Schema.Struct(says)

/** Averages and counts in the seed's names, and all figures. Times in milliseconds, the rate from 0 to 1. */
export const Metrics = Schema.Struct({
  /** How long it takes to publish a change. */
  avgRenderTime: Schema.Finite,
  /** How long handlers run. */
  avgUpdateTime: Schema.Finite,
  /** How long messages wait before that. */
  avgMessageLatency: Schema.Finite,
  lastRenderTime: Schema.Finite,
  totalRenders: Schema.Int,
  totalUpdates: Schema.Int,
  totalActions: Schema.Int,
  /** The share of actions that crashed or ran too long. Errors of a contract are none. */
  errorRate: Schema.Finite,
  figures: Figures
})

/** Averages and counts. */
export type Metrics = typeof Metrics.Type

/** The whole server. */
export const Dashboard = Schema.Struct({
  ...says,
  dashboard: Schema.Struct({
    overview: Overview,
    metrics: Schema.Array(
      Schema.Struct({
        component: Schema.String,
        version: Schema.Int,
        instances: Schema.Int,
        started: Schema.Int,
        health: ComponentReport.fields.health,
        readers: Schema.Int,
        bytes: Schema.Finite,
        metrics: Metrics
      })
    ),
    alerts: Schema.Array(Alert),
    suggestions: Schema.Array(Suggestion)
  })
})

/** One instance, or all of a component. */
export const ComponentPerformance = Schema.Struct({
  ...says,
  component: Schema.String,
  /** Null when all instances were asked for. */
  instance: Schema.NullOr(ComponentId),
  health: Schema.NullOr(Health),
  metrics: Metrics,
  alerts: Schema.Array(Alert),
  suggestions: Schema.Array(Suggestion)
})

/** The alert that was dealt with. */
export const ResolvedAlert = Schema.Struct({ ...says, alert: Alert })
