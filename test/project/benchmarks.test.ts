/** What the bench says of what it has measured: `docs/benchmarks.md`, and its tables. */
import { assert, describe, it } from "@effect/vitest"
import * as benchmarks from "../../bench/benchmarks.ts"
import type { Description, Round } from "../../bench/outcome.ts"
import * as report from "../../bench/report.ts"

const actions: Description = {
  name: "actions16",
  what: "actions, 16 in flight",
  unit: "actions/s",
  better: "more",
  baseline: "raw",
  reach: { ratioAtLeast: 2, cpuAtMost: 0.5, tailAtMost: 2.5 }
}

const memory: Description = {
  name: "bytesPerConnection",
  what: "bytes of an idle connection",
  unit: "bytes",
  better: "less",
  baseline: "raw",
  reach: { figureAtMost: 4096, rssAtMost: 14_000 }
}

/** Rounds as they were recorded: what was reached in each, what a unit cost the server, and how busy the load was. */
const recorded = (figures: ReadonlyArray<number>, cpu: number, load = 0.4, p99 = 2): ReadonlyArray<Round> =>
  figures.map((figure) => ({
    figure,
    cpu: { server: cpu, load: 1 },
    cores: { server: 1, load, others: 0 },
    latency: { p50: 1, p99 }
  }))

const held = (figure: number, rss: number): ReadonlyArray<Round> => [{ figure, rss }]

const results = (rounds: Readonly<Record<string, ReadonlyArray<Round>>>) => [
  { scenario: actions, outcome: { rounds } },
  {
    scenario: memory,
    outcome: {
      rounds: {
        raw: held(3000, 9000),
        rpc: held(4000, 13_000),
        json: held(3900, 12_000),
        socketio: held(12_000, 28_000)
      }
    }
  }
]

const whole = {
  raw: recorded([90, 100, 110], 10),
  rpc: recorded([198, 200, 202], 5),
  json: recorded([300, 300, 300], 3),
  socketio: recorded([250, 250, 250], 4)
}

const render = (rounds: Readonly<Record<string, ReadonlyArray<Round>>>): string =>
  benchmarks.render({
    date: "2026-01-31",
    machine: { cores: 2, model: "a machine", node: "24.0.0", platform: "linux x64" },
    versions: { fibra: "1.2.3", "Socket.IO": "4.8.4" },
    results: results(rounds)
  })

const rowOf = (text: string, name: string): string =>
  text.split("\n").find((line) => line.includes(`| ${name} |`)) ?? ""

describe("docs/benchmarks.md", () => {
  it("says when, where and of which versions the figures are", () => {
    const text = render(whole)
    assert.include(text, "Measured on 2026-01-31 on 2 cores of a machine, linux x64, Node 24.0.0")
    assert.include(text, "fibra 1.2.3, Socket.IO 4.8.4")
  })

  it("has medians, spreads, and ratios to plain ws of neighbouring rounds", () => {
    const text = render(whole)
    assert.match(rowOf(text, "plain `ws`"), /\| 100 \| ± 10 % \| 1 \| 10 \| 1 \|/)
    // 198 / 90, 200 / 100 and 202 / 110.
    assert.match(rowOf(text, "fibra, its own client's wire"), /\| 200 \| ± 1 % \| 2 \| 5 \| 0.5 \|/)
    assert.include(text, "| 4,000 | one round | 1.33 | 13,000 | 1.44 |")
  })

  it("says in words where a peer is ahead, on which wire and by what, and nowhere else", () => {
    const ahead = benchmarks.ahead(results(whole))
    assert.deepStrictEqual(ahead, [
      "**Socket.IO** is ahead of fibra, its own client's wire in `actions16`, actions/s: 250 against 200.",
      "**Socket.IO** is ahead of fibra, its own client's wire in `actions16`, CPU time of the server: 4 against 5."
    ])
    for (const sentence of ahead) assert.include(render(whole), sentence)
  })

  it("says of latency and resident bytes, too, where a peer is ahead", () => {
    const slow = { ...whole, socketio: recorded([10, 10, 10], 20, 0.4, 1.5) }
    assert.deepStrictEqual(
      benchmarks.ahead(results(slow)).map((sentence) => sentence.slice(sentence.indexOf("`actions16`"))),
      Array.from({ length: 2 }, () => "`actions16`, the 99th percentile of latency: 1.5 against 2.")
    )
    const small = { rpc: held(4000, 13_000), socketio: held(5000, 9000) }
    assert.lengthOf(benchmarks.ahead([{ scenario: memory, outcome: { rounds: small } }]), 1)
  })

  it("says so when no peer is ahead", () => {
    const text = render({ ...whole, socketio: recorded([100, 100, 100], 12) })
    assert.include(text, "Nowhere: in all that was measured fibra is ahead of Socket.IO, or level, on both wires.")
  })

  it("marks rows in which the load was the limit as not measured, and compares nobody by them", () => {
    const busy = { ...whole, socketio: recorded([250, 250, 250], 6, 0.9) }
    const text = render(busy)
    assert.match(rowOf(text, "Socket.IO"), /\| not measured \(250\) \| .* \| not measured \| 6 \| 0.6 \|/)
    assert.include(text, "`actions16`, Socket.IO: not measured. The load generator took 0.90 of a core")
    assert.deepStrictEqual(benchmarks.ahead(results(busy)), [])
    assert.notInclude(render(whole), "## Not measured")
  })

  it("has no ratios of rates when the load was the limit of plain ws, and those of CPU time all the same", () => {
    const text = render({ ...whole, raw: recorded([100, 100, 100], 10, 0.86) })
    assert.match(rowOf(text, "fibra, its own client's wire"), /\| 200 \| ± 1 % \| not measured \| 5 \| 0.5 \|/)
  })
})

describe("the tables of the bench", () => {
  const lines = (text: string, scenario: string, of: string) =>
    text.split("\n").find((line) => line.startsWith(scenario) && line.includes(` ${of} `)) ?? ""

  it("have what is to be reached beside the figures, one by one, of fibra alone", () => {
    const text = report.figures(results(whole))
    assert.match(lines(text, "actions16", "rpc"), /≥ 2, CPU ≤ 0.5, p99 \/ p50 ≤ 2.5 +yes, yes, yes$/)
    const missed = report.figures(results({ ...whole, rpc: recorded([90, 90, 90], 6, 0.4, 3) }))
    assert.match(lines(missed, "actions16", "rpc"), /NO, NO, NO$/)
    assert.notMatch(lines(text, "actions16", "socketio"), /yes|NO/)
  })

  it("do not say that a rate was reached that was not measured", () => {
    const text = report.figures(results({ ...whole, rpc: recorded([300, 300, 300], 5, 0.9) }))
    assert.match(lines(text, "actions16", "rpc"), /not measured/)
    assert.match(lines(text, "actions16", "rpc"), /\?, yes, \?$/)
    assert.deepStrictEqual(
      JSON.parse(JSON.stringify(report.scores(results({ ...whole, rpc: recorded([1], 1, 0.9) })))).actions16,
      { rpc: null, json: 3, socketio: 2.5 }
    )
  })

  it("say in words which rows were not measured", () => {
    assert.deepStrictEqual(report.unmeasured(results({ ...whole, json: recorded([300], 5, 0.87) })), [
      "actions16, json: not measured. The load generator took 0.87 of a core, and from 0.85 on it may be the limit. " +
        "The server's CPU time per unit stands."
    ])
    assert.deepStrictEqual(report.unmeasured(results(whole)), [])
  })
})
