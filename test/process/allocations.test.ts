/**
 * What an action allocates on its way through the server is not more than it was: garbage is what a fast server spends its time on, and
 * it creeps back a closure at a time. The figures are the same in every run to a few bytes, for nothing is timed.
 */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { fileURLToPath } from "node:url"
import { root, run } from "../support/workspace.ts"

const program = fileURLToPath(new URL("../support/Allocations.ts", import.meta.url))

/** Bytes: what was measured when they were last set, and about a tenth. Whoever makes it less sets them lower. */
const budget: Readonly<Record<string, number>> = {
  "rpc, 1 in flight": 6600,
  "rpc, 16 in flight": 3850,
  "json, 1 in flight": 6700,
  "json, 16 in flight": 4450
}

it.live(
  "an action allocates no more than its budget, over both wires",
  () =>
    Effect.gen(function* () {
      const flags = ["--expose-gc", "--min-semi-space-size=64"]
      const { ok, output } = yield* run(root, "node", [...flags, program])
      assert.isTrue(ok, output)
      const bytes = JSON.parse(output) as Readonly<Record<string, number>>
      assert.sameMembers(Object.keys(bytes), Object.keys(budget))
      for (const [what, limit] of Object.entries(budget)) {
        const measured = bytes[what] ?? NaN
        assert.isAtMost(measured, limit, `${what}: bytes of the heap per action`)
        // Less than this was not measured, but missed.
        assert.isAbove(measured, 200, `${what}: bytes of the heap per action`)
      }
    }),
  180_000
)
