/** The replies of the JSON wire, as text. */
import type { RequestId } from "../../../JsonProtocol.ts"
import { type ErrorFields, errorFieldsOf } from "./JsonError.ts"
import type { CallOutcome } from "../../session/CallOutcome.ts"

/** The fields that all replies to one request share. */
export interface Reply {
  readonly type: string
  readonly originalType?: string | undefined
  readonly componentId?: string | undefined
  readonly uploadId?: string | undefined
  readonly nextChunk?: number | undefined
  readonly requestId?: RequestId | undefined
  readonly timestamp: number
}

/** A success; `result` is JSON, or undefined when there is none. `beginning` is known of the replies before. */
export const success = (reply: Reply, result?: string, beginning = beginningOf(reply)): string =>
  ended(reply, `${beginning},"success":true${result === undefined ? "" : `,"result":${result}`}`)

/** A failure; `failure` is the JSON of the error that the action declares. */
export const failure = (reply: Reply, told: ErrorFields, failure?: string): string =>
  ended(
    reply,
    `${beginningOf(reply)},"success":false,${fieldsOf(told)}${failure === undefined ? "" : `,"failure":${failure}`}`
  )

/** The outcome of a call. */
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

/** The error that the action declares: with its own message if it has one, and with its tag if it has one. */
const actionFailed = ({ message, text }: Extract<CallOutcome, { readonly _tag: "Failure" }>): ErrorFields => {
  const error: unknown = JSON.parse(text)
  const tag = typeof error === "object" && error !== null && "_tag" in error ? error._tag : undefined
  const _tag = typeof tag === "string" ? tag : "ActionFailure"
  return { _tag, message: message || `The action failed with the error ${_tag}. Its fields are in "failure".` }
}

/** A refusal without a reply type of its own. In the place of a reply it says that there was no success. */
export const error = (
  { _tag, message, reason }: ErrorFields,
  timestamp: number,
  requestId: RequestId | undefined
): string => {
  const success = requestId === undefined ? undefined : false
  return JSON.stringify({ type: "ERROR", success, error: message, code: _tag, reason, requestId, timestamp })
}

const fieldsOf = ({ _tag, message, reason }: ErrorFields): string =>
  `"error":${JSON.stringify(message)},"code":${JSON.stringify(_tag)}` +
  (reason === undefined ? "" : `,"reason":${JSON.stringify(reason)}`)

/** How a reply begins: the fields before those that say how it went. */
export const beginningOf = ({ componentId, nextChunk, originalType, type, uploadId }: Reply): string => {
  let text = `{"type":"${type}"`
  if (originalType !== undefined) text += `,"originalType":"${originalType}"`
  if (componentId !== undefined) text += `,"componentId":${JSON.stringify(componentId)}`
  if (uploadId !== undefined) text += `,"uploadId":${JSON.stringify(uploadId)}`
  if (nextChunk !== undefined) text += `,"nextChunk":${nextChunk}`
  return text
}

const ended = ({ requestId, timestamp }: Reply, text: string): string => {
  const asked = requestId === undefined ? "" : `,"requestId":${JSON.stringify(requestId)}`
  return `${text}${asked},"timestamp":${timestamp}}`
}
