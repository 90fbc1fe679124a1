/**
 * How an actor (or a supervised child) comes back after a crash, as data, and the decision as a pure function of the crash
 * history. It starts nothing and reads no clock.
 */
import * as Duration from "effect/Duration"

/** How often, how fast and how long to restart. */
export interface RestartPolicy {
  /** Crashes tolerated `within` the window; one more is too many. */
  readonly intensity: number
  readonly within: Duration.Duration
  /** Delay before the second restart in a row; the first is at once, each further one doubles. */
  readonly backoff: Duration.Duration
  readonly maxBackoff: Duration.Duration
  /** Time without a crash after which the backoff starts over. */
  readonly healthyAfter: Duration.Duration
  /** Once there were too many: probe after `probeInterval` (doubling, up to ten times that), or stop for good. */
  readonly exhausted: "probe" | "stop"
  readonly probeInterval: Duration.Duration
}

/** The parts of a `RestartPolicy`, as a caller gives them. */
export interface Options {
  readonly intensity?: number
  readonly within?: Duration.Input
  readonly backoff?: Duration.Input
  readonly maxBackoff?: Duration.Input
  readonly healthyAfter?: Duration.Input
  readonly exhausted?: "probe" | "stop"
  readonly probeInterval?: Duration.Input
}

/** A policy; what is left out is 5 crashes within 30 s, 100 ms to 10 s of backoff, healthy and probed after 30 s. */
export const make = (options: Options = {}): RestartPolicy => ({
  intensity: options.intensity ?? 5,
  within: Duration.fromInputUnsafe(options.within ?? "30 seconds"),
  backoff: Duration.fromInputUnsafe(options.backoff ?? "100 millis"),
  maxBackoff: Duration.fromInputUnsafe(options.maxBackoff ?? "10 seconds"),
  healthyAfter: Duration.fromInputUnsafe(options.healthyAfter ?? "30 seconds"),
  exhausted: options.exhausted ?? "probe",
  probeInterval: Duration.fromInputUnsafe(options.probeInterval ?? "30 seconds")
})

/** The policy of an actor that is not restarted: its first crash is its end. */
export const never: RestartPolicy = make({ intensity: 0, exhausted: "stop" })

/** What is remembered between crashes. */
export interface History {
  /** When the crashes still inside the window happened, in milliseconds of a clock that only goes on. */
  readonly crashes: ReadonlyArray<number>
  /** Restarts in a row without a healthy spell between them. */
  readonly attempt: number
  /** Probes in a row that led to another crash. */
  readonly probes: number
}

/** The history of an actor that never crashed. */
export const healthy: History = { crashes: [], attempt: 0, probes: 0 }

/** What to do about a crash; delays are milliseconds, before jitter. */
export type Decision =
  | { readonly _tag: "Restart"; readonly delay: number; readonly history: History }
  | { readonly _tag: "Probe"; readonly delay: number; readonly history: History }
  | { readonly _tag: "Stop" }

/** A crash: when it happened, and since when what crashed had been running; undefined if it never came that far. */
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

/** Bounded, because 2 ** 1024 is Infinity, and no backoff at all times that is no number. */
const doublings = (attempt: number): number => Math.min(attempt - 1, 1023)
