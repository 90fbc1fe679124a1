/**
 * The verdict on an instance: a pure function of its vital signs and of the verdict before. Typed errors are answers,
 * and idleness is no illness: neither is looked at. What was wrong counts as wrong until it is clearly better, so that
 * a verdict does not change with every look.
 */
import type { Vitals } from "../instance/Vitals.ts"
import type { Health, HealthReason } from "./Health.ts"

/** From when on something is not as it should be, and from when on it is wrong. */
interface Bounds {
  readonly of: HealthReason["of"]
  readonly degraded: number
  readonly unhealthy: number
  /** Undefined when there is too little to judge by. */
  readonly measure: (vitals: Vitals) => number | undefined
}

/** Calls that a share of crashes has to be told from. */
const fewest = 4

/** How much better something has to be than its bound to count as better. */
const clearly = 0.8

const checks: ReadonlyArray<Bounds> = [
  {
    // The share of calls that crash.
    of: "crashes",
    degraded: 0.2,
    unhealthy: 0.5,
    measure: ({ recently: { actions, crashes } }) => (actions < fewest ? undefined : crashes / actions)
  },
  {
    // The share of changes that take longer than a second: with one in twenty, the 95th percentile does.
    of: "publish",
    degraded: 0.01,
    unhealthy: 0.05,
    measure: ({ recently: { renders, slow } }) => (renders === 0 ? undefined : slow / renders)
  },
  { of: "mailbox", degraded: 5000, unhealthy: 30_000, measure: ({ waiting }) => waiting },
  {
    // The share of the time that it may take.
    of: "handler",
    degraded: 0.5,
    unhealthy: 1,
    measure: ({ mayRun, running }) => (mayRun === 0 ? undefined : running / mayRun)
  },
  { of: "restarts", degraded: 3, unhealthy: 10, measure: ({ recently: { restarts } }) => restarts },
  { of: "faulted", degraded: 1, unhealthy: 1, measure: ({ status }) => (status === "faulted" ? 1 : 0) }
]

/** How the instance is now. `before` is the verdict before. */
export const verdict = (vitals: Vitals, before: Health): Health => {
  const reasons: Array<HealthReason> = []
  let status: Health["status"] = "healthy"
  for (const { degraded, measure, of, unhealthy } of checks) {
    const value = measure(vitals)
    if (value === undefined) continue
    const earlier = before.reasons.find((reason) => reason.of === of)
    const was = (limit: number) => earlier !== undefined && earlier.limit >= limit
    const exceeds = (limit: number) => value >= (was(limit) ? limit * clearly : limit)
    if (exceeds(unhealthy)) {
      status = "unhealthy"
      reasons.push({ of, value, limit: unhealthy, status: "unhealthy" })
    } else if (exceeds(degraded)) {
      if (status === "healthy") status = "degraded"
      reasons.push({ of, value, limit: degraded, status: "degraded" })
    }
  }
  return { status, reasons }
}
