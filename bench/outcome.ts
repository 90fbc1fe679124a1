/** What is measured, and what came out: without the means to measure it, so that it can be kept, and said anywhere. */
import type { Hot } from "./profile.ts"

/** One contestant in one round. */
export interface Round {
  /** What is compared: units per second, bytes, microseconds, or milliseconds. */
  readonly figure: number
  /** CPU time per unit of work, microseconds, of the server and of the load generator. */
  readonly cpu?: { readonly server: number; readonly load: number }
  /** Cores in use meanwhile: by the server, by the load generator, and by all that is not ours. */
  readonly cores?: { readonly server: number; readonly load: number; readonly others: number }
  /** Of actions, milliseconds. */
  readonly latency?: { readonly p50: number; readonly p99: number }
  /** Bytes of the machine's memory, where the figure is bytes of the heap. */
  readonly rss?: number
  /** Changes that came merged with others, and were not counted. */
  readonly merged?: number
}

/** What came out of a scenario: the rounds of each contestant, and the functions that took the most time of those that were profiled. */
export interface Outcome {
  readonly rounds: { readonly [contestant: string]: ReadonlyArray<Round> }
  readonly hot?: { readonly [contestant: string]: ReadonlyArray<Hot> }
}

/** What is measured, and what is to be reached. */
export interface Description {
  readonly name: string
  /** In words, of somebody who has not read the bench. */
  readonly what: string
  readonly unit: string
  readonly better: "more" | "less"
  /** Whose figures the others are compared with. */
  readonly baseline?: string
  readonly reach: Reach
}

/** At least, or at most, so much. What is not there is not asked for. */
export interface Reach {
  /** Of the figure, divided by that of the baseline. */
  readonly ratioAtLeast?: number
  readonly ratioAtMost?: number
  readonly figureAtMost?: number
  /** Of the server's CPU time per unit, divided by that of the baseline. */
  readonly cpuAtMost?: number
  /** Of the slowest of a hundred actions, divided by the median. */
  readonly tailAtMost?: number
  readonly rssAtMost?: number
  /** Of the slowest of a hundred rounds, where each is one of many of a kind. */
  readonly p99AtMost?: number
}

/** A description with what came out. */
export interface Result {
  readonly scenario: Description
  readonly outcome: Outcome
}
