/** Says what came out, in the terminal: the figures against what is to be reached, and who kept the machine busy. */
import { contestantsOf, type Figures, figuresOf, loadLimit, reached } from "./figures.ts"
import type { Description, Result } from "./outcome.ts"

const number = (value: number, digits = 0): string =>
  Number.isNaN(value)
    ? ""
    : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: ReadonlyArray<string>) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
  return rows.map((row) => line(row).trimEnd()).join("\n")
}

/** Times are small numbers. */
const digitsOf = ({ unit }: Description): number => (unit === "µs" || unit === "ms" ? 2 : 0)

const rowsOf = (
  results: ReadonlyArray<Result>,
  row: (scenario: Description, contestant: string, figures: Figures) => ReadonlyArray<string>
): ReadonlyArray<ReadonlyArray<string>> =>
  results.flatMap((result) =>
    contestantsOf(result.outcome).map((contestant) => row(result.scenario, contestant, figuresOf(result, contestant)))
  )

/** Whether what was to be reached was: of fibra, and of nobody else. */
const isOurs = (contestant: string): boolean => ["rpc", "json", "ask"].includes(contestant)

const ratio = (value: number): string => number(value, value < 0.1 ? 4 : 2)

/** The figures against what is to be reached. */
export const figures = (results: ReadonlyArray<Result>): string =>
  table([
    ["scenario", "of", "figure", "unit", "ratio", "CPU µs/unit", "ratio", "p50 ms", "p99 ms", "RSS", "reach", "met"],
    ...rowsOf(results, (scenario, contestant, figures) => {
      const all = isOurs(contestant) ? reached(scenario.reach, figures) : []
      const isBaseline = contestant === scenario.baseline
      return [
        scenario.name,
        contestant,
        number(figures.figure, digitsOf(scenario)),
        scenario.unit,
        isBaseline ? "" : figures.isRatioLoadBound ? "not measured" : ratio(figures.ratio),
        number(figures.cpu.server, 2),
        isBaseline ? "" : ratio(figures.cpuRatio),
        number(figures.latency.p50, 2),
        number(scenario.reach.p99AtMost === undefined ? figures.latency.p99 : figures.slowest, 2),
        number(figures.rss),
        all.map(({ what }) => what).join(", "),
        all.map(({ isMet }) => (isMet === undefined ? "?" : isMet ? "yes" : "NO")).join(", ")
      ]
    })
  ])

/** Who kept the machine busy, and how far the figures of the rounds lie apart. */
export const costs = (results: ReadonlyArray<Result>): string =>
  table([
    ["cores", "of", "server", "load", "others", "load µs/unit", "figures from - to"],
    ...rowsOf(results, (scenario, contestant, { cores, cpu, from, merged, to }) => {
      const digits = digitsOf(scenario)
      return [
        scenario.name,
        contestant,
        number(cores.server, 2),
        number(cores.load, 2),
        number(cores.others, 2),
        number(cpu.load, 2),
        `${number(from, digits)} - ${number(to, digits)}` +
          (merged === 0 ? "" : ` (${number(merged)} merged, not counted)`)
      ]
    })
  ])

/** The rows in which the load generator was the limit, in words. */
export const unmeasured = (results: ReadonlyArray<Result>): ReadonlyArray<string> =>
  results.flatMap((result) =>
    contestantsOf(result.outcome).flatMap((contestant) => {
      const { cores, isLoadBound } = figuresOf(result, contestant)
      if (!isLoadBound) return []
      return [
        `${result.scenario.name}, ${contestant}: not measured. The load generator took ${number(cores.load, 2)} of a core, and from ` +
          `${loadLimit} on it may be the limit. The server's CPU time per unit stands.`
      ]
    })
  )

/** Where fibra's servers spent their time, for the scenarios that were profiled. */
export const profiles = (results: ReadonlyArray<Result>): string =>
  results
    .flatMap(({ outcome, scenario }) =>
      Object.entries(outcome.hot ?? {}).map(
        ([contestant, hot]) =>
          `\n${scenario.name}, ${contestant}: functions by time of their own\n` +
          table([
            ["function", "where", "share"],
            ...hot.map(({ at, name, share }) => [name, at, `${number(share * 100, 1)} %`])
          ])
      )
    )
    .join("\n")

/** The one number of each contestant: its ratio, or its own figure where there is nobody to compare it with. */
export const scores = (results: ReadonlyArray<Result>): object =>
  Object.fromEntries(
    results.map((result) => {
      const { baseline, name, reach } = result.scenario
      const score = (contestant: string) => {
        const figures = figuresOf(result, contestant)
        const value =
          reach.figureAtMost !== undefined || baseline === undefined
            ? figures.figure
            : figures.isRatioLoadBound
              ? NaN
              : figures.ratio
        return Number(value.toPrecision(4))
      }
      const contestants = contestantsOf(result.outcome).filter((contestant) => contestant !== baseline)
      return [name, Object.fromEntries(contestants.map((contestant) => [contestant, score(contestant)]))]
    })
  )
