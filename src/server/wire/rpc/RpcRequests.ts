/**
 * Decodes the requests of the RPC wire. Fields that may be any JSON are not checked here: they come from `JSON.parse`,
 * and the contract checks those that are used.
 */
import * as Schema from "effect/Schema"
import * as Exit from "effect/Exit"
import {
  type CallId,
  CallRequest,
  ConnectRequest,
  LiveProtocol,
  MountRequest,
  ReceivedRequest,
  RehydrateRequest,
  UploadId,
  UploadStartRequest
} from "../../../LiveProtocol.ts"
import { ComponentId } from "../../../LiveId.ts"
import * as RpcCall from "./RpcCall.ts"
import * as RpcOpening from "./RpcOpening.ts"
import { RpcEnvelope } from "./RpcEnvelope.ts"

/** Decodes a payload. */
export type Decode<A> = (value: unknown) => Exit.Exit<A, Schema.SchemaError>

const json = Schema.Unknown

const decodeEnvelope = Schema.decodeUnknownExit(RpcEnvelope)
export const decodeMessage: Decode<RpcEnvelope> = (message) =>
  RpcCall.isRequest(message) ? Exit.succeed(message) : decodeEnvelope(message)
const decodeAnyMount = Schema.decodeUnknownExit(
  Schema.Struct({ ...MountRequest.fields, props: json })
) as Decode<MountRequest>
export const decodeMount: Decode<MountRequest> = (payload) =>
  RpcOpening.isMount(payload) ? Exit.succeed(payload) : decodeAnyMount(payload)
export const decodeRehydrate = Schema.decodeUnknownExit(
  Schema.Struct({ ...RehydrateRequest.fields, props: json })
) as Decode<RehydrateRequest>
const decodeAnyCall = Schema.decodeUnknownExit(
  Schema.Struct({ ...CallRequest.fields, payload: Schema.optionalKey(json) })
) as Decode<CallRequest>
export const decodeCall: Decode<CallRequest> = (payload) =>
  RpcCall.isCall(payload) ? Exit.succeed(payload) : decodeAnyCall(payload)
const decodeAnyConnect = Schema.decodeUnknownExit(ConnectRequest)
export const decodeConnect: Decode<ConnectRequest> = (payload) =>
  RpcOpening.isConnect(payload) ? Exit.succeed(payload) : decodeAnyConnect(payload)
const decodeAnyReceived = Schema.decodeUnknownExit(ReceivedRequest)
export const decodeReceived: Decode<typeof ReceivedRequest.Type> = (payload) =>
  RpcCall.isReceived(payload) ? Exit.succeed(payload) : decodeAnyReceived(payload)
/** The component that a payload names, before it is decoded. */
export const componentOf = (payload: unknown): string => {
  const { componentId } = (payload ?? {}) as { readonly componentId?: unknown }
  return typeof componentId === "string" ? componentId : ""
}
/** Of `Unmount` and `Resync`. */
export const decodeNamed = Schema.decodeUnknownExit(Schema.Struct({ componentId: ComponentId }))
export const decodeUploadStart = Schema.decodeUnknownExit(UploadStartRequest)
/** Of `UploadComplete` and `UploadCancel`. */
export const decodeUpload = Schema.decodeUnknownExit(Schema.Struct({ uploadId: UploadId }))
export const decodePing = Schema.decodeUnknownExit(Schema.Null)

/** The id of a call, before it is decoded. */
export const callIdOf = (payload: unknown): CallId | undefined => {
  const { callId } = (payload ?? {}) as { readonly callId?: unknown }
  return Number.isSafeInteger(callId) ? (callId as CallId) : undefined
}

/** The requests of the protocol. */
export const requests: ReadonlyArray<string> = Array.from(LiveProtocol.requests.keys())

/** Requests that can fail with a LiveError. Others die instead. */
export const refusable: ReadonlySet<string> = new Set(
  Array.from(LiveProtocol.requests.values()).flatMap(({ _tag, errorSchema }) =>
    (errorSchema as Schema.Top) === Schema.Never ? [] : [_tag]
  )
)
