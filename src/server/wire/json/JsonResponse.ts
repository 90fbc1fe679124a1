/** Messages of the open wire, as text. */
import type { RequestId } from "../../../JsonProtocol.ts"
import { type ErrorFields, errorFieldsOf } from "./JsonError.ts"
import type { CallOutcome } from "../../session/CallOutcome.ts"

/** What is the same for all replies to one request. */
export interface Reply {
  readonly type: string
  readonly originalType?: string | undefined
  readonly componentId?: string | undefined
  readonly uploadId?: string | undefined
  readonly requestId?: RequestId | undefined
  readonly timestamp: number
}

/** A request succeeded; `result` is JSON, or undefined where there is none. */
export const success = (reply: Reply, result?: string): string =>
  result === undefined ? withFields(reply, `"success":true`) : withFields(reply, `"success":true,"result":${result}`)

/** A request failed; `failure` is the JSON of an action's own error. */
export const failure = (reply: Reply, told: ErrorFields, failure?: string): string =>
  withFields(reply, `"success":false,${fieldsOf(told)}${failure === undefined ? "" : `,"failure":${failure}`}`)

/** What became of a call. */
export const answer = (reply: Reply, outcome: CallOutcome): string => {
  switch (outcome._tag) {
    case "Success":
      return success(reply, outcome.text)
    case "Failure":
      return failure(reply, actionFailed(outcome), outcome.text)
    case "Refused":
      return failure(reply, errorFieldsOf(outcome.error.reason))
  }
}

/** An action's own error, in its own words if it has some; its tag if it has one. */
const actionFailed = ({ message, text }: Extract<CallOutcome, { readonly _tag: "Failure" }>): ErrorFields => {
  const error: unknown = JSON.parse(text)
  const tag = typeof error === "object" && error !== null && "_tag" in error ? error._tag : undefined
  const _tag = typeof tag === "string" ? tag : "ActionFailure"
  return { _tag, message: message || `The action failed with the error ${_tag}. Its fields are in "failure".` }
}

/** Something was refused that has no reply of its own. */
export const error = (
  { _tag, message, reason }: ErrorFields,
  timestamp: number,
  requestId: RequestId | undefined
): string => JSON.stringify({ type: "ERROR", error: message, code: _tag, reason, requestId, timestamp })

/** An upload failed. */
export const uploadError = (reply: Reply, told: ErrorFields): string => withFields(reply, fieldsOf(told))

const fieldsOf = ({ _tag, message, reason }: ErrorFields): string =>
  `"error":${JSON.stringify(message)},"code":${JSON.stringify(_tag)}` +
  (reason === undefined ? "" : `,"reason":${JSON.stringify(reason)}`)

const withFields = (
  { componentId, originalType, requestId, timestamp, type, uploadId }: Reply,
  fields: string
): string => {
  let text = `{"type":"${type}"`
  if (originalType !== undefined) text += `,"originalType":"${originalType}"`
  if (componentId !== undefined) text += `,"componentId":${JSON.stringify(componentId)}`
  if (uploadId !== undefined) text += `,"uploadId":${JSON.stringify(uploadId)}`
  text += `,${fields}`
  if (requestId !== undefined) text += `,"requestId":${JSON.stringify(requestId)}`
  return `${text},"timestamp":${timestamp}}`
}
