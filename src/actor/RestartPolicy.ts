/**
 * How an actor, or a supervised child, restarts after a crash. A policy is data, and the decision is a pure function of
 * the crash history.
 */
import * as Duration from "effect/Duration"

/** How often, how fast and how long to restart. */
export interface RestartPolicy {
  /** Crashes tolerated `within` the window. */
  readonly intensity: number
  readonly within: Duration.Duration
  /** The delay before the second restart in a row. The first has none, and each later one doubles. */
  readonly backoff: Duration.Duration
  readonly maxBackoff: Duration.Duration
  /** Time without a crash after which the backoff starts over. */
  readonly healthyAfter: Duration.Duration
  /** After too many crashes: probe after `probeInterval`, which doubles up to ten times itself, or stop for good. */
  readonly exhausted: "probe" | "stop"
  readonly probeInterval: Duration.Duration
}

/** The parts of a `RestartPolicy`; each has a default. */
export interface Options {
  readonly intensity?: number
  readonly within?: Duration.Input
  readonly backoff?: Duration.Input
  readonly maxBackoff?: Duration.Input
  readonly healthyAfter?: Duration.Input
  readonly exhausted?: "probe" | "stop"
  readonly probeInterval?: Duration.Input
}

/**
 * Makes a policy. By default: 5 crashes within 30 s, a backoff of 100 ms to 10 s, healthy after 30 s, probed after 30
 * s.
 */
export const make = (options: Options = {}): RestartPolicy => ({
  intensity: options.intensity ?? 5,
  within: Duration.fromInputUnsafe(options.within ?? "30 seconds"),
  backoff: Duration.fromInputUnsafe(options.backoff ?? "100 millis"),
  maxBackoff: Duration.fromInputUnsafe(options.maxBackoff ?? "10 seconds"),
  healthyAfter: Duration.fromInputUnsafe(options.healthyAfter ?? "30 seconds"),
  exhausted: options.exhausted ?? "probe",
  probeInterval: Duration.fromInputUnsafe(options.probeInterval ?? "30 seconds")
})

/** The policy of an actor that does not restart: it ends with its first crash. */
export const never: RestartPolicy = make({ intensity: 0, exhausted: "stop" })

/** What is remembered between crashes. */
export interface History {
  /** The times of the crashes inside the window, by a monotonic clock in milliseconds. */
  readonly crashes: ReadonlyArray<number>
  /** Restarts in a row without health between them. */
  readonly attempt: number
  /** Probes in a row that led to another crash. */
  readonly probes: number
}

/** The history of an actor that has never crashed. */
export const healthy: History = { crashes: [], attempt: 0, probes: 0 }

/** What to do after a crash. Delays are in milliseconds, before jitter. */
export type Decision =
  | { readonly _tag: "Restart"; readonly delay: number; readonly history: History }
  | { readonly _tag: "Probe"; readonly delay: number; readonly history: History }
  | { readonly _tag: "Stop" }

/** A crash: its time, and since when the actor had been running; undefined if its build had not finished. */
export interface Crash {
  readonly now: number
  readonly runningSince: number | undefined
}

/** Decides what follows a crash. */
export const decide = (policy: RestartPolicy, history: History, crash: Crash): Decision => {
  const wasHealthy =
    crash.runningSince !== undefined && crash.now - crash.runningSince >= Duration.toMillis(policy.healthyAfter)
  const probes = wasHealthy ? 0 : history.probes
  const attempt = wasHealthy ? 0 : history.attempt
  const crashes = [...history.crashes.filter((at) => crash.now - at < Duration.toMillis(policy.within)), crash.now]
  if (crashes.length > policy.intensity || probes > 0) {
    if (policy.exhausted === "stop") return { _tag: "Stop" }
    const delay = Duration.toMillis(policy.probeInterval) * Math.min(2 ** probes, 10)
    return { _tag: "Probe", delay, history: { crashes: [], attempt: 0, probes: probes + 1 } }
  }
  const delay =
    attempt === 0
      ? 0
      : Math.min(Duration.toMillis(policy.backoff) * 2 ** doublings(attempt), Duration.toMillis(policy.maxBackoff))
  return { _tag: "Restart", delay, history: { crashes, attempt: attempt + 1, probes } }
}

/** Limited, because 2 ** 1024 is Infinity, and Infinity times a backoff of 0 is not a number. */
const doublings = (attempt: number): number => Math.min(attempt - 1, 1023)
