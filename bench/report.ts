/** Says what came out: the figures against their targets, and the CPU time they took. */
import type { Outcome, Round, Scenario } from "./scenarios.ts"

/** A scenario with what came out of it. */
export interface Result {
  readonly scenario: Scenario
  readonly outcome: Outcome
}

const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2
}

const figure = (rounds: ReadonlyArray<Round>): number => median(rounds.map((round) => round.figure))

/** The median of the ratios of neighbouring rounds; where raw has fewer, each of them has several neighbours. */
const ratio = ({ fibra, raw }: Outcome): number => {
  const neighbour = (index: number) => raw[Math.floor((index * raw.length) / fibra.length)]
  return median(fibra.map((round, index) => round.figure / (neighbour(index)?.figure ?? NaN)))
}

/** The one number of a scenario: what its target speaks of. */
export const score = ({ outcome, scenario }: Result): number => {
  const value = scenario.target.of === "ratio" ? ratio(outcome) : figure(outcome.fibra)
  return Number(value.toPrecision(4))
}

/** The slowest of a hundred, where each round is one of many of a kind. */
export const p99 = ({ outcome, scenario }: Result): number | undefined => {
  if (scenario.target.p99AtMost === undefined) return undefined
  const sorted = outcome.fibra.map((round) => round.figure).toSorted((a, b) => a - b)
  return Number((sorted[Math.ceil(sorted.length * 0.99) - 1] ?? NaN).toPrecision(4))
}

const number = (value: number, digits = 0): string =>
  Number.isNaN(value)
    ? ""
    : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: ReadonlyArray<string>) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
  return rows.map((row) => line(row).trimEnd()).join("\n")
}

/** Times are small numbers. */
const digitsOf = ({ unit }: Scenario): number => (unit === "µs" || unit === "ms" ? 2 : 0)

/** The figures against their targets. */
export const figures = (results: ReadonlyArray<Result>): string =>
  table([
    ["scenario", "unit", "raw", "fibra", "ratio", "target", "met"],
    ...results.map((result) => {
      const { outcome, scenario } = result
      const { atLeast = -Infinity, atMost = Infinity, p99AtMost = Infinity } = scenario.target
      const value = score(result)
      const slowest = p99(result)
      return [
        scenario.name,
        scenario.unit,
        number(figure(outcome.raw)),
        number(figure(outcome.fibra), digitsOf(scenario)) +
          (slowest === undefined ? "" : ` (p99 ${number(slowest, 2)})`),
        number(ratio(outcome), scenario.target.of === "ratio" && atMost < 1 ? 4 : 2),
        (atMost === Infinity ? `>= ${atLeast}` : `<= ${atMost}`) + (slowest === undefined ? "" : ` (${p99AtMost})`),
        value >= atLeast && value <= atMost && (slowest ?? 0) <= p99AtMost ? "yes" : "NO"
      ]
    })
  ])

/** CPU time per unit of work, and who kept the machine busy. */
export const costs = (results: ReadonlyArray<Result>): string => {
  const cores = (rounds: ReadonlyArray<Round>, who: "server" | "load" | "others") =>
    number(median(rounds.map(({ cores }) => cores?.[who] ?? NaN)), 2)
  return table([
    ["CPU", "server µs/unit", "ratio", "load µs/unit", "cores: server", "load", "others", "figures from - to"],
    ...results.flatMap(({ outcome, scenario }) =>
      (["raw", "fibra"] as const).flatMap((side) => {
        const rounds = outcome[side]
        if (rounds.length === 0) return []
        const all = rounds.map((round) => round.figure)
        const cpu = (side: "raw" | "fibra", who: "server" | "load") =>
          median(outcome[side].map((round) => round.cpu?.[who] ?? NaN))
        const digits = digitsOf(scenario)
        const merged = rounds.reduce((sum, round) => sum + (round.merged ?? 0), 0)
        return [
          [
            `${scenario.name} ${side}`,
            number(cpu(side, "server"), 2),
            side === "raw" ? "" : number(cpu("fibra", "server") / cpu("raw", "server"), 2),
            number(cpu(side, "load"), 2),
            cores(rounds, "server"),
            cores(rounds, "load"),
            cores(rounds, "others"),
            `${number(Math.min(...all), digits)} - ${number(Math.max(...all), digits)}` +
              (merged === 0 ? "" : ` (${number(merged)} merged, not counted)`)
          ]
        ]
      })
    )
  ])
}

/** Where fibra's server spent its time, for the scenarios that were profiled. */
export const profiles = (results: ReadonlyArray<Result>): string =>
  results
    .flatMap(({ outcome, scenario }) =>
      outcome.hot === undefined
        ? []
        : [
            `\n${scenario.name}: functions by time of their own\n` +
              table([
                ["function", "share", "where"],
                ...outcome.hot.map(({ at, name, share }) => [name, `${number(share * 100, 1)} %`, at])
              ])
          ]
    )
    .join("\n")
