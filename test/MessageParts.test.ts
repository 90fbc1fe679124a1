/** A message in parts is put together again, whatever is in it. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as MessageParts from "../src/MessageParts.ts"

describe("a message in parts", () => {
  it.prop(
    "is the same when it has arrived, each part being short and text of its own",
    [Schema.Array(Schema.String), Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40_000 }))],
    ([texts, fill]) => {
      const message = JSON.stringify(["x".repeat(fill), "😀".repeat(fill), texts])
      const joiner = new MessageParts.MessageJoiner()
      const parts = MessageParts.split(message)
      const arrived = parts.map((part) => joiner.add(Buffer.from(part).toString()))
      assert.deepStrictEqual(arrived, [...parts.slice(1).map(() => undefined), message])
      assert.isAtMost(Math.max(...parts.map((part) => part.length)), 16 * 1024 + 1)
      assert.strictEqual(joiner.add(message), message)
    }
  )
})
