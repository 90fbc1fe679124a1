import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"
import { folder } from "./scripts/vitest-compiled.ts"
import { summary } from "./scripts/vitest-summary.ts"

/** Files that start no process, weigh no heap and compute little. */
const light = [
  "test/*.test.ts",
  "test/{actor,client,devtools,examples,react,server,store,sync,testing,vue}/**/!(footprint).test.{ts,tsx}",
  "test/live/!(slow).test.ts",
  "test/live/{call,dashboard,limits,monitor,mount,presence,rehydrate,resume,rooms,security,shutdown,sync,uploads,wire}/!(*model|leak|ailingPostgres).test.ts",
  "test/project/{baseline,benchmarks,errors,loadGenerator}.test.ts",
  "test/protocol/{conformance,page}.test.ts",
  "examples/**/*.test.{ts,tsx}"
]

/** Files that have other programs do the work, and wait for them. */
const programs = [
  "test/{browser,cli,torture}/*.test.ts",
  "test/process/!(allocations).test.ts",
  "test/project/{check,docstrings,tarball,typeErrors}.test.ts",
  "test/protocol/clients.test.ts"
]

// Projects run in the order of their names: the long files first, and those that take next to no time last, so that no worker
// has nothing to do while the other goes on.
export default defineConfig({
  // `fibra`, `fibra/server`, … lead to src/, by the `paths` of tsconfig.json.
  resolve: { tsconfigPaths: true },
  test: {
    // What hangs, hangs for ever; what only takes its time on a busy machine is to be waited for.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Two files at a time, also where two cores are all there is: many wait for sockets, browsers and processes. With three,
    // three browsers are at work at once.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // For the programs that tests start: without it each compiles the same modules, which is half of what a short one takes.
    env: { NODE_COMPILE_CACHE: folder },
    globalSetup: "scripts/vitest-compiled.ts",
    reporters: ["default", summary],
    projects: [
      {
        extends: true,
        test: { name: "alone", include: ["test/**/*.test.{ts,tsx}"], exclude: [...light, ...programs] }
      },
      // One worker runs many of them: to load effect again for each would take longer than most of these tests.
      { extends: true, test: { name: "heavy", include: programs, isolate: false } },
      { extends: true, test: { name: "light", include: light, isolate: false } }
    ]
  }
})
