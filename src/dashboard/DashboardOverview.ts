/** The whole server over time. There is one for all who look, and its history begins when the first of them does. */
import * as Schema from "effect/Schema"
import * as Component from "../Component.ts"

/** Samples that are kept, one a second. */
export const maxSamples = 300

/** Events that are kept. */
export const maxEvents = 50

/** One second of a server. Rates are per second, times in milliseconds, memory in bytes. */
export const Sample = Schema.Struct({
  /** Milliseconds since 1970. */
  at: Schema.Finite,
  instances: Schema.Int,
  actions: Schema.Finite,
  failures: Schema.Finite,
  crashes: Schema.Finite,
  /** The 95th percentile of the messages that ended in this second; null when there were none. */
  p95: Schema.NullOr(Schema.Finite),
  lag: Schema.Finite,
  heap: Schema.Finite,
  rss: Schema.Finite
})

/** One second of a server. */
export interface Sample extends Schema.Schema.Type<typeof Sample> {}

/** Something that happened to an instance. */
const EventRow = Schema.Struct({
  id: Schema.String,
  component: Schema.String,
  key: Schema.NullOr(Schema.String),
  happening: Schema.String,
  at: Schema.Finite,
  detail: Schema.NullOr(Schema.String)
})

/** How many instances there are of each health. */
export const HealthCountsRow = Schema.Struct({ healthy: Schema.Int, degraded: Schema.Int, unhealthy: Schema.Int })

const now = {
  /** Milliseconds since the server began. */
  uptime: Schema.Finite,
  isDraining: Schema.Boolean,
  components: Schema.Int,
  instances: Schema.Int,
  connections: Schema.Int,
  sessions: Schema.Int,
  parked: Schema.Int,
  rooms: Schema.Int,
  uploads: Schema.Int,
  health: HealthCountsRow,
  /** Since the server began: errors of contracts, and crashes. */
  failures: Schema.Int,
  crashes: Schema.Int
}

/** The whole server, for everybody who looks. Mounted with the key `server`. */
export class DashboardOverview extends Component.Service<DashboardOverview>()("DashboardOverview", {
  state: {
    now: Schema.NullOr(Schema.Struct(now)),
    samples: Schema.Array(Sample),
    /** The newest first. */
    events: Schema.Array(EventRow)
  },
  initial: () => ({ now: null, samples: [], events: [] })
}) {}
