/** How long to measure, and whom. */
import type { Front, Peer } from "./wires.ts"

/** How long to measure, and whom. */
export interface Effort {
  /** Whether servers go on from one scenario to the next, which saves their starts, and their compilers' work. */
  readonly keeps: boolean
  readonly rounds: number
  /** Rounds of all others where one takes them ten seconds, and of fibra for each of them. */
  readonly together: { readonly others: number; readonly fibra: number }
  /** The share of a thousand clients that act where it takes all others ten seconds; their time is that much more. */
  readonly share: number
  readonly seconds: number
  /** Idle connections. */
  readonly connections: number
  readonly mounts: number
  /** Sessions that are resumed. */
  readonly sessions: number
  readonly fronts: ReadonlyArray<Front>
  readonly peers: ReadonlyArray<Peer>
  /** Whether to profile fibra's servers. */
  readonly profile: boolean
}

type Measure = Omit<Effort, "fronts" | "peers" | "profile">

/** For figures to quote. */
export const full: Measure = {
  keeps: false,
  rounds: 7,
  together: { others: 3, fibra: 5 },
  share: 1,
  seconds: 2,
  connections: 5000,
  mounts: 2000,
  sessions: 1000
}

/** To see whether something has changed: all of it in about a minute. */
export const quick: Measure = {
  keeps: true,
  rounds: 3,
  together: { others: 1, fibra: 3 },
  share: 0.1,
  seconds: 0.3,
  connections: 2000,
  mounts: 600,
  sessions: 100
}
