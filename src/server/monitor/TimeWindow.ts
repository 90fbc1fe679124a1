/** How long things took lately, of a component whose times are counted from its beginning: what came since a mark. */
import type { ComponentStats } from "../instance/ComponentStats.ts"
import { fine, quantile } from "../instance/TimeBuckets.ts"
import { kinds, type TimeKind } from "../instance/TimeRows.ts"

/** What was counted up to one moment. */
interface Mark {
  readonly counts: { readonly [Kind in TimeKind]: Float64Array }
  readonly messages: number
  readonly renders: number
  readonly publishTotal: number
  /** The age of the server in milliseconds. */
  readonly at: number
}

/** What came since a mark. Times are 95th percentiles in milliseconds, and 0 when there was nothing. */
export interface Lately {
  /** Messages that were handled, how long handlers took, and how long messages waited. */
  readonly messages: number
  readonly run: number
  readonly wait: number
  /** Changes that were published, how long one took, and all together as a share of the time. */
  readonly renders: number
  readonly publish: number
  readonly publishShare: number
}

const messagesOf = ({ actions, events, writes }: ComponentStats): number => actions + events + writes

/** The times of one component. */
export class TimeWindow {
  readonly #stats: ComponentStats
  #older: Mark
  #newer: Mark

  /** Begins now. */
  constructor(stats: ComponentStats, now: number) {
    this.#stats = stats
    this.#older = this.#newer = this.#mark(now)
  }

  /** Since the last turn. */
  sinceTurn(now: number): Lately {
    return this.#since(this.#newer, now)
  }

  /** Since the turn before the last, so for one to two turns. */
  lately(now: number): Lately {
    return this.#since(this.#older, now)
  }

  turn(now: number): void {
    this.#older = this.#newer
    this.#newer = this.#mark(now)
  }

  #mark(at: number): Mark {
    const stats = this.#stats
    const copy = (kind: TimeKind) =>
      Float64Array.from({ length: fine.size }, (_, bucket) => stats.times(kind).counts[bucket] ?? 0)
    return {
      counts: { run: copy("run"), publish: copy("publish"), wait: copy("wait") },
      messages: messagesOf(stats),
      renders: stats.renders,
      publishTotal: stats.publishTotal,
      at
    }
  }

  #since(mark: Mark, now: number): Lately {
    const stats = this.#stats
    const worst = Object.fromEntries(kinds.map((kind) => [kind, this.#worst(kind, mark)])) as Record<TimeKind, number>
    const elapsed = Math.max(1, now - mark.at)
    return {
      ...worst,
      messages: messagesOf(stats) - mark.messages,
      renders: stats.renders - mark.renders,
      publishShare: (stats.publishTotal - mark.publishTotal) / 1000 / elapsed
    }
  }

  #worst(kind: TimeKind, { counts }: Mark): number {
    const times = this.#stats.times(kind)
    const since = counts[kind].map((before, bucket) => (times.counts[bucket] ?? 0) - before)
    return since.some((count) => count > 0) ? quantile({ ...times, counts: since }, 0.95) / 1000 : 0
  }
}
