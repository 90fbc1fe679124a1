// `npm run torture`: nights in which everything goes wrong, one after the other, until the time is over.
//
//   npm run torture -- --minutes 30      for so long (3)
//   npm run torture -- --nights 20       or so many nights, if they are over sooner
//   npm run torture -- --seed 7          beginning with this seed; without it, with one that is printed
//   npm run torture -- --steps 80        steps in one night
//   npm run torture -- --violations 1    until so many nights have broken something (5)
//   npm run torture -- --shrink 10       seconds for shortening the script of one of them (60)
//   npm run torture -- --script file     only the night that a violation has printed; with the --seed it has named
//
// A night is a simulation: clients, sockets, the store, clocks and user code misbehave as its script says, on an event loop that its
// seed drives, in virtual time. What must hold whatever happens is checked after every step. A script that breaks something is
// shortened and printed. Exit code 1: something was broken.
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import * as Night from "./Night.ts"
import { SeededRandom } from "./Random.ts"
import { generate, parse, print, type Step } from "./Script.ts"
import { shrink } from "./Shrink.ts"

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "3" },
    nights: { type: "string", default: "Infinity" },
    seed: { type: "string" },
    steps: { type: "string", default: "60" },
    script: { type: "string" },
    violations: { type: "string", default: "5" },
    shrink: { type: "string", default: "60" }
  }
})

const until = performance.now() + Number(values.minutes) * 60_000
const first = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
const done = new Map<string, number>()

const countStep = (step: Step): void => {
  const name = step.do === "call" ? `call ${step.action}` : step.do === "store" ? `store ${step.fault}` : step.do
  done.set(name, (done.get(name) ?? 0) + 1)
}

/** What kind of violation it is: numbers and what is quoted differ from one script to the next. */
const kindOf = (violation: string | undefined): string | undefined =>
  violation?.split("\n", 1)[0]?.replaceAll(/"[^"]*"|\d+|\{.*/g, "…")

const failsLike = async (violation: string | undefined, seed: number, steps: ReadonlyArray<Step>): Promise<boolean> =>
  kindOf((await Night.run(seed, steps)).violation) === kindOf(violation)

const tell = async (seed: number, steps: ReadonlyArray<Step>, report: Night.Report): Promise<void> => {
  console.log(`\nVIOLATED with seed ${seed}, after step ${report.step} of ${steps.length}: ${report.violation}`)
  const limit = performance.now() + Number(values.shrink) * 1000
  const shortest = await shrink(
    steps.slice(0, report.step + 1),
    (steps) => failsLike(report.violation, seed, steps),
    () => performance.now() > limit
  )
  const again = await Night.run(seed, shortest)
  console.log(`shortened to ${shortest.length} steps (--seed ${seed} --script file): ${again.violation}\n`)
  console.log(print(shortest))
}

if (values.script !== undefined) {
  const steps = parse(readFileSync(values.script, "utf8"))
  const report = await Night.run(first, steps)
  console.log(
    report.violation === undefined ? "Nothing was violated." : `VIOLATED after step ${report.step}: ${report.violation}`
  )
  process.exit(report.violation === undefined ? 0 : 1)
}

console.log(`seed ${first}`)
let nights = 0
let violations = 0
for (
  let seed = first;
  nights < Number(values.nights) && performance.now() < until && violations < Number(values.violations);
  seed++
) {
  const steps = generate(new SeededRandom(seed), Number(values.steps))
  for (const step of steps) countStep(step)
  const report = await Night.run(seed, steps)
  nights++
  if (report.violation === undefined) continue
  violations++
  await tell(seed, steps, report)
}
console.log(
  `\n${nights} nights of ${values.steps} steps, seeds ${first} to ${first + nights - 1}: ${violations} violations.`
)
console.log(
  Array.from(done, ([name, count]) => `${name} ${count}`)
    .toSorted()
    .join(", ")
)
process.exit(violations === 0 ? 0 : 1)
