import { assert, it } from "@effect/vitest"
import { RecoveryBudget } from "../../../src/server/monitor/RecoveryBudget.ts"

const allowances = { each: { times: 2, within: 1000 }, all: { times: 3, within: 100 } }

it("one instance is restarted so many times, and again when the first of them is long ago", () => {
  const budget = new RecoveryBudget(allowances)
  assert.deepStrictEqual(
    [0, 200, 400, 999, 1000, 1100, 1200].map((now) => budget.take("a", now)),
    ["granted", "granted", "instance", "instance", "granted", "instance", "granted"]
  )
})

it("all instances together are restarted so many times, and what was not granted does not count", () => {
  const budget = new RecoveryBudget(allowances)
  assert.deepStrictEqual(
    ["a", "b", "c", "d", "e"].map((id) => budget.take(id, 0)),
    ["granted", "granted", "granted", "server", "server"]
  )
  assert.deepStrictEqual(
    ["d", "e", "f", "g"].map((id) => budget.take(id, 100)),
    ["granted", "granted", "granted", "server"]
  )
})

it("instances whose restarts are long ago are forgotten", () => {
  const budget = new RecoveryBudget(allowances)
  budget.take("a", 0)
  budget.take("b", 500)
  budget.tidy(999)
  assert.strictEqual(budget.size, 2)
  budget.tidy(1000)
  assert.strictEqual(budget.size, 1)
  budget.tidy(1500)
  assert.strictEqual(budget.size, 0)
})
