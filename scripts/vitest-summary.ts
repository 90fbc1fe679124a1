// The last line of a test run, the same on every machine: `N passed, N failed`.
import type { Reporter } from "vitest/node"

export const summary: Reporter = {
  onTestRunEnd: (modules, unhandledErrors) => {
    let passed = 0
    let failed = unhandledErrors.length
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state)
      const failing = states.filter((state) => state === "failed").length
      passed += states.filter((state) => state === "passed").length
      // A file that could not be loaded, or a hook that failed outside any test, counts as one.
      failed += failing === 0 && !module.ok() ? 1 : failing
    }
    console.log(`${passed} passed, ${failed} failed`)
  }
}
