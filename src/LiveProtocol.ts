/**
 * The RPC wire, whole: what a client may ask and what the server tells. Any Effect `RpcClient` of this group can speak it.
 *
 * A client opens `Connect` first and reads it for as long as the socket lives: every chunk of that stream is one batch of
 * events, in order. It acknowledges every fourth batch or more often with `Received` (or each with the stream's own `Ack`); when
 * it does not, the server sends no more state than the window holds and merges what follows into one change.
 */
import * as Rpc from "effect/rpc/Rpc"
import * as RpcGroup from "effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"
import { LiveError } from "./LiveError.ts"
import { ComponentId, ConnectionId } from "./LiveId.ts"
import { Patch } from "./Patch.ts"

/** Goes up with every change of the wire that an older client does not understand. */
export const protocolVersion = 1

/** Where a component instance is in its life. */
export const Status = Schema.Literals(["running", "restarting", "faulted", "stopped"])
/** Where a component instance is in its life. */
export type Status = typeof Status.Type

/** A client acknowledges at least every so many batches; a server may wait for that, but for no more. */
export const batchesPerAcknowledgement = 4

const EncodedState = Schema.Record(Schema.String, Schema.Json)

/** The first event of a connection. */
export const ConnectionEstablished = Schema.TaggedStruct("ConnectionEstablished", {
  connectionId: ConnectionId,
  protocolVersion: Schema.Int
})

/** The state changed; the patch applies to the state this client was told before. */
export const Patched = Schema.TaggedStruct("Patched", { componentId: ComponentId, revision: Schema.Int, patch: Patch })

/** The state, whole; it takes the place of whatever the client had. */
export const Snapshot = Schema.TaggedStruct("Snapshot", {
  componentId: ComponentId,
  revision: Schema.Int,
  state: EncodedState
})

/** An event of the contract. */
export const Broadcast = Schema.TaggedStruct("Event", {
  componentId: ComponentId,
  event: Schema.String,
  payload: Schema.Json
})

/** The instance entered another state of its life. */
export const StatusChanged = Schema.TaggedStruct("Status", { componentId: ComponentId, status: Status })

/** What the server tells. */
export const LiveEvent = Schema.Union([ConnectionEstablished, Patched, Snapshot, Broadcast, StatusChanged])
/** What the server tells. */
export type LiveEvent = typeof LiveEvent.Type

/** The action answered with its own typed error, encoded by the contract. */
export class ActionFailure extends Schema.TaggedError<ActionFailure>()("ActionFailure", { failure: Schema.Json }) {}

/** The answer to a mount. */
export const Mounted = Schema.Struct({
  componentId: ComponentId,
  revision: Schema.Int,
  state: EncodedState,
  status: Status
})
/** The answer to a mount. */
export type Mounted = typeof Mounted.Type

/** A component is to be mounted: a private instance, or with a key the one all share who give that key. */
export const MountRequest = Schema.Struct({
  component: Schema.String.check(Schema.isMaxLength(256)),
  props: Schema.Json,
  key: Schema.optionalKey(Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(256)))
})
/** A component is to be mounted: a private instance, or with a key the one all share who give that key. */
export type MountRequest = typeof MountRequest.Type

/** An action is to be called. */
export const CallRequest = Schema.Struct({
  componentId: ComponentId,
  action: Schema.String,
  payload: Schema.optionalKey(Schema.Json)
})
/** An action is to be called. */
export type CallRequest = typeof CallRequest.Type

/** What a client may ask. */
export class LiveProtocol extends RpcGroup.make(
  Rpc.make("Connect", { success: LiveEvent, stream: true }),
  Rpc.make("Received", { payload: { batch: Schema.Int } }),
  Rpc.make("Mount", { payload: MountRequest, success: Mounted, error: LiveError }),
  Rpc.make("Unmount", { payload: { componentId: ComponentId }, error: LiveError }),
  Rpc.make("Call", {
    payload: CallRequest,
    success: Schema.Json,
    error: Schema.Union([LiveError, ActionFailure])
  }),
  Rpc.make("Ping", { success: Schema.Struct({ time: Schema.Finite }) })
) {}
