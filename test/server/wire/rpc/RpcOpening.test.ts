import { assert, describe, it } from "@effect/vitest"
import { Exit, Schema } from "effect"
import { ConnectRequest, MountRequest } from "../../../../src/LiveProtocol.ts"
import * as RpcOpening from "../../../../src/server/wire/rpc/RpcOpening.ts"
import * as RpcRequests from "../../../../src/server/wire/rpc/RpcRequests.ts"
import { withFields } from "../../../support/withFields.ts"

const flags = [true, false, undefined, null, 1, "true"]
const ids = [0, -0, 1, -1, 0.5, 2 ** 53 - 1, 2 ** 53, Infinity, NaN, "1", null, undefined]
const texts = ["a", "", "x".repeat(4096), "x".repeat(4097), 1, null, undefined]
const names = ["Counter", "", "x".repeat(256), "x".repeat(257), 1, null, undefined]
const resume = { sessionToken: "a.b", components: [], pending: [] }

const decodeConnect = Schema.decodeUnknownExit(ConnectRequest)
const decodeMount = Schema.decodeUnknownExit(MountRequest)

/** What is recognised is what the schema makes of it, and whatever it takes is decoded. */
const agree = (
  payload: object,
  isRecognised: boolean,
  decoded: Exit.Exit<object, unknown>,
  got: Exit.Exit<object, unknown>
): void => {
  if (isRecognised) assert.isTrue(Exit.isSuccess(decoded))
  assert.strictEqual(Exit.isSuccess(got), Exit.isSuccess(decoded))
  if (Exit.isSuccess(decoded) && Exit.isSuccess(got)) {
    assert.deepInclude({ ...got.value }, { ...decoded.value })
    assert.deepInclude({ ...payload }, { ...decoded.value })
  }
}

describe("what a connection begins with on the RPC wire", () => {
  it.prop(
    "a session is recognised only when the schema takes its payload, and has the same fields",
    [withFields({ parts: flags, inOrder: flags, resume: [undefined, undefined, resume, {}, null], other: [1] })],
    ([payload]) => {
      const isRecognised = RpcOpening.isConnect(payload)
      agree(payload, isRecognised, decodeConnect(payload), RpcRequests.decodeConnect(payload))
      assert.strictEqual(isRecognised, !("resume" in payload) && Exit.isSuccess(decodeConnect(payload)))
    },
    { arbitrary: { runs: 1000 } }
  )

  it.prop(
    "a mount is recognised when the schema takes its payload, and only then, and has the same fields",
    [
      withFields({
        component: names,
        props: [{}, { a: [1] }, null, "text", undefined],
        version: [1, -1, 0.5, "1", null, undefined],
        room: texts.filter((text) => text !== "x".repeat(4097)),
        key: texts,
        seal: flags,
        presence: ["token", 1, null, undefined],
        callId: ids
      })
    ],
    ([payload]) => {
      const isRecognised = RpcOpening.isMount(payload)
      agree(payload, isRecognised, decodeMount(payload), RpcRequests.decodeMount(payload))
      assert.strictEqual(isRecognised, Exit.isSuccess(decodeMount(payload)))
    },
    { arbitrary: { runs: 3000 } }
  )

  it("a mount with a token is no other request: the token is left out", () => {
    const decoded = RpcRequests.decodeMount({ component: "Counter", props: {}, token: "made up" })
    assert.isTrue(Exit.isSuccess(decoded) && !("token" in decoded.value))
  })

  it("nothing that is no object is recognised", () => {
    for (const value of [null, undefined, 1, "Connect", true, []]) {
      assert.isFalse(RpcOpening.isConnect(value))
      assert.isFalse(RpcOpening.isMount(value))
    }
  })
})
