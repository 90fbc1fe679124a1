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
import { ComponentId } from "../../../LiveId.ts"
import { RpcEnvelope } from "./RpcEnvelope.ts"

/** Decodes what is asked. */
export type Decode<A> = (value: unknown) => Exit.Exit<A, Schema.SchemaError>

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
/** Of `Unmount` and `Resync`. */
export const decodeNamed = Schema.decodeUnknownExit(Schema.Struct({ componentId: ComponentId }))
export const decodePing = Schema.decodeUnknownExit(Schema.Null)

/** The requests there are. */
export const requests: ReadonlyArray<string> = Array.from(LiveProtocol.requests.keys())

/** Those whose contract has an error for what the house refuses; others die of it. */
export const refusable: ReadonlySet<string> = new Set(
  Array.from(LiveProtocol.requests.values()).flatMap(({ _tag, errorSchema }) =>
    (errorSchema as Schema.Top) === Schema.Never ? [] : [_tag]
  )
)
