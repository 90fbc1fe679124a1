/** What a client may send on the RPC wire, decoded at the edge: the envelopes of effect/rpc, and the requests of LiveProtocol. */
import * as Schema from "effect/Schema"

const RequestId = Schema.Union([Schema.String.check(Schema.isMaxLength(4096)), Schema.Finite])
/** The id a client gives a request. */
export type RequestId = typeof RequestId.Type

/** One message of a client. */
export const ClientMessage = Schema.Union([
  Schema.TaggedStruct("Request", {
    id: RequestId,
    tag: Schema.String,
    payload: Schema.optionalKey(Schema.Unknown),
    isNotification: Schema.optionalKey(Schema.Boolean)
  }),
  Schema.TaggedStruct("Ack", { requestId: RequestId }),
  Schema.TaggedStruct("Interrupt", { requestId: RequestId }),
  Schema.TaggedStruct("Ping", {}),
  Schema.TaggedStruct("Eof", {})
])
/** One message of a client. */
export type ClientMessage = typeof ClientMessage.Type
