/** The numbers of an instance, or of all of a component, as somebody reads them. */
import * as Schema from "effect/Schema"
import type { ComponentStats } from "./ComponentStats.ts"
import { Recently, type Tally } from "./Tally.ts"
import { type Counted, fine, quantile } from "./TimeBuckets.ts"
import type { TimeKind } from "./TimeRows.ts"

/** Times in milliseconds; all 0 when there were none. The shares of a hundred are estimates. */
export const Times = Schema.Struct({
  total: Schema.Finite,
  average: Schema.Finite,
  max: Schema.Finite,
  p50: Schema.Finite,
  p95: Schema.Finite,
  p99: Schema.Finite
})

/** Times in milliseconds. */
export type Times = typeof Times.Type

/** Counts and times since the beginning, and counts of the last minute. */
export const Figures = Schema.Struct({
  /** Calls of actions that ended in any way. */
  actions: Schema.Int,
  /** Messages that failed with an error of the contract, or were refused. */
  failures: Schema.Int,
  /** Crashes, also in the background. */
  defects: Schema.Int,
  /** Handlers that were interrupted because they ran too long, and by their callers. */
  timeouts: Schema.Int,
  cancelled: Schema.Int,
  /** Fields that clients set, and events that were heard in rooms. */
  writes: Schema.Int,
  events: Schema.Int,
  /** How often the state was replaced, and how often a change of it was published. */
  updates: Schema.Int,
  renders: Schema.Int,
  restarts: Schema.Int,
  /** How long handlers ran, and how long the last one did. */
  run: Times,
  lastRun: Schema.Finite,
  /** How long it took to publish a change, and how long the last one took. */
  publish: Times,
  lastPublish: Schema.Finite,
  /** How long messages waited in the mailbox. */
  wait: Times,
  recently: Recently
})

/** Counts and times. */
export type Figures = typeof Figures.Type

const noTimes: Times = { total: 0, average: 0, max: 0, p50: 0, p95: 0, p99: 0 }

/** Where nothing has happened. */
export const none: Figures = {
  actions: 0,
  failures: 0,
  defects: 0,
  timeouts: 0,
  cancelled: 0,
  writes: 0,
  events: 0,
  updates: 0,
  renders: 0,
  restarts: 0,
  run: noTimes,
  lastRun: 0,
  publish: noTimes,
  lastPublish: 0,
  wait: noTimes,
  recently: { actions: 0, crashes: 0, renders: 0, slow: 0, restarts: 0, millis: 0 }
}

const timesOf = (counted: Counted | undefined, total: number, count: number): Times => {
  if (counted === undefined || count === 0) return noTimes
  const of = (share: number) => quantile(counted, share) / 1000
  return {
    total: total / 1000,
    average: total / count / 1000,
    max: counted.max / 1000,
    p50: of(0.5),
    p95: of(0.95),
    p99: of(0.99)
  }
}

/** How long the handlers of all these components ran. */
export const runOfAll = (all: ReadonlyArray<ComponentStats>): Times => {
  const counts = new Float64Array(fine.size)
  let [max, messages, total] = [0, 0, 0]
  for (const stats of all) {
    const { counts: own } = stats.times("run")
    for (let bucket = 0; bucket < fine.size; bucket++) counts[bucket] = (counts[bucket] ?? 0) + (own[bucket] ?? 0)
    max = Math.max(max, stats.runMax)
    total += stats.runTotal
    messages += stats.actions + stats.writes + stats.events
  }
  return timesOf({ buckets: fine, counts, at: 0, max }, total, messages)
}

/** What a tally has counted. `now` is the age of the server in milliseconds. */
export const of = (
  tally: Tally & { readonly times: (kind: TimeKind) => Counted | undefined },
  now: number
): Figures => {
  const { actions, cancelled, defects, events, failures, renders, restarts, timeouts, updates, writes } = tally
  const messages = actions + writes + events
  return {
    actions,
    failures,
    defects,
    timeouts,
    cancelled,
    writes,
    events,
    updates,
    renders,
    restarts,
    run: timesOf(tally.times("run"), tally.runTotal, messages),
    lastRun: tally.runLast / 1000,
    publish: timesOf(tally.times("publish"), tally.publishTotal, renders),
    lastPublish: tally.publishLast / 1000,
    wait: timesOf(tally.times("wait"), tally.waitTotal, messages),
    recently: tally.recently(now)
  }
}
