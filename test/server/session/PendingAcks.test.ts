import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { PendingAcks } from "../../../src/server/session/PendingAcks.ts"

const below = (end: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: end - 1 }))

/** A cursor has moved and is sent, with the same batch as the last or with the next; or the client has so many more batches. */
const Step = Schema.Union([
  Schema.Struct({ cursor: below(4), isNext: Schema.Boolean }),
  Schema.Struct({ acknowledges: below(4) })
])

const limit = 3

describe("what a client was sent and has not acknowledged", () => {
  it.prop(
    "is confirmed to each cursor of an acknowledged batch with its newest position there; of many, to the last ones",
    [Schema.Array(Step)],
    ([steps]) => {
      const confirmed: Array<string> = []
      const cursors = Array.from({ length: 4 }, (_, index) => ({
        serial: 0,
        confirm: (serial: number) => void confirmed.push(`${index} at ${serial}`)
      }))
      const acks = new PendingAcks(limit)
      /** The positions of each batch, the newest last. */
      const batches: Array<Map<number, number>> = [new Map()]
      const expected: Array<string> = []
      let received = 0
      for (const step of steps) {
        if ("cursor" in step) {
          const cursor = cursors[step.cursor]
          if (cursor === undefined) continue
          cursor.serial++
          // Nothing is added to a batch that the client has.
          if (step.isNext || received === batches.length) batches.push(new Map())
          const batch = batches.at(-1) ?? new Map<number, number>()
          batch.delete(step.cursor)
          batch.set(step.cursor, cursor.serial)
          acks.expect(batches.length, cursor)
        } else {
          const upTo = Math.min(received + step.acknowledges, batches.length)
          for (const batch of batches.slice(received, upTo)) {
            for (const [cursor, serial] of Array.from(batch).slice(-limit)) expected.push(`${cursor} at ${serial}`)
          }
          received = upTo
          acks.acknowledged(upTo)
        }
        assert.deepStrictEqual(confirmed, expected)
        assert.strictEqual(
          acks.isEmpty,
          batches.slice(received).every(({ size }) => size === 0)
        )
      }
    },
    { arbitrary: { runs: 500 } }
  )
})
