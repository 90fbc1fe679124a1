// `npm run bench`: how fast fibra is, and how fast the same thing is on plain `ws`, measured in turns.
//
//   npm run bench                        all scenarios, about five minutes
//   npm run bench -- --quick             all scenarios, about two minutes
//   npm run bench -- actions1 fanout     only these
//   npm run bench -- --front json        over the open wire in place of the one of fibra's own client
//   npm run bench -- --profile fanout    also where fibra's server spends its time
//
// The last line is one line of JSON: ratios to raw, but bytesPerConnection (bytes), resume (ms for a session of ten components, the
// median and the slowest of a hundred) and ask (µs) are fibra's own; monitor is fibra against fibra without the numbers that a monitor
// reads. The ratios of room1000 and shared1000 are of times, so less is
// better. The exit code is 1 when something failed or hung. A figure that misses its target is said, and is not a failure:
// machines differ.
import { parseArgs } from "node:util"
import * as report from "./report.ts"
import { type Effort, scenarios as scenariosOf } from "./scenarios.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    front: { type: "string", default: "rpc" }
  }
})

const { front } = values
if (front !== "rpc" && front !== "json") {
  console.error(`There is no front named ${front}.\nInstead use: rpc, json.`)
  process.exit(1)
}
const scenarios = scenariosOf(front)

const effort: Effort = values.quick
  ? {
      rounds: 5,
      together: { raw: 1, fibra: 5 },
      seconds: 0.7,
      connections: 2000,
      sessions: 200,
      front,
      profile: values.profile
    }
  : {
      rounds: 7,
      together: { raw: 3, fibra: 5 },
      seconds: 2,
      connections: 5000,
      sessions: 1000,
      front,
      profile: values.profile
    }

const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name))
if (unknown.length > 0) {
  console.error(
    `There is no scenario named ${unknown.join(", ")}.\nInstead use: ${scenarios.map(({ name }) => name).join(", ")}.`
  )
  process.exit(1)
}

const results: Array<report.Result> = []
try {
  for (const scenario of scenarios) {
    if (positionals.length > 0 && !positionals.includes(scenario.name)) continue
    const start = performance.now()
    results.push({ scenario, outcome: await scenario.run(effort) })
    console.error(`${scenario.name} took ${((performance.now() - start) / 1000).toFixed(1)} s`)
  }
} catch (error) {
  console.error(error)
  process.exit(1)
}

console.log(`\n${report.figures(results)}\n\n${report.costs(results)}`)
if (values.profile) console.log(report.profiles(results))
console.log(
  `\n${JSON.stringify(
    Object.fromEntries(
      results.map((result) => {
        const p99 = report.p99(result)
        const score = report.score(result)
        return [result.scenario.name, p99 === undefined ? score : { p50: score, p99 }]
      })
    )
  )}`
)
process.exit(0)
