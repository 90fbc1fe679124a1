/**
 * Recognises the requests that are almost all messages without a schema, which would take ten times as long. What is
 * not recognised is left to the schemas, which also say what is wrong with it. Keys that the schemas would remove are
 * left in; nobody reads them.
 */
import type { CallRequest, ReceivedRequest } from "../../../LiveProtocol.ts"
import { isCallId, isFlag, isText } from "../FieldCheck.ts"
import type { RpcRequest } from "./RpcEnvelope.ts"

/** Characters of a name, as in the schemas. */
const maxName = 4096

type Fields<A> = { readonly [Key in keyof A]?: unknown }

/** Whether a message is a request as `RpcEnvelope` has it. */
export const isRequest = (message: unknown): message is RpcRequest => {
  if (typeof message !== "object" || message === null) return false
  const { _tag, discard, id, isNotification, tag } = message as Fields<RpcRequest>
  return (
    _tag === "Request" &&
    typeof tag === "string" &&
    (isName(id) || Number.isFinite(id)) &&
    isFlag(isNotification) &&
    isFlag(discard)
  )
}

/** Whether a payload is one of `Call`. */
export const isCall = (payload: unknown): payload is CallRequest => {
  if (typeof payload !== "object" || payload === null) return false
  const { action, callId, componentId, settled } = payload as Fields<CallRequest>
  return isName(componentId) && isName(action) && isCallId(callId) && isCallId(settled)
}

/** Whether a payload is one of `Received` that abandons nothing. */
export const isReceived = (payload: unknown): payload is typeof ReceivedRequest.Type => {
  if (typeof payload !== "object" || payload === null) return false
  const { abandoned, batch, settled } = payload as Fields<typeof ReceivedRequest.Type>
  return Number.isSafeInteger(batch) && isCallId(settled) && abandoned === undefined
}

const isName = (value: unknown): boolean => isText(value, maxName)
