// `npm run bench`: how fast fibra is over both of its wires, and how fast the same thing is on plain `ws`, measured in turns.
//
//   npm run bench                        all scenarios, about ten minutes
//   npm run bench -- --quick             all scenarios, in about a minute; where plain `ws` takes ten seconds for what a thousand
//                                        clients do at once, a hundred do it, and the time is taken ten times
//   npm run bench -- actions1 fanout     only these
//   npm run bench -- --front json        only over the open wire, or, with rpc, over the one of fibra's own client
//   npm run bench -- --peers             also Socket.IO and Colyseus, which it installs in bench/peers; writes docs/benchmarks.md when
//                                        all scenarios were run in full, and prints it otherwise
//   npm run bench -- --profile fanout    also where fibra's servers spend their time
//
// The servers run on one core and the load on another, where `taskset` is there. A row in which the load took more than 0.85 of its
// core is not measured, and says so.
//
// The last line is one line of JSON: ratios to raw, but bytesPerConnection (bytes), resume (ms for a session of ten components, the
// median) and ask (µs) are fibra's own; monitor is fibra against fibra without the numbers that a monitor reads. The ratios of room1000
// and shared1000 are of times, so less is better. What was not measured is null. The exit code is 1 when something failed or hung. A
// figure that misses what is to be reached is said, and is not a failure: machines differ.
import { readFileSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { parseArgs } from "node:util"
import { render } from "./benchmarks.ts"
import { type Effort, full, quick } from "./effort.ts"
import type { Result } from "./outcome.ts"
import { install } from "./peers/install.ts"
import * as report from "./report.ts"
import { scenarios } from "./scenarios.ts"
import type { Front } from "./wires.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    peers: { type: "boolean", default: false },
    front: { type: "string" }
  }
})

const frontsOf = (name: string | undefined): ReadonlyArray<Front> => {
  if (name === undefined) return ["rpc", "json"]
  if (name === "rpc" || name === "json") return [name]
  console.error(`There is no front named ${name}.\nInstead use: rpc, json.`)
  process.exit(1)
}

const effort: Effort = {
  ...(values.quick ? quick : full),
  fronts: frontsOf(values.front),
  peers: values.peers ? ["socketio", "colyseus"] : [],
  profile: values.profile
}

const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name))
if (unknown.length > 0) {
  console.error(
    `There is no scenario named ${unknown.join(", ")}.\nInstead use: ${scenarios.map(({ name }) => name).join(", ")}.`
  )
  process.exit(1)
}

const versionOf = (file: string): string =>
  (JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")) as { readonly version: string }).version

const benchmarks = (results: ReadonlyArray<Result>, peers: Readonly<Record<string, string>>): string =>
  render({
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cores: cpus().length,
      model: cpus()[0]?.model ?? "an unknown model",
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`
    },
    versions: {
      fibra: versionOf("../package.json"),
      ws: versionOf("../node_modules/ws/package.json"),
      ...peers
    },
    results
  })

try {
  const peers = values.peers ? install() : {}
  const results: Array<Result> = []
  for (const scenario of scenarios) {
    if (positionals.length > 0 && !positionals.includes(scenario.name)) continue
    const start = performance.now()
    results.push({ scenario, outcome: await scenario.run(effort) })
    console.error(`${scenario.name} took ${((performance.now() - start) / 1000).toFixed(1)} s`)
  }
  console.log(`\n${report.figures(results)}\n\n${report.costs(results)}`)
  for (const sentence of report.unmeasured(results)) console.log(`\n${sentence}`)
  if (values.profile) console.log(report.profiles(results))
  if (values.peers) {
    const text = benchmarks(results, peers)
    const isWhole = results.length === scenarios.length && effort.fronts.length === 2 && !values.quick
    if (isWhole) writeFileSync(new URL("../docs/benchmarks.md", import.meta.url), text)
    else console.log(`\n${text}`)
  }
  console.log(`\n${JSON.stringify(report.scores(results))}`)
} catch (error) {
  console.error(error)
  process.exit(1)
}
process.exit(0)
