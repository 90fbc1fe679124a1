// `npm run check`: everything a machine can say about this project without running it.
//
//   npm run check                  all of it
//   npm run check -- lint types    only these
//
// The checks run side by side, the slow ones first. The output of one that fails is printed, and the table of `size`; the exit code is 1
// when one fails.
import { spawn } from "node:child_process"
import { availableParallelism } from "node:os"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"

const checks: ReadonlyMap<string, string> = new Map([
  // Misused effects: floating ones, missing services, try/catch in a generator. Configured in tsconfig.json.
  [
    "effect",
    "effect-language-service diagnostics --project tsconfig.json --format text --strict --severity error,warning"
  ],
  ["types", "tsc --project tsconfig.json"],
  // What must compile, what must not, and what is inferred: type-tests/.
  ["type-tests", "tstyche"],
  // Unused exports, files and dependencies.
  ["dead-code", "knip --no-progress --no-config-hints"],
  // Who may import whom, and no cycles.
  ["imports", "depcruise --config .dependency-cruiser.mjs src bench torture"],
  // One name, one type.
  ["type-names", "node scripts/type-names.ts"],
  ["lint", "oxlint"],
  ["format", "oxfmt --check"],
  // Code in the documentation is code of this project.
  ["snippets", "node scripts/snippets.ts"],
  // What `fibra generate` writes for the examples is what is there.
  [
    "generated",
    "node src/cli/main.ts generate examples --check && node src/cli/main.ts generate examples/chat --check"
  ],
  // docs/protocol is what the schemas of the messages say.
  ["protocol", "node scripts/protocol.ts"],
  // docs/errors.md is what the error classes say.
  ["errors", "node scripts/errors.ts"],
  // Links, and the files and functions that pages name, are there.
  ["references", "node scripts/references.ts"],
  // What a page costs is within the budget.
  ["size", "node scripts/size.ts"]
])

/** Checks whose output is worth reading also when all is well. */
const printed: ReadonlySet<string> = new Set(["size"])

/** What the output must say as well: depcruise exits with the number of violations, and of 256 nothing is left. */
const saidWhenOk: ReadonlyMap<string, RegExp> = new Map([["imports", /no dependency violations found/]])

interface Outcome {
  readonly name: string
  readonly command: string
  readonly ok: boolean
  readonly output: string
}

const root = fileURLToPath(new URL("..", import.meta.url))

const env = {
  ...process.env,
  PATH: [join(root, "node_modules", ".bin"), process.env["PATH"]].join(delimiter),
  ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" })
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`

const run = (name: string, command: string): Promise<Outcome> =>
  new Promise((resolve) => {
    const start = performance.now()
    const child = spawn(command, { cwd: root, env, shell: true, stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    child.stdout.on("data", (chunk) => (output += chunk))
    child.stderr.on("data", (chunk) => (output += chunk))
    child.on("close", (code) => {
      const ok = code === 0 && (saidWhenOk.get(name)?.test(output) ?? true)
      console.log(`${ok ? "ok    " : "failed"}  ${name.padEnd(12)}${seconds(start).padStart(8)}`)
      resolve({ name, command, ok, output })
    })
  })

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !checks.has(name))
if (unknown.length > 0) {
  console.error(`There is no check named ${unknown.join(", ")}.\nInstead use: ${[...checks.keys()].join(", ")}.`)
  process.exit(1)
}

const start = performance.now()
const outcomes: Array<Outcome> = []
const waiting = [...checks].filter(([name]) => wanted.length === 0 || wanted.includes(name))
const worker = async (): Promise<void> => {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    outcomes.push(await run(...next))
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, worker))

const failed = outcomes.filter((outcome) => !outcome.ok)
for (const { command, name, output } of outcomes.filter(({ name, ok }) => !ok || printed.has(name))) {
  console.log(`\n--- ${name}: ${command}\n${output.trim()}`)
}
console.log(`\n${outcomes.length - failed.length} ok, ${failed.length} failed, ${seconds(start)}`)
process.exitCode = failed.length === 0 ? 0 : 1
