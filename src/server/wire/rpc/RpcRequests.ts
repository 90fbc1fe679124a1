/**
 * What comes in on the RPC wire, decoded. What is any JSON there is not looked through: it comes out of `JSON.parse`, and its contract
 * does that, or nobody wants it.
 */
import * as Schema from "effect/Schema"
import type * as Exit from "effect/Exit"
import {
  CallRequest,
  ConnectRequest,
  LiveProtocol,
  MountRequest,
  ReceivedRequest,
  RehydrateRequest
} from "../../../LiveProtocol.ts"
import { RpcEnvelope } from "./RpcEnvelope.ts"

type Decode<A> = (value: unknown) => Exit.Exit<A, Schema.SchemaError>

const json = Schema.Unknown

export const decodeMessage = Schema.decodeUnknownExit(RpcEnvelope)
export const decodeMount = Schema.decodeUnknownExit(
  Schema.Struct({ ...MountRequest.fields, props: json })
) as Decode<MountRequest>
export const decodeRehydrate = Schema.decodeUnknownExit(
  Schema.Struct({ ...RehydrateRequest.fields, props: json })
) as Decode<RehydrateRequest>
export const decodeCall = Schema.decodeUnknownExit(
  Schema.Struct({ ...CallRequest.fields, payload: Schema.optionalKey(json) })
) as Decode<CallRequest>
export const decodeConnect = Schema.decodeUnknownExit(ConnectRequest)
export const decodeReceived = Schema.decodeUnknownExit(ReceivedRequest)

/** The payloads of all requests, by their tags. */
export const decodePayload: ReadonlyMap<string, Decode<unknown>> = new Map(
  [...LiveProtocol.requests.values()].map((rpc) => [
    rpc._tag as string,
    Schema.decodeUnknownExit(Schema.toCodecJson(rpc.payloadSchema as Schema.Codec<unknown>))
  ])
)
