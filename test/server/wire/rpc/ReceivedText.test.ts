import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { read } from "../../../../src/server/wire/rpc/ReceivedText.ts"

const ids = ["", "r", "received 12", "ä 😀", 'quo"te', "back\\slash", "new\nline", "x".repeat(300), 0, 7, -1, 0.5]
const numbers = [0, 1, 12, 999_999_999_999_999, 2 ** 53, -1, 0.5, 1e21]

const Received = Schema.Struct({
  id: Schema.Literals(ids),
  batch: Schema.Literals(numbers),
  settled: Schema.Literals(numbers),
  abandoned: Schema.optionalKey(Schema.Array(Schema.Literals([1, 2])))
})

const textOf = ({ id, ...payload }: typeof Received.Type): string =>
  JSON.stringify({ _tag: "Request", id, tag: "Received", payload, headers: [], isNotification: true })

/** What `read` gives, with the field that it leaves out. */
const readAll = (text: string) => {
  const request = read(text)
  return request === undefined ? undefined : { ...request, headers: [] }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return "no JSON"
  }
}

describe("the text of an acknowledgement", () => {
  it("is read as JSON.parse reads it", () => {
    for (const id of [7, "received 12"]) {
      const text = textOf({ id, batch: 12, settled: 0 })
      assert.deepStrictEqual(readAll(text), parsed(text))
    }
  })

  it.prop(
    "is read as JSON.parse reads it, or left to that",
    [Received],
    ([received]) => {
      const text = textOf(received)
      const found = readAll(text)
      if (found !== undefined) assert.deepStrictEqual(found, parsed(text))
    },
    { arbitrary: { runs: 2000 } }
  )

  it.prop(
    "is left to JSON.parse when one of its characters is another, unless that reads the same",
    [
      Schema.Struct({
        at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 120 })),
        instead: Schema.Literals(["", "0", "-", "x", '"', "\\", "{", "}", "[", ",", ":", " ", "\u0001", ".5", "e3"])
      })
    ],
    ([{ at, instead }]) => {
      const whole = textOf({ id: "received 12", batch: 12, settled: 10 })
      const text = whole.slice(0, at) + instead + whole.slice(at + 1)
      const found = readAll(text)
      if (found !== undefined) assert.deepStrictEqual(found, parsed(text))
    },
    { arbitrary: { runs: 2000 } }
  )
})
