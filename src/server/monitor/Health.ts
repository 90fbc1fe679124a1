/** How an instance is: healthy or not, and if not, why. */
import * as Schema from "effect/Schema"

/** What may be wrong with an instance. */
const HealthReason = Schema.Struct({
  of: Schema.Literals(["crashes", "publish", "mailbox", "handler", "restarts", "faulted"]),
  /** What was measured: a share, milliseconds, or a count. */
  value: Schema.Finite,
  /** What is too much, and how bad that is. */
  limit: Schema.Finite,
  status: Schema.Literals(["degraded", "unhealthy"])
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

const names: { readonly [Of in HealthReason["of"]]: (value: number) => string } = {
  crashes: (share) => `${Math.round(share * 100)} % of its calls crash`,
  publish: (share) => `${Math.round(share * 100)} % of its changes take longer than a second to publish`,
  mailbox: (millis) => `a message has waited ${Math.round(millis / 1000)} s`,
  handler: (share) => `a handler has run for ${Math.round(share * 100)} % of the time that it may take`,
  restarts: (times) => `it was restarted ${times} times within a minute`,
  faulted: () => "it has crashed too often"
}

/** Reasons in a few words. */
export const describe = (reasons: ReadonlyArray<HealthReason>): string =>
  reasons.map(({ of, value }) => names[of](value)).join("; ")

/** Nothing is wrong. */
export const healthy: Health = { status: "healthy", reasons: [] }
