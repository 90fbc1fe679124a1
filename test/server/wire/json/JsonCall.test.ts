import { assert, describe, it } from "@effect/vitest"
import { Exit, Schema } from "effect"
import { CallAction, RequestId } from "../../../../src/JsonProtocol.ts"
import { isCall, isRequestId } from "../../../../src/server/wire/json/JsonCall.ts"
import { withFields } from "../../../support/withFields.ts"

const decodeCall = Schema.decodeUnknownExit(CallAction)
const isRequestIdBySchema = Schema.is(RequestId)

const longest = "x".repeat(4096)
const names = ["a", "", longest, `${longest}x`, 1, null, undefined]
const ids = [
  "a",
  "x".repeat(256),
  "x".repeat(257),
  longest,
  0,
  -0.5,
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 53),
  NaN,
  {},
  undefined
]

describe("a call on the JSON wire", () => {
  it.prop(
    "is recognised when the schema takes it, and only then, and has the same fields",
    [
      withFields({
        type: ["CALL_ACTION", "CALL_ACTION", "CALL_ACTION", "COMPONENT_PING", 1, undefined],
        componentId: names,
        action: names,
        payload: [{ a: [1] }, null, "text"],
        expectResponse: [true, false, undefined, 0, "true"],
        callId: ids,
        requestId: ids
      })
    ],
    ([message]) => {
      const decoded = decodeCall(message)
      assert.strictEqual(isCall(message), Exit.isSuccess(decoded))
      if (Exit.isSuccess(decoded)) assert.deepInclude({ ...message }, { ...decoded.value })
    },
    { arbitrary: { runs: 3000 } }
  )

  it("has the ids that the schema takes", () => {
    for (const id of [...names, ...ids, Infinity, true, []]) {
      assert.strictEqual(isRequestId(id), isRequestIdBySchema(id), String(id))
    }
  })
})
