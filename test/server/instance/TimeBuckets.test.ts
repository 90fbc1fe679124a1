import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { coarse, fine, longest, quantile } from "../../../src/server/instance/TimeBuckets.ts"
import { add, places, TimeRows } from "../../../src/server/instance/TimeRows.ts"

const micros = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: longest }))

describe.each([
  { name: "fine", buckets: fine },
  { name: "coarse", buckets: coarse }
])("$name buckets of times", ({ buckets }) => {
  it.prop("each time is in the bucket whose bounds it lies between", [micros], ([time]) => {
    const bucket = buckets.of(time)
    assert.isAtMost(buckets.from(bucket), time)
    if (bucket + 1 < buckets.size) assert.isAbove(buckets.from(bucket + 1), time)
  })

  it("buckets grow, and the longest time is in the last of them at most", () => {
    for (let bucket = 1; bucket < buckets.size; bucket++) {
      assert.isAbove(buckets.from(bucket), buckets.from(bucket - 1))
    }
    assert.isBelow(buckets.of(longest), buckets.size)
  })
})

describe("the share of a hundred", () => {
  const counted = (times: ReadonlyArray<number>) => {
    const counts = new Float64Array(fine.size)
    for (const time of times) counts[fine.of(time)] = (counts[fine.of(time)] ?? 0) + 1
    return { buckets: fine, counts, at: 0, max: Math.max(0, ...times) }
  }

  it.prop(
    "is wrong by less than an eighth",
    [Schema.Array(micros).check(Schema.isMinLength(1)), Schema.Literals([0.5, 0.95, 0.99])],
    ([times, share]) => {
      const sorted = times.toSorted((a, b) => a - b)
      const exact = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
      assert.closeTo(quantile(counted(times), share), exact, exact / 8 + 1)
    }
  )

  it("is 0 where nothing was counted, and never longer than the longest time", () => {
    assert.strictEqual(quantile(counted([]), 0.99), 0)
    assert.strictEqual(quantile(counted([1000]), 0.99), 1000)
  })
})

describe("a row of times", () => {
  it("goes to the next instance as if nobody had had it", () => {
    const rows = new TimeRows()
    const row = rows.take()
    add(row.counts, row.at, "wait", 5000, 3)
    rows.give(row)
    const next = rows.take()
    assert.strictEqual(next.at, row.at)
    assert.strictEqual(quantile({ ...next, buckets: coarse, at: next.at + places.wait, max: 5000 }, 0.5), 5000)
    assert.isTrue(next.counts.every((count) => count === 0))
  })

  it("keeps its shares when one of its counts is full", () => {
    const row = new TimeRows().take()
    for (let index = 0; index < 100_000; index++) {
      add(row.counts, row.at, "run", 100, 1)
      add(row.counts, row.at, "run", 300_000, 1)
    }
    const counted = { ...row, buckets: coarse, at: row.at + places.run, max: 300_000 }
    assert.isBelow(quantile(counted, 0.4), 200)
    assert.isAbove(quantile(counted, 0.6), 200_000)
  })
})
