/** The messages of the RPC wire, as text: what effect/rpc would send, encoded by the contract of the request. */
import * as Cause from "effect/Cause"
import * as Schema from "effect/Schema"
import { LiveError } from "../../../LiveError.ts"
import type { RpcRequestId } from "./RpcEnvelope.ts"
import { type CallOutcome, internalError } from "../../session/CallOutcome.ts"

const encodeLiveError = Schema.encodeSync(LiveError)

/** A request ended with this value, which is JSON. */
export const success = (id: RpcRequestId, value: string): string => exit(id, `{"_tag":"Success","value":${value}}`)

/** A request failed with this error, which is JSON. */
const failure = (id: RpcRequestId, error: string): string =>
  exit(id, `{"_tag":"Failure","cause":[{"_tag":"Fail","error":${error}}]}`)

/** A request was a mistake. */
export const die = (id: RpcRequestId, text: string): string =>
  exit(id, `{"_tag":"Failure","cause":[{"_tag":"Die","defect":${JSON.stringify(text)}}]}`)

/** A request was taken back; by which fiber is nobody's business. */
export const interrupted = (id: RpcRequestId): string =>
  exit(id, `{"_tag":"Failure","cause":[{"_tag":"Interrupt","fiberId":null}]}`)

/** The house refuses a request. */
export const refused = (id: RpcRequestId, error: LiveError): string =>
  failure(id, JSON.stringify(encodeLiveError(error)))

/** A request failed: by what the house refuses, or by something that the client is only told happened. */
export const failed = (id: RpcRequestId, cause: Cause.Cause<LiveError>): string => {
  const reason = cause.reasons.find(Cause.isFailReason)
  if (reason !== undefined) return refused(id, reason.error)
  return Cause.hasInterruptsOnly(cause) ? interrupted(id) : die(id, internalError)
}

/** Something was not understood that belongs to no request. */
export const defect = (text: string): string => `{"_tag":"Defect","defect":${JSON.stringify(text)}}`

const exit = (id: RpcRequestId, exit: string): string =>
  `{"_tag":"Exit","requestId":${JSON.stringify(id)},"exit":${exit}}`

/** What became of a call. */
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

/** The answer to a sign of life. */
export const pong = `{"_tag":"Pong"}`
