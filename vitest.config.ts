import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"
import { summary } from "./scripts/vitest-summary.ts"

export default defineConfig({
  // `fibra`, `fibra/server`, … lead to src/, by the `paths` of tsconfig.json.
  resolve: { tsconfigPaths: true },
  test: {
    include: ["{test,examples}/**/*.test.{ts,tsx}"],
    // What hangs, hangs for ever; what only takes its time on a busy machine is to be waited for.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two files at a time, also where two cores are all there is: many wait for sockets, browsers and processes.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: ["default", summary]
  }
})
