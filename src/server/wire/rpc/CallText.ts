/**
 * Reads a call as `fibra/client` writes it, without `JSON.parse`, which takes three times as long for the names around
 * what counts: 0.6 of 6 µs that a call costs the server. Any other text is left to `JSON.parse`, and what is read here is
 * checked like what that reads.
 */
import type { CallRequest } from "../../../LiveProtocol.ts"
import type { RpcRequest } from "./RpcEnvelope.ts"

/** Characters of a call that is read here. */
const longest = 512

const beginning = `{"_tag":"Request","id":`
const afterId = `,"tag":"Call","payload":{"componentId":"`
const afterComponent = `,"action":"`
const beforePayload = `,"payload":`
const beforeCallId = `,"callId":`
const beforeSettled = `,"settled":`
const end = `},"headers":[]}`

const quote = 0x22
const backslash = 0x5c
const space = 0x20
const zero = 0x30
const nine = 0x39

/** Digits of a number that is certainly a safe integer. */
const maxDigits = 15

/** The call that a text is; undefined when it is another text, even if that is a call as well. */
export const read = (text: string): RpcRequest | undefined => {
  if (text.length > longest || !text.startsWith(beginning) || !text.endsWith(end)) return undefined
  const idAt = beginning.length
  const isText = text.charCodeAt(idAt) === quote
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

/** Where the quote is that ends a text without escapes; below 0 when there is none. */
const endOfName = (text: string, from: number): number => {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) return at
    if (code === backslash || code < space) return -1
  }
  return -1
}

const isDigit = (code: number): boolean => code >= zero && code <= nine

/** The end of the digits that begin here; below 0 when they are no number that JSON has, or too many. */
const endOfDigits = (text: string, from: number): number => {
  let at = from
  while (isDigit(text.charCodeAt(at))) at++
  return isNumber(text, from, at) ? at : -1
}

/** The same for the digits that end here. */
const beginOfDigits = (text: string, end: number): number => {
  let at = end
  while (at > 0 && isDigit(text.charCodeAt(at - 1))) at--
  return isNumber(text, at, end) ? at : -1
}

const isNumber = (text: string, from: number, end: number): boolean =>
  end > from && end - from <= maxDigits && (text.charCodeAt(from) !== zero || end === from + 1)

const numberOf = (text: string, from: number, end: number): number => {
  let number = 0
  for (let at = from; at < end; at++) number = number * 10 + text.charCodeAt(at) - zero
  return number
}
