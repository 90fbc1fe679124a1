/** What a client may send on the RPC wire, decoded at the edge: the envelopes of effect/rpc, and the requests of LiveProtocol. */
import * as Schema from "effect/Schema"

const RpcRequestId = Schema.Union([Schema.String.check(Schema.isMaxLength(4096)), Schema.Finite])
/** The id a client gives a request. */
export type RpcRequestId = typeof RpcRequestId.Type

const RpcRequest = Schema.TaggedStruct("Request", {
  id: RpcRequestId,
  tag: Schema.String,
  payload: Schema.optionalKey(Schema.Unknown),
  /** Nothing is to be answered. */
  isNotification: Schema.optionalKey(Schema.Boolean),
  /** Nothing is to be answered but that it has begun. */
  discard: Schema.optionalKey(Schema.Boolean)
})
/** Something is asked. */
export type RpcRequest = typeof RpcRequest.Type

/** One message of a client. */
export const RpcEnvelope = Schema.Union([
  RpcRequest,
  Schema.TaggedStruct("Ack", { requestId: RpcRequestId }),
  Schema.TaggedStruct("Interrupt", { requestId: RpcRequestId }),
  Schema.TaggedStruct("Ping", {}),
  Schema.TaggedStruct("Eof", {})
])
/** One message of a client. */
export type RpcEnvelope = typeof RpcEnvelope.Type
