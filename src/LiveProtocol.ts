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
import { LiveError } from "./LiveError.ts"
import { ComponentId } from "./LiveId.ts"
import { ActionFailure, CallId, Epoch, LiveEvent, Mounted, Pong, Revision, Unmounted } from "./ServerMessages.ts"
import { UploadCompleted, UploadStarted } from "./UploadAnswers.ts"

export * from "./ServerMessages.ts"
export * from "./UploadAnswers.ts"

/** Goes up with every change of the wire that older clients do not understand. */
export const protocolVersion = 3

/** The name that a client gives an upload: no other of its session has it, before or after. */
export const UploadId = Schema.String.check(Schema.isPattern(/^[\w-]{1,64}$/))

/** The name of a component. */
const Name = Schema.String.check(Schema.isMaxLength(256))

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
