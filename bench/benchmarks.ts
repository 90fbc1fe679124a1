/** Writes `docs/benchmarks.md`: what was measured, where, and against what; and where somebody else is ahead, in words. */
import { peers } from "./contestants.ts"
import { contestantsOf, type Figures, figuresOf, loadLimit } from "./figures.ts"
import type { Description, Result } from "./outcome.ts"

/** What was measured, with what, and where. */
export interface Benchmarks {
  /** A day, as in 2026-01-31. */
  readonly date: string
  readonly machine: { readonly cores: number; readonly model: string; readonly node: string; readonly platform: string }
  /** Versions of what was measured, by name. */
  readonly versions: { readonly [name: string]: string }
  readonly results: ReadonlyArray<Result>
}

const fronts = { rpc: "fibra, its own client's wire", json: "fibra, the open wire" } as const

/** Whether somebody is one of ours. */
const isFront = (contestant: string): contestant is keyof typeof fronts => Object.hasOwn(fronts, contestant)

const isPeer = (contestant: string): contestant is keyof typeof peers => Object.hasOwn(peers, contestant)

const nameOf = (contestant: string): string =>
  isFront(contestant)
    ? fronts[contestant]
    : isPeer(contestant)
      ? peers[contestant]
      : ({ raw: "plain `ws`", unwatched: "fibra without a monitor's numbers", ask: "fibra" }[contestant] ?? contestant)

const number = (value: number, digits = 0): string =>
  value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })

/** Three digits that count. */
const short = (value: number): string =>
  Number.isNaN(value) ? "" : value >= 100 ? number(value) : String(Number(value.toPrecision(3)))

const row = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n")

const notMeasured = "not measured"

/** One thing in which contestants are compared. */
interface Measure {
  readonly what: string
  readonly better: Description["better"]
  /** Undefined when it was not measured. */
  readonly value: (figures: Figures) => number | undefined
}

const known = (value: number): number | undefined => (Number.isNaN(value) ? undefined : value)

/** In what a scenario compares. */
const measuresOf = ({ better, name, unit }: Description): ReadonlyArray<Measure> => [
  {
    what: unit,
    better,
    value: ({ figure, isLoadBound }) => (isLoadBound ? undefined : known(figure))
  },
  ...(name === "shared1000"
    ? []
    : [{ what: "CPU time of the server", better: "less" as const, value: ({ cpu }: Figures) => known(cpu.server) }]),
  {
    what: "the 99th percentile of latency",
    better: "less",
    value: ({ isLoadBound, latency }) => (isLoadBound ? undefined : known(latency.p99))
  },
  { what: "resident bytes", better: "less", value: ({ rss }) => known(rss) }
]

/** What is said where others are ahead of fibra, one sentence each. */
export const ahead = (results: ReadonlyArray<Result>): ReadonlyArray<string> =>
  results.flatMap((result) => {
    const contestants = contestantsOf(result.outcome)
    return measuresOf(result.scenario).flatMap(({ better, value, what }) =>
      contestants.filter(isPeer).flatMap((peer) => {
        const theirs = value(figuresOf(result, peer))
        if (theirs === undefined) return []
        return contestants.filter(isFront).flatMap((front) => {
          const ours = value(figuresOf(result, front))
          if (ours === undefined || (better === "more" ? ours >= theirs : ours <= theirs)) return []
          return [
            `**${peers[peer]}** is ahead of ${fronts[front]} in \`${result.scenario.name}\`, ${what}: ` +
              `${short(theirs)} against ${short(ours)}.`
          ]
        })
      })
    )
  })

/** What of the comparison was not measured, one sentence each. */
const unmeasured = (results: ReadonlyArray<Result>): ReadonlyArray<string> =>
  results.flatMap((result) =>
    contestantsOf(result.outcome).flatMap((contestant) => {
      const { cores, isLoadBound } = figuresOf(result, contestant)
      return isLoadBound
        ? [
            `\`${result.scenario.name}\`, ${nameOf(contestant)}: ${notMeasured}. The load generator took ${cores.load.toFixed(2)} of a core, so it, ` +
              "and not the server, may have been the limit; CPU time per unit stands."
          ]
        : []
    })
  )

const standing = (results: ReadonlyArray<Result>): string => {
  const compared = results.filter(({ outcome }) => contestantsOf(outcome).some(isPeer))
  if (compared.length === 0) return "Nobody but plain `ws` took part."
  const sentences = ahead(compared)
  const names = [...new Set(compared.flatMap(({ outcome }) => contestantsOf(outcome).filter(isPeer)))].map(
    (peer) => peers[peer]
  )
  if (sentences.length > 0) {
    return `${sentences.map((sentence) => `- ${sentence}`).join("\n")}\n\nIn all else that was measured fibra is ahead of ${names.join(" and ")}, or level, on both wires.`
  }
  return `Nowhere: in all that was measured fibra is ahead of ${names.join(" and ")}, or level, on both wires.`
}

const section = (result: Result): string => {
  const { outcome, scenario } = result
  const all = contestantsOf(outcome).map((contestant) => [contestant, figuresOf(result, contestant)] as const)
  const has = (value: (figures: Figures) => number) => all.some(([, figures]) => !Number.isNaN(value(figures)))
  const columns: ReadonlyArray<readonly [head: string, cell: (figures: Figures, isBaseline: boolean) => string]> = [
    [scenario.unit, ({ figure, isLoadBound }) => (isLoadBound ? `${notMeasured} (${short(figure)})` : short(figure))],
    ["spread", ({ rounds, spread }) => (rounds === 1 ? "one round" : `± ${number(spread * 100)} %`)],
    ...(scenario.baseline === undefined
      ? []
      : [
          [
            `÷ ${nameOf(scenario.baseline)}`,
            ({ isRatioLoadBound, ratio }: Figures, isBaseline: boolean) =>
              isBaseline ? "1" : isRatioLoadBound ? notMeasured : short(ratio)
          ] as const
        ]),
    ...(has(({ cpu }) => cpu.server)
      ? [
          ["server CPU, µs per unit", ({ cpu }: Figures) => short(cpu.server)] as const,
          ["÷", ({ cpuRatio }: Figures, isBaseline: boolean) => (isBaseline ? "1" : short(cpuRatio))] as const,
          ["cores: server", ({ cores }: Figures) => short(cores.server)] as const,
          ["load", ({ cores }: Figures) => short(cores.load)] as const
        ]
      : []),
    ...(has(({ latency }) => latency.p50)
      ? [
          ["p50, ms", ({ latency }: Figures) => short(latency.p50)] as const,
          ["p99, ms", ({ latency }: Figures) => short(latency.p99)] as const
        ]
      : []),
    ...(scenario.reach.p99AtMost === undefined
      ? []
      : [["99th percentile", ({ slowest }: Figures) => short(slowest)] as const]),
    ...(has(({ rss }) => rss)
      ? [
          ["resident bytes", ({ rss }: Figures) => short(rss)] as const,
          ["÷", ({ rssRatio }: Figures, isBaseline: boolean) => (isBaseline ? "1" : short(rssRatio))] as const
        ]
      : [])
  ]
  const head = ["", ...columns.map(([head]) => head)]
  const rows = all.map(([contestant, figures]) => [
    nameOf(contestant),
    ...columns.map(([, cell]) => cell(figures, contestant === scenario.baseline))
  ])
  return `### \`${scenario.name}\`\n\n${scenario.what[0]?.toUpperCase()}${scenario.what.slice(1)}; ${scenario.better} is better.\n\n${table(head, rows)}`
}

/** The document. */
export const render = ({ date, machine, results, versions }: Benchmarks): string => {
  const missing = unmeasured(results)
  const parts = [
    "# Benchmarks",
    "<!-- Written by `npm run bench -- --peers`. Do not edit. -->",
    `Measured on ${date} on ${machine.cores} cores of ${machine.model}, ${machine.platform}, Node ${machine.node}, over loopback: ` +
      `${Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(", ")}. ` +
      "Servers run on one core, the load on another; all take turns in the same run, each in a process of its own.",
    "Figures are medians of the rounds; a spread is half the range of the rounds, as a share of the median; a ratio is the median of the " +
      "ratios of neighbouring rounds. Trust ratios and CPU time per unit: absolute figures depend on the machine. " +
      `Where the load generator took more than ${loadLimit} of its core it may have been the limit, and the row says that it is not measured.`,
    "Plain `ws` does nothing else: one `JSON.parse`, one `JSON.stringify` and one `send` per message; it validates nothing, has no sessions " +
      "and isolates no state. Socket.IO acknowledges actions and emits to a room; Colyseus sends the patch of its state after each action.",
    "## Where others are ahead",
    standing(results),
    ...(missing.length === 0 ? [] : ["## Not measured", missing.map((sentence) => `- ${sentence}`).join("\n")]),
    "## Figures",
    ...results.map(section)
  ]
  return `${parts.join("\n\n")}\n`
}
