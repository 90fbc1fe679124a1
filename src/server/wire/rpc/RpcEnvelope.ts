/** The messages that a client may send on the RPC wire: envelopes of effect/rpc with requests of LiveProtocol. */
import * as Schema from "effect/Schema"

const RpcRequestId = Schema.Union([Schema.String.check(Schema.isMaxLength(4096)), Schema.Finite])
/** The id that a client gives a request. */
export type RpcRequestId = typeof RpcRequestId.Type

const RpcRequest = Schema.TaggedStruct("Request", {
  id: RpcRequestId,
  tag: Schema.String,
  payload: Schema.optionalKey(Schema.Unknown),
  /** The span of the client; what is not valid is ignored. */
  traceId: Schema.optionalKey(Schema.Unknown),
  spanId: Schema.optionalKey(Schema.Unknown),
  sampled: Schema.optionalKey(Schema.Unknown),
  /** No answer is wanted. */
  isNotification: Schema.optionalKey(Schema.Boolean),
  /** No answer is wanted except that the request has begun. */
  discard: Schema.optionalKey(Schema.Boolean)
})
/** A request. */
export type RpcRequest = typeof RpcRequest.Type

/** One message of a client. */
export const RpcEnvelope = Schema.Union([
  RpcRequest,
  Schema.TaggedStruct("Ack", { requestId: RpcRequestId }),
  Schema.TaggedStruct("Interrupt", { requestId: RpcRequestId }),
  Schema.TaggedStruct("Ping", {}),
  /** The client does not come back. Private instances of `keep` go on for a while, for a page that brings their tokens. */
  Schema.TaggedStruct("Eof", { keep: Schema.optionalKey(Schema.Array(Schema.String)) })
])
/** One message of a client. */
export type RpcEnvelope = typeof RpcEnvelope.Type
