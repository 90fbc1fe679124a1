/**
 * Recognises calls, which are almost all messages, without a schema, which would take ten times as long. What is not
 * recognised is left to the schemas, which also say what is wrong with it. Fields that the schemas would remove are
 * left in; nobody reads them.
 */
import type { CallAction, RequestId } from "../../../JsonProtocol.ts"
import { isFlag, isText } from "../FieldCheck.ts"

/** Characters of a name and of a `callId`, as in the schemas. */
const maxName = 4096
const maxCallId = 256
const maxTraceparent = 256

/** Whether a message is a call as the protocol has it. */
export const isCall = (fields: object): fields is Call => {
  const { action, callId, componentId, expectResponse, requestId, traceparent, type } = fields as Fields
  return (
    type === "CALL_ACTION" &&
    isText(componentId, maxName) &&
    isText(action, maxName) &&
    (requestId === undefined || isRequestId(requestId)) &&
    (callId === undefined || isText(callId, maxCallId) || isPrecise(callId)) &&
    isFlag(expectResponse) &&
    (traceparent === undefined || isText(traceparent, maxTraceparent))
  )
}

type Call = typeof CallAction.Type
type Fields = { readonly [Name in keyof Call]?: unknown }

/** Whether a value may name a request. */
export const isRequestId = (value: unknown): value is RequestId => isText(value, maxName) || isPrecise(value)

const isPrecise = (value: unknown): boolean =>
  typeof value === "number" && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
