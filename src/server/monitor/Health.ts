/** How an instance is: healthy or not, and if not, why. */
import * as Schema from "effect/Schema"

/** What may be wrong with an instance. */
const HealthReason = Schema.Struct({
  of: Schema.Literals(["crashes", "publish", "mailbox", "handler", "restarts", "faulted"]),
  /** What was measured: a share, milliseconds, or a count. */
  value: Schema.Finite,
  /** What is too much. */
  limit: Schema.Finite
})

/** What is wrong with an instance. */
export type HealthReason = typeof HealthReason.Type

/** How an instance is. */
export const Health = Schema.Struct({
  status: Schema.Literals(["healthy", "degraded", "unhealthy"]),
  reasons: Schema.Array(HealthReason)
})

/** How an instance is. */
export type Health = typeof Health.Type

/** Nothing is wrong. */
export const healthy: Health = { status: "healthy", reasons: [] }
