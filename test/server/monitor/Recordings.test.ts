/** How much recordings keep, of one instance and of all. */
import { assert, describe, it } from "@effect/vitest"
import * as Patch from "../../../src/Patch.ts"
import type { RecordedMessage, Recording } from "../../../src/server/monitor/Recording.ts"
import { Recordings } from "../../../src/server/monitor/Recordings.ts"
import { Tape } from "../../../src/server/monitor/Tape.ts"

const message = (patch: Patch.Patch, payload = ""): RecordedMessage => ({
  kind: "action",
  name: "Set",
  payload,
  activation: 0,
  at: 0,
  clock: [],
  seed: 1,
  duration: 0,
  patch,
  outcome: { _tag: "Success", result: null }
})

/** Counts up, with a payload of this length; returns the last state. */
const fill = (tape: Tape, times: number, length = 0, from = 0): number => {
  for (let count = from; count < from + times; count++) {
    tape.add(message([["set", ["count"], count + 1]], "x".repeat(length)), { count, title: "count" })
  }
  return from + times
}

describe("a tape", () => {
  it("keeps the last messages, and the state before the first of them", () => {
    const tape = new Tape({ messages: 3, maxBytes: 100_000 })
    fill(tape, 10)
    assert.deepStrictEqual([tape.size, tape.dropped], [3, 7])
    assert.deepStrictEqual(tape.state, { count: 7, title: "count" })
    assert.deepStrictEqual(
      tape.messages.reduce((state, { patch }) => Patch.apply(state, patch), tape.state ?? null),
      { count: 10, title: "count" }
    )
  })

  it("is never larger than its bytes, whatever is added", () => {
    const tape = new Tape({ messages: 50, maxBytes: 2000 })
    let from = 0
    for (const length of [0, 500, 10, 5000, 0, 1900, 3]) {
      from = fill(tape, 7, length, from)
      assert.isAtMost(tape.bytes, 2000)
    }
    assert.isAbove(tape.size, 0)
  })

  it("keeps nothing of an instance whose state alone is too large", () => {
    const tape = new Tape({ messages: 50, maxBytes: 2000 })
    const state = { title: "x".repeat(3000) }
    for (let round = 0; round < 5; round++) tape.add(message([]), state)
    assert.deepStrictEqual([tape.size, tape.bytes, tape.dropped], [0, 0, 5])
  })
})

describe("recordings", () => {
  const limits = { maxTotalBytes: 10_000, crashes: 2, keepFor: 1000 }

  const add = (recordings: Recordings, tape: Tape, length: number) => {
    const before = tape.bytes
    fill(tape, 1, length)
    recordings.changed(tape, before)
  }

  it("the largest go first when all together are too large", () => {
    const recordings = new Recordings(limits, () => 0)
    const tapes = [100, 4000, 200, 5000, 300].map((length, index) => {
      const tape = new Tape({ messages: 50, maxBytes: 100_000 })
      recordings.begin(`${index}`, tape)
      add(recordings, tape, length)
      return tape
    })
    assert.deepStrictEqual(
      tapes.map(({ size }) => size),
      [1, 1, 1, 0, 1]
    )
    assert.isAtMost(recordings.bytes, limits.maxTotalBytes)
    add(recordings, tapes[0] as Tape, 9000)
    assert.deepStrictEqual(
      tapes.map(({ size }) => size),
      [0, 1, 1, 0, 1]
    )
  })

  it("what is gone is not counted any more", () => {
    let now = 0
    const recordings = new Recordings(limits, () => now)
    const tape = new Tape({ messages: 50, maxBytes: 100_000 })
    recordings.begin("a", tape)
    add(recordings, tape, 3000)
    recordings.crashed({ id: "a" } as Recording, 3000, 0)
    recordings.crashed({ id: "a" } as Recording, 2000, 10)
    assert.strictEqual(recordings.bytes, tape.bytes + 2000)
    recordings.end("a")
    now = 1000
    assert.strictEqual(recordings.crashes.size, 1)
    now = 1001
    assert.strictEqual(recordings.crashes.size, 0)
    assert.strictEqual(recordings.bytes, 0)
  })
})
