import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"
import { summary } from "./scripts/vitest-summary.ts"

/** Files that start no process, weigh no heap and compute little. */
const light = [
  "test/*.test.ts",
  "test/{actor,client,examples,react,server,sync,testing}/**/!(footprint).test.{ts,tsx}",
  "test/live/{call,mount,presence,rehydrate,resume,rooms,security,shutdown,sync,uploads,wire}/!(*model|leak|ailingPostgres).test.ts"
]

export default defineConfig({
  // `fibra`, `fibra/server`, … lead to src/, by the `paths` of tsconfig.json.
  resolve: { tsconfigPaths: true },
  test: {
    // What hangs, hangs for ever; what only takes its time on a busy machine is to be waited for.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two files at a time, also where two cores are all there is: many wait for sockets, browsers and processes. With three,
    // three browsers are at work at once.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ["default", summary],
    projects: [
      // One worker runs many of them: to load effect again for each would take longer than most of these tests.
      { extends: true, test: { name: "light", include: light, isolate: false } },
      { extends: true, test: { name: "heavy", include: ["{test,examples}/**/*.test.{ts,tsx}"], exclude: light } }
    ]
  }
})
