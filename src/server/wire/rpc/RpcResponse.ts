/** The messages of the RPC wire, as text. */
import * as Schema from "effect/Schema"
import { LiveError } from "../../../LiveError.ts"
import type { RpcRequestId } from "./RpcEnvelope.ts"
import type { CallOutcome } from "../../session/CallOutcome.ts"

const encodeLiveError = Schema.encodeSync(LiveError)

/** An error of the house. */
export const liveError = (error: LiveError): string => JSON.stringify(encodeLiveError(error))

/** A request ended with this value, which is JSON. */
export const success = (id: RpcRequestId, value: string): string => exit(id, `{"_tag":"Success","value":${value}}`)

/** A request failed with this error, which is JSON. */
export const failure = (id: RpcRequestId, error: string): string =>
  exit(id, `{"_tag":"Failure","cause":[{"_tag":"Fail","error":${error}}]}`)

/** A request was a mistake. */
export const die = (id: RpcRequestId, text: string): string =>
  exit(id, `{"_tag":"Failure","cause":[{"_tag":"Die","defect":${JSON.stringify(text)}}]}`)

/** A request was taken back. */
export const interrupted = (id: RpcRequestId): string => exit(id, `{"_tag":"Failure","cause":[{"_tag":"Interrupt"}]}`)

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
      return failure(id, liveError(what.error))
    case "Interrupted":
      return interrupted(id)
  }
}
