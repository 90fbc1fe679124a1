/**
 * All messages of the RPC wire: what a client may request and what the server sends. Any `RpcClient` of this group can
 * speak it.
 *
 * A client sends `Connect` first and reads its stream for as long as the socket lives: every chunk is one batch of
 * events, in order. It acknowledges at least every fourth batch with `Received` (or each with the stream's own `Ack`).
 * When it does not, the server stops sending state once the window is full, and merges what follows into one change.
 *
 * A session outlives its sockets. The next `Connect` carries the session token, how far each component and room was
 * read, and which requests have no answer yet. The client then gets what it missed, and may send those requests again
 * under the same `callId`.
 *
 * An event of a room is the same text for all its members, so it names the room and not the components. `Joined` and
 * `Left` tell a client which of its components are in which rooms, and from and up to which event.
 */
import * as Rpc from "effect/rpc/Rpc"
import * as RpcGroup from "effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"
import { ClientLimits } from "./ClientLimits.ts"
import { LiveError, TokenRejected, UploadRejected } from "./LiveError.ts"
import { ComponentId, ConnectionId } from "./LiveId.ts"
import { Patch } from "./Patch.ts"

/** Goes up with every change of the wire that older clients do not understand. */
export const protocolVersion = 3

/** The status of a component instance. */
export const InstanceStatus = Schema.Literals(["running", "restarting", "faulted", "stopped"])
/** The status of a component instance. */
export type InstanceStatus = typeof InstanceStatus.Type

/**
 * A client acknowledges at least once per this many batches, so a server must not wait for an acknowledgement of fewer.
 */
export const batchesPerAcknowledgement = 4

/** Why a server closed a connection, besides the codes of WebSocket itself. */
export const CloseCode = {
  /** The session was resumed on another connection; the client must not connect again. */
  resumedElsewhere: 4001,
  /** The principal was signed out; its session and its tokens are gone. */
  signedOut: 4003
} as const

/** The name of a component. */
const Name = Schema.String.check(Schema.isMaxLength(256))

const EncodedState = Schema.Record(Schema.String, Schema.Json)

/** Counts the lives of an instance: it goes up when the instance is activated from a token or from the store. */
const Epoch = Schema.Int
/** Counts the changes of an instance, through all its lives. */
const Revision = Schema.Int

/** Names a request within its session, so that sending it twice runs it once. An id is not used for another request. */
export const CallId = Schema.Natural
/** Names a request within its session, so that sending it twice runs it once. An id is not used for another request. */
export type CallId = typeof CallId.Type

/** The first event of a connection. */
export const ConnectionEstablished = Schema.TaggedStruct("ConnectionEstablished", {
  /**
   * Names the client to others: in presence, and in the changes it caused. It stays the same when the session is
   * resumed.
   */
  connectionId: ConnectionId,
  /** Names the session on the next connection. Only the latest token is valid. */
  sessionToken: Schema.String,
  protocolVersion: Schema.Int,
  /** Whether this is the session that the client asked for. */
  resumed: Schema.Boolean,
  /** Why it is not. */
  rejected: Schema.optionalKey(TokenRejected),
  /** The components that are still mounted, of those that the client named. */
  components: Schema.Array(ComponentId),
  /** How long a state token is valid, in milliseconds. */
  tokenAge: Schema.Finite,
  /** What this connection may send without being refused. */
  limits: Schema.optionalKey(ClientLimits)
})
/** The first event of a connection. */
export type ConnectionEstablished = typeof ConnectionEstablished.Type

/** A call of a client, as other clients may know of it. */
export const CallReference = Schema.Struct({ connectionId: ConnectionId, callId: CallId })
/** A call of a client, as other clients may know of it. */
export type CallReference = typeof CallReference.Type

/** The state changed. The patch applies to revision `from`, or without it to the revision before. */
export const Patched = Schema.TaggedStruct("Patched", {
  componentId: ComponentId,
  epoch: Epoch,
  revision: Revision,
  from: Schema.optionalKey(Revision),
  patch: Patch,
  /** The calls of optimistic actions that caused this change: their clients can drop what they had guessed. */
  by: Schema.optionalKey(Schema.Array(CallReference))
})

/** The whole state; it replaces whatever the client had. */
export const Snapshot = Schema.TaggedStruct("Snapshot", {
  componentId: ComponentId,
  epoch: Epoch,
  revision: Revision,
  state: EncodedState
})

/**
 * Where an event was broadcast: in a room, or to the clients that have mounted an instance that is in none. Exactly one
 * of the two is set.
 */
const audience = { componentId: Schema.optionalKey(ComponentId), room: Schema.optionalKey(Schema.String) }

/** An event of a contract. `index` counts the events of one room or instance. */
export const Broadcast = Schema.TaggedStruct("Event", {
  ...audience,
  index: Schema.Int,
  event: Schema.String,
  payload: Schema.Json
})

/** The client was too slow: `count` events up to the one of this index are lost to it. */
export const EventsDropped = Schema.TaggedStruct("EventsDropped", {
  ...audience,
  index: Schema.Int,
  count: Schema.Int
})

/** A component of this client is in a room: events after this index are for it. */
export const Joined = Schema.TaggedStruct("Joined", {
  componentId: ComponentId,
  room: Schema.String,
  index: Schema.Int,
  /** The rooms of a component may be told in any order; the one it joined first has the lowest turn. */
  turn: Schema.Int
})

/** A component of this client has left a room: events after this index are not for it. */
export const Left = Schema.TaggedStruct("Left", { componentId: ComponentId, room: Schema.String, index: Schema.Int })

/** The status of the instance changed. */
export const StatusChanged = Schema.TaggedStruct("Status", { componentId: ComponentId, status: InstanceStatus })

/**
 * A newer token, which replaces the one before: of the state of a private instance, for `Rehydrate`; or of what is
 * tracked of this client in a shared one, for `Mount`.
 */
export const Sealed = Schema.TaggedStruct("Sealed", { componentId: ComponentId, token: Schema.String })

/** The name that a client gives an upload: no other of its session has it, before or after. */
export const UploadId = Schema.String.check(Schema.isPattern(/^[\w-]{1,64}$/))

/** All bytes of an upload below this offset are stored. */
export const UploadReceived = Schema.TaggedStruct("UploadReceived", {
  uploadId: Schema.String,
  received: Schema.Natural
})

/** The server has ended an upload, or there is none of that id. */
export const UploadFailed = Schema.TaggedStruct("UploadFailed", { uploadId: Schema.String, reason: UploadRejected })

/** The server is about to end: connect again at a random time within so many milliseconds. */
export const ServerDraining = Schema.TaggedStruct("Draining", { within: Schema.Finite })

/** What the server sends on the stream of `Connect`. */
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
  UploadReceived,
  UploadFailed,
  ServerDraining
])
/** What the server sends on the stream of `Connect`. */
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

/** How far a client has read a component: its last change and its last event, 0 for none. */
export const ResumePoint = Schema.Struct({
  componentId: ComponentId,
  epoch: Epoch,
  revision: Revision,
  index: Schema.Natural
})
/** How far a client has read a component: its last change and its last event, 0 for none. */
export type ResumePoint = typeof ResumePoint.Type

/** How far a client has read a room: its last event. */
export const RoomResumePoint = Schema.Struct({ room: Schema.String, index: Schema.Natural })
/** How far a client has read a room: its last event. */
export type RoomResumePoint = typeof RoomResumePoint.Type

/** Asks for a session: how far the client has read, and the requests it waits for. */
export const ResumeRequest = Schema.Struct({
  sessionToken: Schema.String,
  /** One for each mount. A component that is not listed is unmounted. */
  components: Schema.Array(ResumePoint),
  /** A room that is not listed is sent from where the component joined it. */
  rooms: Schema.optionalKey(Schema.Array(RoomResumePoint)),
  /** Presence lists. One that is not listed is sent whole. */
  presence: Schema.optionalKey(Schema.Array(ResumePoint)),
  /** Mounts and calls without an answer. All others are settled, and a call that nobody waits for is interrupted. */
  pending: Schema.Array(CallId)
})
/** Asks for a session: how far the client has read, and the requests it waits for. */
export type ResumeRequest = typeof ResumeRequest.Type

/** The first request of a connection. */
export const ConnectRequest = Schema.Struct({
  resume: Schema.optionalKey(ResumeRequest),
  /** Whether the server may send long messages in parts, as `MessageParts` says. */
  parts: Schema.optionalKey(Schema.Boolean),
  /**
   * Whether calls run in the order of their ids: after one that is refused with `RateLimited` all later ones are, until
   * it is sent again, settled or abandoned.
   */
  inOrder: Schema.optionalKey(Schema.Boolean)
})
/** The first request of a connection. */
export type ConnectRequest = typeof ConnectRequest.Type

/**
 * The id under which a presence list is sent, as `Snapshot` and `Patched`: the list of a component in a room, or of an
 * instance that is in none.
 */
export const presenceId = (
  component: string,
  place: { readonly room: string } | { readonly componentId: string }
): ComponentId => ComponentId.make("room" in place ? `@${component} ${place.room}` : `@${place.componentId}`)

/** Whether this is the id of a presence list. */
export const isPresenceId = (id: string): id is ComponentId => id.startsWith("@")

/** The answer to a mount. */
export const Mounted = Schema.Struct({
  componentId: ComponentId,
  epoch: Epoch,
  revision: Revision,
  /** The index of the last event that was broadcast to the clients that have mounted it. */
  index: Schema.Natural,
  state: EncodedState,
  status: InstanceStatus
})
/** The answer to a mount. */
export type Mounted = typeof Mounted.Type

const component = {
  component: Name,
  /** The version of the client's contract. Another one than the server's is refused. */
  version: Schema.optionalKey(Schema.Int),
  props: Schema.Json,
  /** The room to mount it in; only for a private instance. */
  room: Schema.optionalKey(Schema.String),
  callId: Schema.optionalKey(CallId)
}

/** Mounts a component: a private instance, or with a key the one that everyone shares who gives that key. */
export const MountRequest = Schema.Struct({
  ...component,
  /** Of 1 to 256 characters: others are refused with `KeyRejected`. */
  key: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(4096))),
  /**
   * Of a private instance: whether to send its first token at once, and not within the token interval. Of a shared one:
   * whether to send tokens of the presence metadata that is tracked of this client.
   */
  seal: Schema.optionalKey(Schema.Boolean),
  /** The newest token of a shared instance, so that what was tracked of this client survives its session. */
  presence: Schema.optionalKey(Schema.String)
})
/** Mounts a component: a private instance, or with a key the one that everyone shares who gives that key. */
export type MountRequest = typeof MountRequest.Type

/** Mounts a private instance as it was when the token was sealed. */
export const RehydrateRequest = Schema.Struct({ ...component, token: Schema.String })
/** Mounts a private instance as it was when the token was sealed. */
export type RehydrateRequest = typeof RehydrateRequest.Type

/** Calls an action. */
export const CallRequest = Schema.Struct({
  componentId: ComponentId.check(Schema.isMaxLength(4096)),
  action: Schema.String.check(Schema.isMaxLength(4096)),
  payload: Schema.optionalKey(Schema.Json),
  callId: Schema.optionalKey(CallId),
  /** All requests with a lower id have been answered. */
  settled: Schema.optionalKey(CallId)
})
/** Calls an action. */
export type CallRequest = typeof CallRequest.Type

/** Acknowledges the batches up to this one. */
export const ReceivedRequest = Schema.Struct({
  batch: Schema.Int,
  settled: Schema.optionalKey(CallId),
  /** Requests that nobody waits for any more, though `Connect` listed them as pending. */
  abandoned: Schema.optionalKey(Schema.Array(CallId))
})

/**
 * Starts an upload, or goes on with the one of this id or of this token: after a reconnect, and after a restart of the
 * server. Then all fields but `componentId` and `token` are as they were.
 */
export const UploadStartRequest = Schema.Struct({
  componentId: ComponentId.check(Schema.isMaxLength(4096)),
  /** The name of the upload in the contract. */
  upload: Name,
  uploadId: UploadId,
  name: Schema.String.check(Schema.isMaxLength(4096)),
  /** Its MIME type; empty when it is not known. */
  type: Name,
  /** Bytes. */
  size: Schema.Natural,
  /** The token of the answer before. */
  token: Schema.optionalKey(Name)
})
/** Starts an upload, or goes on with one. */
export type UploadStartRequest = typeof UploadStartRequest.Type

/** The answer: bytes follow as binary frames, beginning at `received`. */
export const UploadStarted = Schema.Struct({
  uploadId: Schema.String,
  /** Names the upload when its session is gone. Secret. */
  token: Schema.String,
  /** Bytes that should be sent at once. */
  chunkSize: Schema.Int,
  /** Bytes that may be sent and not acknowledged by `UploadReceived`. */
  window: Schema.Int,
  /** Bytes that need not be sent. */
  received: Schema.Natural
})
/** The answer: bytes follow as binary frames, beginning at `received`. */
export type UploadStarted = typeof UploadStarted.Type

/** A file that has arrived whole, and was taken. */
export const UploadCompleted = Schema.Struct({
  uploadId: Schema.String,
  /** What the client calls it. */
  name: Schema.String,
  /** Where the server serves it: a path. */
  url: Schema.String,
  /** Bytes. */
  size: Schema.Natural,
  /** The MIME type of its content. */
  type: Schema.String,
  /** In hexadecimal digits. */
  sha256: Schema.String
})
/** A file that has arrived whole, and was taken. */
export type UploadCompleted = typeof UploadCompleted.Type

/**
 * The header of a binary frame, which is `[uint32, little endian: bytes of the header][the header as JSON][bytes of the
 * file]`.
 */
export const UploadChunkHeader = Schema.Struct({
  uploadId: UploadId,
  /** Where these bytes belong in the file. */
  offset: Schema.Natural
})
/** The header of a binary frame. */
export type UploadChunkHeader = typeof UploadChunkHeader.Type

/** The answer to `Unmount`: the last state, for a component that can be rehydrated. */
export const Unmounted = Schema.Struct({ token: Schema.optionalKey(Schema.String) })

/** The answer to `Ping`: the time of the server, in milliseconds since the epoch. */
export const Pong = Schema.Struct({ time: Schema.Finite })

/** What a client may request. */
export class LiveProtocol extends RpcGroup.make(
  Rpc.make("Connect", { payload: ConnectRequest, success: LiveEvent, stream: true }),
  Rpc.make("Received", { payload: ReceivedRequest }),
  Rpc.make("Mount", { payload: MountRequest, success: Mounted, error: LiveError }),
  Rpc.make("Rehydrate", { payload: RehydrateRequest, success: Mounted, error: LiveError }),
  Rpc.make("Unmount", {
    payload: { componentId: ComponentId },
    success: Unmounted,
    error: LiveError
  }),
  /** Asks for the whole state, which is sent as a `Snapshot`. */
  Rpc.make("Resync", { payload: { componentId: ComponentId }, error: LiveError }),
  Rpc.make("Call", {
    payload: CallRequest,
    success: Schema.Json,
    error: Schema.Union([LiveError, ActionFailure])
  }),
  Rpc.make("UploadStart", { payload: UploadStartRequest, success: UploadStarted, error: LiveError }),
  /** All bytes were sent. Answered when they are stored and checked, and the behaviour has taken the file. */
  Rpc.make("UploadComplete", { payload: { uploadId: UploadId }, success: UploadCompleted, error: LiveError }),
  Rpc.make("UploadCancel", { payload: { uploadId: UploadId }, error: LiveError }),
  Rpc.make("Ping", { success: Pong })
) {}
