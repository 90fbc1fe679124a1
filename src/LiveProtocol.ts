/**
 * The RPC wire, whole: what a client may ask and what the server tells. Any Effect `RpcClient` of this group can speak it.
 *
 * A client opens `Connect` first and reads it for as long as the socket lives: every chunk of that stream is one batch of
 * events, in order. It acknowledges every fourth batch or more often with `Received` (or each with the stream's own `Ack`); when
 * it does not, the server sends no more state than the window holds and merges what follows into one change.
 *
 * A session outlives its sockets. The next `Connect` names it with its token, says how far every component was read and which
 * requests have no answer yet; it gets what it missed, and may send those requests again under the same `callId`.
 */
import * as Rpc from "effect/rpc/Rpc"
import * as RpcGroup from "effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"
import { LiveError, TokenRejected } from "./LiveError.ts"
import { ComponentId, ConnectionId } from "./LiveId.ts"
import { Patch } from "./Patch.ts"

/** Goes up with every change of the wire that an older client does not understand. */
export const protocolVersion = 2

/** Where a component instance is in its life. */
export const Status = Schema.Literals(["running", "restarting", "faulted", "stopped"])
/** Where a component instance is in its life. */
export type Status = typeof Status.Type

/** A client acknowledges at least every so many batches; a server may wait for that, but for no more. */
export const batchesPerAcknowledgement = 4

const EncodedState = Schema.Record(Schema.String, Schema.Json)

/** The lives of an instance, counted: it goes up when the instance is activated from a token or from the store. */
const Epoch = Schema.Int
/** The changes of an instance, counted through all its lives. */
const Revision = Schema.Int

/** Names a request of a session, so that sending it twice does it once; an id is not used again in a session. */
export const CallId = Schema.Natural
/** Names a request of a session, so that sending it twice does it once; an id is not used again in a session. */
export type CallId = typeof CallId.Type

/** The first event of a connection. */
export const ConnectionEstablished = Schema.TaggedStruct("ConnectionEstablished", {
  connectionId: ConnectionId,
  /** Names the session on the next connection; only the latest is good. */
  sessionToken: Schema.String,
  protocolVersion: Schema.Int,
  /** Whether this is the session that was asked for. */
  resumed: Schema.Boolean,
  /** Why it is not. */
  rejected: Schema.optionalKey(TokenRejected),
  /** The components that are still mounted, of those the client named. */
  components: Schema.Array(ComponentId),
  /** How long a state token is good, milliseconds. */
  tokenAge: Schema.Finite
})
/** The first event of a connection. */
export type ConnectionEstablished = typeof ConnectionEstablished.Type

/** The state changed; the patch applies to the state of revision `from`, which is the one before unless it is said. */
export const Patched = Schema.TaggedStruct("Patched", {
  componentId: ComponentId,
  epoch: Epoch,
  revision: Revision,
  from: Schema.optionalKey(Revision),
  patch: Patch
})

/** The state, whole; it takes the place of whatever the client had. */
export const Snapshot = Schema.TaggedStruct("Snapshot", {
  componentId: ComponentId,
  epoch: Epoch,
  revision: Revision,
  state: EncodedState
})

/** An event of the contract; `index` counts those of the instance. */
export const Broadcast = Schema.TaggedStruct("Event", {
  componentId: ComponentId,
  index: Schema.Int,
  event: Schema.String,
  payload: Schema.Json
})

/** The instance entered another state of its life. */
export const StatusChanged = Schema.TaggedStruct("Status", { componentId: ComponentId, status: Status })

/** The state signed by the server, for `Rehydrate`; it takes the place of the token before it. */
export const Sealed = Schema.TaggedStruct("Sealed", { componentId: ComponentId, token: Schema.String })

/** The server is going to end: connect anew at a time of your choice `within` so many milliseconds. */
export const ServerDraining = Schema.TaggedStruct("Draining", { within: Schema.Finite })

/** What the server tells. */
export const LiveEvent = Schema.Union([
  ConnectionEstablished,
  Patched,
  Snapshot,
  Broadcast,
  StatusChanged,
  Sealed,
  ServerDraining
])
/** What the server tells. */
export type LiveEvent = typeof LiveEvent.Type

/** The action answered with its own typed error, encoded by the contract. */
export class ActionFailure extends Schema.TaggedError<ActionFailure>()("ActionFailure", { failure: Schema.Json }) {}

/** How far a client has read a component: the last change and the last event it was told, 0 for none. */
export const Place = Schema.Struct({
  componentId: ComponentId,
  epoch: Epoch,
  revision: Revision,
  index: Schema.Natural
})
/** How far a client has read a component: the last change and the last event it was told, 0 for none. */
export type Place = typeof Place.Type

/** A session is to be resumed: what the client has of it, and the requests it waits for. */
export const ResumeRequest = Schema.Struct({
  sessionToken: Schema.String,
  /** One for each mount; a component that is not named is unmounted. */
  components: Schema.Array(Place),
  /** Mounts and calls without an answer; the others are settled, and a call that runs for nobody is interrupted. */
  pending: Schema.Array(CallId)
})
/** A session is to be resumed: what the client has of it, and the requests it waits for. */
export type ResumeRequest = typeof ResumeRequest.Type

/** The first request of a connection. */
export const ConnectRequest = Schema.Struct({ resume: Schema.optionalKey(ResumeRequest) })
/** The first request of a connection. */
export type ConnectRequest = typeof ConnectRequest.Type

/** The answer to a mount. */
export const Mounted = Schema.Struct({
  componentId: ComponentId,
  epoch: Epoch,
  revision: Revision,
  /** Events so far. */
  index: Schema.Natural,
  state: EncodedState,
  status: Status
})
/** The answer to a mount. */
export type Mounted = typeof Mounted.Type

const component = {
  component: Schema.String.check(Schema.isMaxLength(256)),
  /** The version of the client's contract; another one than the server's is refused. */
  version: Schema.optionalKey(Schema.Int),
  props: Schema.Json,
  callId: Schema.optionalKey(CallId)
}

/** A component is to be mounted: a private instance, or with a key the one all share who give that key. */
export const MountRequest = Schema.Struct({
  ...component,
  key: Schema.optionalKey(Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(256))),
  /** Whether its first token is to come with it, and not within the token interval. */
  seal: Schema.optionalKey(Schema.Boolean)
})
/** A component is to be mounted: a private instance, or with a key the one all share who give that key. */
export type MountRequest = typeof MountRequest.Type

/** A private instance is to be mounted as it was when the token was sealed. */
export const RehydrateRequest = Schema.Struct({ ...component, token: Schema.String })
/** A private instance is to be mounted as it was when the token was sealed. */
export type RehydrateRequest = typeof RehydrateRequest.Type

/** An action is to be called. */
export const CallRequest = Schema.Struct({
  componentId: ComponentId.check(Schema.isMaxLength(4096)),
  action: Schema.String.check(Schema.isMaxLength(4096)),
  payload: Schema.optionalKey(Schema.Json),
  callId: Schema.optionalKey(CallId),
  /** All requests of a lower id have been answered. */
  settled: Schema.optionalKey(CallId)
})
/** An action is to be called. */
export type CallRequest = typeof CallRequest.Type

/** Batches up to this one were read. */
export const ReceivedRequest = Schema.Struct({
  batch: Schema.Int,
  settled: Schema.optionalKey(CallId),
  /** Requests nobody waits for any more, though they were pending when the session was asked for. */
  abandoned: Schema.optionalKey(Schema.Array(CallId))
})

/** What a client may ask. */
export class LiveProtocol extends RpcGroup.make(
  Rpc.make("Connect", { payload: ConnectRequest, success: LiveEvent, stream: true }),
  Rpc.make("Received", { payload: ReceivedRequest }),
  Rpc.make("Mount", { payload: MountRequest, success: Mounted, error: LiveError }),
  Rpc.make("Rehydrate", { payload: RehydrateRequest, success: Mounted, error: LiveError }),
  Rpc.make("Unmount", {
    payload: { componentId: ComponentId },
    /** The state as it was left, when there is one to come back to. */
    success: Schema.Struct({ token: Schema.optionalKey(Schema.String) }),
    error: LiveError
  }),
  /** Asks for the state, whole; it comes as a `Snapshot`. */
  Rpc.make("Resync", { payload: { componentId: ComponentId }, error: LiveError }),
  Rpc.make("Call", {
    payload: CallRequest,
    success: Schema.Json,
    error: Schema.Union([LiveError, ActionFailure])
  }),
  Rpc.make("Ping", { success: Schema.Struct({ time: Schema.Finite }) })
) {}
