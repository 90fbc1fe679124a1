/**
 * Reads a call as `fibra/client` writes it, without `JSON.parse`, which takes three times as long for the names around
 * what counts: 0.6 of 6 µs that a call costs the server. Any other text is left to `JSON.parse`, and what is read here is
 * checked like what that reads.
 */
import type { CallRequest } from "../../../LiveProtocol.ts"
import type { RpcRequest } from "./RpcEnvelope.ts"
import { beginOfDigits, endOfDigits, endOfName, isQuoted, numberOf } from "./TextScan.ts"

/** Characters of a call that is read here. */
const longest = 512

const beginning = `{"_tag":"Request","id":`
const afterId = `,"tag":"Call","payload":{"componentId":"`
const afterComponent = `,"action":"`
const beforePayload = `,"payload":`
const beforeCallId = `,"callId":`
const beforeSettled = `,"settled":`
const end = `},"headers":[]}`

/** The call that a text is; undefined when it is another text, even if that is a call as well. */
export const read = (text: string): RpcRequest | undefined => {
  if (text.length > longest || !text.startsWith(beginning) || !text.endsWith(end)) return undefined
  const idAt = beginning.length
  const isText = isQuoted(text, idAt)
  const idEnd = isText ? endOfName(text, idAt + 1) : endOfDigits(text, idAt)
  if (idEnd < 0) return undefined
  const id = isText ? text.slice(idAt + 1, idEnd) : numberOf(text, idAt, idEnd)
  const componentId = isText ? idEnd + 1 : idEnd
  if (!text.startsWith(afterId, componentId)) return undefined
  const componentAt = componentId + afterId.length
  const componentEnd = endOfName(text, componentAt)
  if (componentEnd < 0 || !text.startsWith(afterComponent, componentEnd + 1)) return undefined
  const actionAt = componentEnd + 1 + afterComponent.length
  const actionEnd = endOfName(text, actionAt)
  if (actionEnd < 0) return undefined
  const settledEnd = text.length - end.length
  const settledAt = beginOfDigits(text, settledEnd)
  const callIdEnd = settledAt - beforeSettled.length
  if (settledAt < 0 || !text.startsWith(beforeSettled, callIdEnd)) return undefined
  const callIdAt = beginOfDigits(text, callIdEnd)
  const payloadEnd = callIdAt - beforeCallId.length
  if (callIdAt < 0 || payloadEnd <= actionEnd || !text.startsWith(beforeCallId, payloadEnd)) return undefined
  const call = {
    componentId: text.slice(componentAt, componentEnd),
    action: text.slice(actionAt, actionEnd),
    callId: numberOf(text, callIdAt, callIdEnd),
    settled: numberOf(text, settledAt, settledEnd)
  } as CallRequest
  if (payloadEnd === actionEnd + 1) return requestOf(id, call)
  const payloadAt = actionEnd + 1 + beforePayload.length
  if (payloadAt >= payloadEnd || !text.startsWith(beforePayload, actionEnd + 1)) return undefined
  try {
    return requestOf(id, { ...call, payload: JSON.parse(text.slice(payloadAt, payloadEnd)) })
  } catch {
    return undefined
  }
}

const requestOf = (id: string | number, payload: CallRequest): RpcRequest => ({
  _tag: "Request",
  id,
  tag: "Call",
  payload
})
