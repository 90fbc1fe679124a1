import { assert, describe, it } from "@effect/vitest"
import { Exit, Schema } from "effect"
import { CallRequest, ReceivedRequest } from "../../../../src/LiveProtocol.ts"
import { RpcEnvelope } from "../../../../src/server/wire/rpc/RpcEnvelope.ts"
import { isCall, isReceived, isRequest } from "../../../../src/server/wire/rpc/RpcCall.ts"
import { withFields } from "../../../support/withFields.ts"

const decodeEnvelope = Schema.decodeUnknownExit(RpcEnvelope)
const decodeCall = Schema.decodeUnknownExit(CallRequest)
const decodeReceived = Schema.decodeUnknownExit(ReceivedRequest)

const longest = "x".repeat(4096)
const ids = ["a", "", longest, `${longest}x`, 1, 0.5, -1, Infinity, NaN, null, undefined, {}]
const flags = [true, false, undefined, null, 1, "true"]
const numbers = [0, -0, 1, -1, 0.5, 2 ** 53 - 1, 2 ** 53, Infinity, NaN, "1", null, undefined]

describe("a request on the RPC wire", () => {
  it.prop(
    "is recognised when the schema takes it, and only then, and has the same fields",
    [
      withFields({
        _tag: ["Request", "Request", "Request", "Ack", "Ping", 1, undefined],
        id: ids,
        tag: ["Call", "Mount", "", 5, null, undefined],
        payload: [{}, null, 5, undefined],
        isNotification: flags,
        discard: flags
      })
    ],
    ([message]) => {
      const decoded = decodeEnvelope(message)
      assert.strictEqual(isRequest(message), Exit.isSuccess(decoded) && decoded.value._tag === "Request")
      if (Exit.isSuccess(decoded)) assert.deepInclude({ ...message }, { ...decoded.value })
    },
    { arbitrary: { runs: 2000 } }
  )

  it.prop(
    "is recognised as a call when the schema takes its payload, and only then, and has the same fields",
    [
      withFields({
        componentId: ["a", "", longest, `${longest}x`, 1, null, undefined],
        action: ["Do", longest, `${longest}x`, {}, undefined],
        payload: [{ a: [1] }, null, "text"],
        callId: numbers,
        settled: numbers
      })
    ],
    ([payload]) => {
      const decoded = decodeCall(payload)
      assert.strictEqual(isCall(payload), Exit.isSuccess(decoded))
      if (Exit.isSuccess(decoded)) assert.deepInclude({ ...payload }, { ...decoded.value })
    },
    { arbitrary: { runs: 2000 } }
  )

  it.prop(
    "is recognised as an acknowledgement when the schema takes its payload and it abandons nothing, and only then",
    [withFields({ batch: numbers, settled: numbers, abandoned: [undefined, undefined, [], [1], [-1], null] })],
    ([payload]) => {
      const decoded = decodeReceived(payload)
      assert.strictEqual(isReceived(payload), Exit.isSuccess(decoded) && decoded.value.abandoned === undefined)
      if (Exit.isSuccess(decoded)) assert.deepInclude({ ...payload }, { ...decoded.value })
    },
    { arbitrary: { runs: 2000 } }
  )

  it("is nothing that is no object", () => {
    for (const value of [null, undefined, 1, "Request", true]) {
      assert.isFalse(isRequest(value))
      assert.isFalse(isCall(value))
      assert.isFalse(isReceived(value))
    }
  })
})
