import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { read } from "../../../../src/server/wire/rpc/CallText.ts"

const names = ["", "a", "Counter-179", "ä 😀", 'quo"te', "back\\slash", "new\nline", ',"callId":1', "x".repeat(600)]
const numbers = [0, 1, 12, 999_999_999_999_999, 2 ** 53, -1, 0.5, 1e21]
const payloads = [
  undefined,
  null,
  5,
  "text",
  [],
  {},
  { a: { b: [1, "]}"] } },
  { callId: 3, settled: 4 },
  ',"callId":1,"settled":2},"headers":[]}'
]

const Call = Schema.Struct({
  id: Schema.Literals([...names, ...numbers]),
  componentId: Schema.Literals(names),
  action: Schema.Literals(names),
  payload: Schema.Literals([0, 1, 2, 3, 4, 5, 6, 7, 8]),
  callId: Schema.Literals(numbers),
  settled: Schema.Literals(numbers)
})

const textOf = ({ action, callId, componentId, id, payload, settled }: typeof Call.Type): string =>
  JSON.stringify({
    _tag: "Request",
    id,
    tag: "Call",
    payload: { componentId, action, payload: payloads[payload], callId, settled },
    headers: []
  })

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

describe("the text of a call", () => {
  it("is read as JSON.parse reads it", () => {
    for (const payload of [0, 1, 2, 3, 4, 5, 6, 7] as const) {
      const text = textOf({ id: 7, componentId: "Counter-179", action: "a", payload, callId: 12, settled: 0 })
      assert.deepStrictEqual(readAll(text), parsed(text))
    }
  })

  it.prop(
    "is read as JSON.parse reads it, or left to that",
    [Call],
    ([call]) => {
      const text = textOf(call)
      const found = readAll(text)
      if (found !== undefined) assert.deepStrictEqual(found, parsed(text))
    },
    { arbitrary: { runs: 3000 } }
  )

  it.prop(
    "is left to JSON.parse when one of its characters is another, unless that reads the same",
    [
      Schema.Struct({
        payload: Schema.Literals([0, 1, 2, 6, 7]),
        at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 160 })),
        instead: Schema.Literals(["", "0", "-", "x", '"', "\\", "{", "}", "[", ",", ":", " ", "\u0001", ".5", "e3"])
      })
    ],
    ([{ at, instead, payload }]) => {
      const whole = textOf({ id: 7, componentId: "Counter-179", action: "add", payload, callId: 12, settled: 10 })
      const text = whole.slice(0, at) + instead + whole.slice(at + 1)
      const found = readAll(text)
      if (found !== undefined) assert.deepStrictEqual(found, parsed(text))
    },
    { arbitrary: { runs: 5000 } }
  )
})
