import { defineConfig } from "vitest/config"
import { summary } from "./scripts/vitest-summary.ts"

export default defineConfig({
  // `fibra`, `fibra/server`, … lead to src/, by the `paths` of tsconfig.json.
  resolve: { tsconfigPaths: true },
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    testTimeout: 20_000,
    reporters: ["default", summary]
  }
})
