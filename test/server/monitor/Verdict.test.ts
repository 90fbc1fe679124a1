import { assert, describe, it } from "@effect/vitest"
import type { Vitals } from "../../../src/server/instance/Vitals.ts"
import { type Health, healthy } from "../../../src/server/monitor/Health.ts"
import { verdict } from "../../../src/server/monitor/Verdict.ts"

const well: Vitals = {
  status: "running",
  recently: { actions: 100, crashes: 0, renders: 100, slow: 0, restarts: 0 },
  waiting: 0,
  running: 0,
  mayRun: 300_000
}
const recently = (some: Partial<Vitals["recently"]>): Vitals => ({ ...well, recently: { ...well.recently, ...some } })
const restOf = ({ reasons, status }: Health) => ({ status, reasons: reasons.map(({ of }) => of) })

describe("the verdict on an instance", () => {
  const table: ReadonlyArray<{
    readonly what: string
    readonly vitals: Vitals
    readonly status: string
    readonly reasons?: ReadonlyArray<string>
  }> = [
    { what: "works without a mistake", vitals: well, status: "healthy" },
    { what: "is asked nothing", vitals: recently({ actions: 0, renders: 0 }), status: "healthy" },
    { what: "crashes once in a hundred calls", vitals: recently({ crashes: 1 }), status: "healthy" },
    {
      what: "crashes in a fifth of its calls",
      vitals: recently({ crashes: 20 }),
      status: "degraded",
      reasons: ["crashes"]
    },
    {
      what: "crashes in half of its calls",
      vitals: recently({ crashes: 50 }),
      status: "unhealthy",
      reasons: ["crashes"]
    },
    {
      what: "crashes in each of three calls, which are too few",
      vitals: recently({ actions: 3, crashes: 3 }),
      status: "healthy"
    },
    {
      what: "crashes in two of four calls",
      vitals: recently({ actions: 4, crashes: 2 }),
      status: "unhealthy",
      reasons: ["crashes"]
    },
    {
      what: "publishes one change in a hundred slowly",
      vitals: recently({ slow: 1 }),
      status: "degraded",
      reasons: ["publish"]
    },
    {
      what: "publishes one change in twenty slowly",
      vitals: recently({ slow: 5 }),
      status: "unhealthy",
      reasons: ["publish"]
    },
    { what: "lets a message wait for 4.9 s", vitals: { ...well, waiting: 4900 }, status: "healthy" },
    {
      what: "lets a message wait for 5 s",
      vitals: { ...well, waiting: 5000 },
      status: "degraded",
      reasons: ["mailbox"]
    },
    {
      what: "lets a message wait for 30 s",
      vitals: { ...well, waiting: 30_000 },
      status: "unhealthy",
      reasons: ["mailbox"]
    },
    { what: "has run for less than half of its time", vitals: { ...well, running: 149_000 }, status: "healthy" },
    {
      what: "has run for half of its time",
      vitals: { ...well, running: 150_000 },
      status: "degraded",
      reasons: ["handler"]
    },
    {
      what: "has run for all of its time",
      vitals: { ...well, running: 300_000 },
      status: "unhealthy",
      reasons: ["handler"]
    },
    {
      what: "may run for ever, and does",
      vitals: { ...well, running: 3_600_000, mayRun: Infinity },
      status: "healthy"
    },
    { what: "was restarted twice", vitals: recently({ restarts: 2 }), status: "healthy" },
    { what: "was restarted three times", vitals: recently({ restarts: 3 }), status: "degraded", reasons: ["restarts"] },
    { what: "was restarted ten times", vitals: recently({ restarts: 10 }), status: "unhealthy", reasons: ["restarts"] },
    { what: "is faulted", vitals: { ...well, status: "faulted" }, status: "unhealthy", reasons: ["faulted"] },
    { what: "is restarting", vitals: { ...well, status: "restarting" }, status: "healthy" },
    {
      what: "may not run at all, and has just begun",
      vitals: { ...well, running: 1, mayRun: 0 },
      status: "healthy"
    },
    {
      what: "has a trouble that is worse than the next one",
      vitals: { ...recently({ crashes: 60 }), waiting: 6000 },
      status: "unhealthy",
      reasons: ["crashes", "mailbox"]
    },
    {
      what: "has more than one trouble",
      vitals: { ...recently({ crashes: 30 }), waiting: 40_000 },
      status: "unhealthy",
      reasons: ["crashes", "mailbox"]
    }
  ]

  it.each(table)("one that $what", ({ reasons = [], status, vitals }) => {
    assert.deepStrictEqual(restOf(verdict(vitals, healthy)), { status, reasons } as ReturnType<typeof restOf>)
  })

  it("says what was measured, and what is too much", () => {
    assert.deepStrictEqual(verdict(recently({ crashes: 60 }), healthy).reasons, [
      { of: "crashes", value: 0.6, limit: 0.5, status: "unhealthy" }
    ])
  })

  it("stays as it was until it is clearly better", () => {
    const ill = verdict(recently({ crashes: 50 }), healthy)
    assert.strictEqual(verdict(recently({ crashes: 45 }), healthy).status, "degraded")
    assert.strictEqual(verdict(recently({ crashes: 45 }), ill).status, "unhealthy")
    const better = verdict(recently({ crashes: 39 }), ill)
    assert.strictEqual(better.status, "degraded")
    assert.strictEqual(verdict(recently({ crashes: 17 }), better).status, "degraded")
    assert.strictEqual(verdict(recently({ crashes: 17 }), healthy).status, "healthy")
    assert.strictEqual(verdict(recently({ crashes: 15 }), better).status, "healthy")
  })
})
