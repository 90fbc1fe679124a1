/**
 * The RPC wire, whole: what a client may ask and what the server tells. Any Effect `RpcClient` of this group can speak it.
 *
 * A client opens `Connect` first and reads it for as long as the socket lives: every chunk of that stream is one batch of
 * events, in order. It acknowledges every fourth batch or more often with `Received` (or each with the stream's own `Ack`); when
 * it does not, the server sends no more state than the window holds and merges what follows into one change.
 *
 * A session outlives its sockets. The next `Connect` names it with its token, says how far every component and room was read and
 * which requests have no answer yet; it gets what it missed, and may send those requests again under the same `callId`.
 *
 * What is said in a room is the same text for all who are in it, so it names the room and not the components: a client is told
 * with `Joined` and `Left` which of its components are in which rooms, and from and up to which event.
 */
import * as Rpc from "effect/rpc/Rpc"
import * as RpcGroup from "effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"
import { LiveError, TokenRejected } from "./LiveError.ts"
import { ComponentId, ConnectionId } from "./LiveId.ts"
import { Patch } from "./Patch.ts"

/** Goes up with every change of the wire that an older client does not understand. */
export const protocolVersion = 3

/** Where a component instance is in its life. */
export const InstanceStatus = Schema.Literals(["running", "restarting", "faulted", "stopped"])
/** Where a component instance is in its life. */
export type InstanceStatus = typeof InstanceStatus.Type

/** A client acknowledges at least every so many batches; a server may wait for that, but for no more. */
export const batchesPerAcknowledgement = 4

/** Why a server has closed a connection, where it is not one of the codes of WebSocket itself. */
export const CloseCode = {
  /** The session was resumed on another connection: this one is not to be made again. */
  resumedElsewhere: 4001,
  /** The principal was signed out: its session and what it has sealed are gone. */
  signedOut: 4003
} as const

/** The name of a component, or a key. */
const Name = Schema.String.check(Schema.isMaxLength(256))

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
  /** Names the client to others: in presence, and in the changes it caused. The same as before when it was resumed. */
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

/** A call of a client, as others may know of it. */
export const CallReference = Schema.Struct({ connectionId: ConnectionId, callId: CallId })
/** A call of a client, as others may know of it. */
export type CallReference = typeof CallReference.Type

/** The state changed; the patch applies to the state of revision `from`, which is the one before unless it is said. */
export const Patched = Schema.TaggedStruct("Patched", {
  componentId: ComponentId,
  epoch: Epoch,
  revision: Revision,
  from: Schema.optionalKey(Revision),
  patch: Patch,
  /** The calls of actions with a reducer that this change comes from: whoever has made them needs to guess no longer. */
  by: Schema.optionalKey(Schema.Array(CallReference))
})

/** The state, whole; it takes the place of whatever the client had. */
export const Snapshot = Schema.TaggedStruct("Snapshot", {
  componentId: ComponentId,
  epoch: Epoch,
  revision: Revision,
  state: EncodedState
})

/** Where an event was said: in a room, or to those who have mounted a component that is in none. One of the two is there. */
const audience = { componentId: Schema.optionalKey(ComponentId), room: Schema.optionalKey(Schema.String) }

/** An event of a contract; `index` counts those said in one place. */
export const Broadcast = Schema.TaggedStruct("Event", {
  ...audience,
  index: Schema.Int,
  event: Schema.String,
  payload: Schema.Json
})

/** The client read too slowly, and `count` events up to the one of this index are lost to it. */
export const EventsDropped = Schema.TaggedStruct("EventsDropped", {
  ...audience,
  index: Schema.Int,
  count: Schema.Int
})

/** A component of this client is in a room: what is said there after the event of this index is for it. */
export const Joined = Schema.TaggedStruct("Joined", {
  componentId: ComponentId,
  room: Schema.String,
  index: Schema.Int,
  /** The rooms of a component are told in any order; the one it joined first has the lowest. */
  turn: Schema.Int
})

/** A component of this client is in a room no more: what is said there after the event of this index is not for it. */
export const Left = Schema.TaggedStruct("Left", { componentId: ComponentId, room: Schema.String, index: Schema.Int })

/** The instance entered another state of its life. */
export const StatusChanged = Schema.TaggedStruct("Status", { componentId: ComponentId, status: InstanceStatus })

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
  EventsDropped,
  Joined,
  Left,
  StatusChanged,
  Sealed,
  ServerDraining
])
/** What the server tells. */
export type LiveEvent = typeof LiveEvent.Type

/**
 * The action answered with its own typed error, encoded by the contract.
 *
 * Goes to RPC clients in any language; fibra's client decodes it and fails with the typed error itself.
 */
export class ActionFailure extends Schema.TaggedError<ActionFailure>()("ActionFailure", { failure: Schema.Json }) {
  override get message(): string {
    return "The action failed with an error of its own."
  }

  get hint(): string {
    return "Decode `failure` by the error schema of the action."
  }
}

/** How far a client has read a component: the last change and the last event it was told, 0 for none. */
export const ResumePoint = Schema.Struct({
  componentId: ComponentId,
  epoch: Epoch,
  revision: Revision,
  index: Schema.Natural
})
/** How far a client has read a component: the last change and the last event it was told, 0 for none. */
export type ResumePoint = typeof ResumePoint.Type

/** How far a client has read a room: the last event it was told. */
export const RoomResumePoint = Schema.Struct({ room: Schema.String, index: Schema.Natural })
/** How far a client has read a room: the last event it was told. */
export type RoomResumePoint = typeof RoomResumePoint.Type

/** A session is to be resumed: what the client has of it, and the requests it waits for. */
export const ResumeRequest = Schema.Struct({
  sessionToken: Schema.String,
  /** One for each mount; a component that is not named is unmounted. */
  components: Schema.Array(ResumePoint),
  /** A room that is not named is read from where the component joined it. */
  rooms: Schema.optionalKey(Schema.Array(RoomResumePoint)),
  /** Lists of who is there; one that is not named comes whole. */
  presence: Schema.optionalKey(Schema.Array(ResumePoint)),
  /** Mounts and calls without an answer; the others are settled, and a call that runs for nobody is interrupted. */
  pending: Schema.Array(CallId)
})
/** A session is to be resumed: what the client has of it, and the requests it waits for. */
export type ResumeRequest = typeof ResumeRequest.Type

/** The first request of a connection. */
export const ConnectRequest = Schema.Struct({ resume: Schema.optionalKey(ResumeRequest) })
/** The first request of a connection. */
export type ConnectRequest = typeof ConnectRequest.Type

/**
 * Under which id the list of who is there comes, as `Snapshot` and `Patched`: those with this component in a room, or those who have
 * mounted a component that is in none.
 */
export const presenceId = (
  component: string,
  place: { readonly room: string } | { readonly componentId: string }
): ComponentId => ComponentId.make("room" in place ? `@${component} ${place.room}` : `@${place.componentId}`)

/** Whether this is the id of a list of who is there. */
export const isPresenceId = (id: string): id is ComponentId => id.startsWith("@")

/** The answer to a mount. */
export const Mounted = Schema.Struct({
  componentId: ComponentId,
  epoch: Epoch,
  revision: Revision,
  /** Events so far that were said to those who have mounted it. */
  index: Schema.Natural,
  state: EncodedState,
  status: InstanceStatus
})
/** The answer to a mount. */
export type Mounted = typeof Mounted.Type

const component = {
  component: Name,
  /** The version of the client's contract; another one than the server's is refused. */
  version: Schema.optionalKey(Schema.Int),
  props: Schema.Json,
  /** The room it is to be in; only a private instance can be put into one. */
  room: Schema.optionalKey(Schema.String),
  callId: Schema.optionalKey(CallId)
}

/** A component is to be mounted: a private instance, or with a key the one all share who give that key. */
export const MountRequest = Schema.Struct({
  ...component,
  key: Schema.optionalKey(Name.check(Schema.isMinLength(1))),
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
