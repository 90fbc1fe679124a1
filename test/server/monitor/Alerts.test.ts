import { assert, describe, it } from "@effect/vitest"
import type { ComponentId } from "fibra"
import { Alerts, type AlertFinding, shown } from "../../../src/server/monitor/Alerts.ts"

const minute = 60_000

const slow: AlertFinding = { kind: "slow-action", component: "Board", instance: undefined, value: 3000, limit: 2000 }
const large = (instance: string, value: number): AlertFinding => ({
  kind: "state-size",
  component: "Board",
  instance: instance as ComponentId,
  value,
  limit: 1_000_000
})

/** One round a minute, each with what it found, from the first minute on. */
const rounds = (alerts: Alerts, from: number, ...found: ReadonlyArray<ReadonlyArray<AlertFinding>>) =>
  found.map((findings, index) => {
    for (const finding of findings) alerts.found(finding)
    return alerts.endRound((from + index) * minute)
  })

describe("an alert", () => {
  it("is raised once, and stays the same one while its cause is found", () => {
    const alerts = new Alerts(5 * minute)
    const raised = rounds(alerts, 1, [slow], [{ ...slow, value: 5000 }], [{ ...slow, value: 2500 }])
    assert.deepStrictEqual(
      raised.map(({ length }) => length),
      [1, 0, 0]
    )
    assert.lengthOf(alerts.all, 1)
    assert.deepInclude(alerts.all[0], {
      id: "alert-1",
      status: "active",
      value: 2500,
      worst: 5000,
      limit: 2000,
      unit: "ms",
      raisedAt: minute,
      seenAt: 3 * minute,
      endedAt: undefined
    })
  })

  it("ends when its cause is no longer found, and is not raised again before the cooldown is over", () => {
    const alerts = new Alerts(5 * minute)
    rounds(alerts, 1, [slow], [])
    assert.deepInclude(alerts.all[0], { status: "ended", endedAt: 2 * minute })
    const raised = rounds(alerts, 3, [slow], [slow], [slow], [slow], [slow])
    assert.deepStrictEqual(
      raised.map(([alert]) => alert?.id),
      [undefined, undefined, undefined, undefined, "alert-2"]
    )
    assert.deepStrictEqual(
      alerts.all.map(({ id, status }) => [id, status]),
      [
        ["alert-2", "active"],
        ["alert-1", "ended"]
      ]
    )
  })

  it("that is resolved is raised again after the cooldown when its cause is still found", () => {
    const alerts = new Alerts(2 * minute)
    rounds(alerts, 1, [slow])
    assert.deepInclude(alerts.resolve("alert-1", minute), { id: "alert-1", status: "resolved", endedAt: minute })
    const raised = rounds(alerts, 2, [slow], [slow])
    assert.deepStrictEqual(
      raised.map(([alert]) => alert?.id),
      [undefined, "alert-2"]
    )
  })

  it("that has ended can be resolved, and one that nobody knows cannot", () => {
    const alerts = new Alerts(minute)
    rounds(alerts, 1, [slow], [])
    assert.deepInclude(alerts.resolve("alert-1", 9 * minute), { status: "resolved", endedAt: 2 * minute })
    assert.isUndefined(alerts.resolve("alert-7", 9 * minute))
  })

  it("is one for all instances of a component, and names the worst", () => {
    const alerts = new Alerts(minute)
    rounds(alerts, 1, [large("Board-1", 2e6), large("Board-2", 4.1e6), large("Board-3", 3e6)])
    assert.deepInclude(alerts.all[0] as object, { instance: "Board-2", instances: 3, value: 4.1e6 })
    assert.strictEqual(alerts.all[0]?.message, "3 instances of Board hold up to 4.1 MB; more than 1 MB is large.")
  })

  it("is one for each kind and each component", () => {
    const alerts = new Alerts(minute)
    rounds(alerts, 1, [slow, { ...slow, component: "Chat" }, large("Board-1", 2e6)])
    assert.lengthOf(alerts.all, 3)
  })

  it("is forgotten in the end: there is a limit to their number", () => {
    const alerts = new Alerts(0)
    for (let round = 0; round < 500; round++) {
      alerts.found(slow)
      alerts.endRound(round * 2)
      alerts.endRound(round * 2 + 1)
    }
    assert.lengthOf(alerts.all, 200)
    assert.strictEqual(alerts.all[0]?.id, "alert-500")
  })
})

it("quantities are shown as people say them", () => {
  assert.deepStrictEqual(
    [shown(1400, "ms"), shown(12.34, "ms"), shown(0.951, "share"), shown(4.12e6, "bytes"), shown(1536, "bytes")],
    ["1.4 s", "12.3 ms", "95.1 %", "4.1 MB", "1.5 kB"]
  )
})
