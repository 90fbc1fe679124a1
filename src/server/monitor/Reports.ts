/** What a monitor says of instances, of components and of the whole server. Everything is data, and has a schema. */
import * as Schema from "effect/Schema"
import { ComponentId } from "../../LiveId.ts"
import { InstanceStatus } from "../../LiveProtocol.ts"
import { Figures, Times } from "../instance/Figures.ts"
import { Health } from "./Health.ts"

/** One running instance. */
export const InstanceReport = Schema.Struct({
  id: ComponentId,
  component: Schema.String,
  version: Schema.Int,
  /** Where it runs. */
  placement: Schema.Literals(["local"]),
  /** Undefined for a private instance. */
  key: Schema.UndefinedOr(Schema.String),
  rooms: Schema.Array(Schema.String),
  /** The id of the principal it belongs to; undefined for a shared instance, and for one of an anonymous client. */
  principal: Schema.UndefinedOr(Schema.String),
  status: InstanceStatus,
  health: Health,
  /** Messages that wait, and for how many milliseconds the oldest has. */
  mailbox: Schema.Struct({ depth: Schema.Int, oldest: Schema.Finite }),
  /** The message that is being handled, and for how many milliseconds. */
  running: Schema.UndefinedOr(Schema.Struct({ tag: Schema.String, millis: Schema.Finite })),
  /** The mounts that follow its state, those of them whose clients are away, and how many changes the last one is behind. */
  readers: Schema.Struct({ count: Schema.Int, away: Schema.Int, behind: Schema.Int }),
  figures: Figures,
  /** When this life began, and when the last message came, in milliseconds since 1970. */
  created: Schema.Finite,
  accessed: Schema.Finite,
  /** The number of its life, and the number of changes in all of them. */
  epoch: Schema.Int,
  revision: Schema.Int,
  /** About how many bytes it holds for its subscribers. */
  bytes: Schema.Finite
})

/** One running instance. */
export type InstanceReport = typeof InstanceReport.Type

/** How many instances there are of each health. */
const HealthCounts = Schema.Struct({ healthy: Schema.Int, degraded: Schema.Int, unhealthy: Schema.Int })

/** All instances of a component, and in its figures also those that have stopped. */
export const ComponentReport = Schema.Struct({
  component: Schema.String,
  version: Schema.Int,
  /** Those that run now, and those that have run since the server began. */
  instances: Schema.Int,
  started: Schema.Int,
  health: HealthCounts,
  /** The mounts of clients. */
  readers: Schema.Int,
  bytes: Schema.Finite,
  figures: Figures
})

/** All instances of a component. */
export type ComponentReport = typeof ComponentReport.Type

/** The whole server. */
export const Overview = Schema.Struct({
  /** Milliseconds since 1970, and since the server began. */
  at: Schema.Finite,
  uptime: Schema.Finite,
  isDraining: Schema.Boolean,
  components: Schema.Int,
  instances: Schema.Int,
  connections: Schema.Int,
  sessions: Schema.Int,
  /** Sessions that continue without a connection. */
  parked: Schema.Int,
  rooms: Schema.Int,
  /** Uploads that are not complete. */
  uploads: Schema.Int,
  health: HealthCounts,
  /** Of the last minute. */
  actionsPerSecond: Schema.Finite,
  /** The longest 95th percentile of a component, in milliseconds. */
  run: Times,
  /** Since the server began: errors of contracts, and crashes. */
  failures: Schema.Int,
  defects: Schema.Int,
  /** The longest time for which the event loop stood still lately, in milliseconds. */
  lag: Schema.Finite,
  /** Bytes. */
  memory: Schema.Struct({ rss: Schema.Finite, heapUsed: Schema.Finite, heapTotal: Schema.Finite })
})

/** The whole server. */
export type Overview = typeof Overview.Type
