/** The messages of the RPC wire, as text: what effect/rpc would send, encoded by the contract of the request. */
import * as Cause from "effect/Cause"
import * as Schema from "effect/Schema"
import { LiveError } from "../../../LiveError.ts"
import type { RpcRequestId } from "./RpcEnvelope.ts"
import { type CallOutcome, internalError } from "../../session/CallOutcome.ts"

const encodeLiveError = Schema.encodeSync(LiveError)

/** A request has succeeded with this JSON. */
export const success = (id: RpcRequestId, value: string): string => exit(id, `{"_tag":"Success","value":${value}}`)

/** A request has failed with this error, as JSON. */
const failure = (id: RpcRequestId, error: string): string =>
  exit(id, `{"_tag":"Failure","cause":[{"_tag":"Fail","error":${error}}]}`)

/** A request was not valid. */
export const die = (id: RpcRequestId, text: string): string =>
  exit(id, `{"_tag":"Failure","cause":[{"_tag":"Die","defect":${JSON.stringify(text)}}]}`)

/** A request was cancelled. Clients are not told by which fiber. */
export const interrupted = (id: RpcRequestId): string =>
  exit(id, `{"_tag":"Failure","cause":[{"_tag":"Interrupt","fiberId":null}]}`)

/** A refusal. */
export const refused = (id: RpcRequestId, error: LiveError): string =>
  failure(id, JSON.stringify(encodeLiveError(error)))

/** A request has failed: with a LiveError, or with a defect whose details are not sent. */
export const failed = (id: RpcRequestId, cause: Cause.Cause<LiveError>): string => {
  const reason = cause.reasons.find(Cause.isFailReason)
  if (reason !== undefined) return refused(id, reason.error)
  return Cause.hasInterruptsOnly(cause) ? interrupted(id) : die(id, internalError)
}

/** A message that was not understood and belongs to no request. */
export const defect = (text: string): string => `{"_tag":"Defect","defect":${JSON.stringify(text)}}`

const exit = (id: RpcRequestId, exit: string): string =>
  `{"_tag":"Exit","requestId":${typeof id === "number" ? id : JSON.stringify(id)},"exit":${exit}}`

/** The outcome of a call. */
export const outcome = (id: RpcRequestId, what: CallOutcome): string => {
  switch (what._tag) {
    case "Success":
      return success(id, what.text)
    case "Failure":
      return failure(id, `{"_tag":"ActionFailure","failure":${what.text}}`)
    case "Refused":
      return refused(id, what.error)
  }
}

/** The answer to a ping. */
export const pong = `{"_tag":"Pong"}`
