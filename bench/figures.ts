/** What the rounds of a scenario say together: medians, ratios to the baseline, and whether they were measured at all. */
import type { Outcome, Reach, Result, Round } from "./outcome.ts"
import { median, quantile, spread } from "./statistics.ts"

/** The share of a core from which the load generator, and not the server, may be what was measured. */
export const loadLimit = 0.85

/** What one contestant's rounds say. NaN stands where there is nothing. */
export interface Figures {
  readonly rounds: number
  readonly figure: number
  /** Half of the range of the figures, as a share of the median. */
  readonly spread: number
  readonly from: number
  readonly to: number
  /** The figure and the server's CPU time per unit, divided by those of the baseline. */
  readonly ratio: number
  readonly cpuRatio: number
  readonly cpu: { readonly server: number; readonly load: number }
  readonly cores: { readonly server: number; readonly load: number; readonly others: number }
  readonly latency: { readonly p50: number; readonly p99: number }
  readonly rss: number
  readonly rssRatio: number
  /** Of the slowest of a hundred rounds. */
  readonly slowest: number
  readonly merged: number
  /** Whether the load generator was the limit, of this contestant or of the baseline. */
  readonly isLoadBound: boolean
  readonly isRatioLoadBound: boolean
}

const of = (rounds: ReadonlyArray<Round>, value: (round: Round) => number | undefined): number =>
  median(rounds.map((round) => value(round) ?? NaN))

const isLoadBound = (rounds: ReadonlyArray<Round>): boolean => of(rounds, ({ cores }) => cores?.load) > loadLimit

/** The median of the ratios of neighbouring rounds; where one has fewer, each of them has several neighbours. */
const ratioOf = (
  rounds: ReadonlyArray<Round>,
  baseline: ReadonlyArray<Round>,
  value: (round: Round) => number | undefined
): number => {
  const neighbour = (index: number) => baseline[Math.floor((index * baseline.length) / rounds.length)]
  return median(
    rounds.map((round, index) => {
      const other = neighbour(index)
      return (value(round) ?? NaN) / ((other === undefined ? undefined : value(other)) ?? NaN)
    })
  )
}

/** What the rounds of this contestant say. */
export const figuresOf = ({ outcome, scenario }: Result, contestant: string): Figures => {
  const rounds = outcome.rounds[contestant] ?? []
  const baseline = (scenario.baseline === undefined ? undefined : outcome.rounds[scenario.baseline]) ?? []
  const all = rounds.map(({ figure }) => figure)
  const ratio = (value: (round: Round) => number | undefined) => ratioOf(rounds, baseline, value)
  return {
    rounds: rounds.length,
    figure: median(all),
    spread: spread(all),
    from: Math.min(...all),
    to: Math.max(...all),
    ratio: ratio(({ figure }) => figure),
    cpuRatio: ratio(({ cpu }) => cpu?.server),
    cpu: { server: of(rounds, ({ cpu }) => cpu?.server), load: of(rounds, ({ cpu }) => cpu?.load) },
    cores: {
      server: of(rounds, ({ cores }) => cores?.server),
      load: of(rounds, ({ cores }) => cores?.load),
      others: of(rounds, ({ cores }) => cores?.others)
    },
    latency: { p50: of(rounds, ({ latency }) => latency?.p50), p99: of(rounds, ({ latency }) => latency?.p99) },
    rss: of(rounds, ({ rss }) => rss),
    rssRatio: ratio(({ rss }) => rss),
    slowest: quantile(
      all.toSorted((a, b) => a - b),
      0.99
    ),
    merged: rounds.reduce((sum, { merged }) => sum + (merged ?? 0), 0),
    isLoadBound: isLoadBound(rounds),
    isRatioLoadBound: isLoadBound(rounds) || isLoadBound(baseline)
  }
}

/** Those who took part, in the order in which they were measured. */
export const contestantsOf = ({ rounds }: Outcome): ReadonlyArray<string> => Object.keys(rounds)

/** Something that was to be reached: in words, and whether it was; undefined when that was not measured. */
export interface Reached {
  readonly what: string
  readonly isMet: boolean | undefined
}

/** What was to be reached, one by one. */
export const reached = (reach: Reach, figures: Figures): ReadonlyArray<Reached> => {
  const { cpuRatio, figure, isRatioLoadBound, latency, ratio, rss, slowest } = figures
  const one = (what: string, limit: number | undefined, sign: "≤" | "≥", value: number, isMeasured = true) =>
    limit === undefined
      ? []
      : [
          {
            what: `${what} ${sign} ${limit}`.trim(),
            isMet: isMeasured && !Number.isNaN(value) ? (sign === "≤" ? value <= limit : value >= limit) : undefined
          }
        ]
  return [
    ...one("", reach.ratioAtLeast, "≥", ratio, !isRatioLoadBound),
    ...one("", reach.ratioAtMost, "≤", ratio, !isRatioLoadBound),
    ...one("", reach.figureAtMost, "≤", figure),
    ...one("CPU", reach.cpuAtMost, "≤", cpuRatio),
    ...one("p99 / p50", reach.tailAtMost, "≤", latency.p99 / latency.p50, !isRatioLoadBound),
    ...one("RSS", reach.rssAtMost, "≤", rss),
    ...one("p99", reach.p99AtMost, "≤", slowest)
  ]
}
