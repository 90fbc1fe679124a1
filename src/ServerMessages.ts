/** What a server sends on the RPC wire: its events, and its answers. A page reads these, and has no use for the schemas of its requests. */
import * as Schema from "effect/Schema"
import { ClientLimits } from "./ClientLimits.ts"
import { TokenRejected, UploadRejected } from "./LiveError.ts"
import { ComponentId, ConnectionId } from "./LiveId.ts"
import { Patch } from "./Patch.ts"

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

const EncodedState = Schema.Record(Schema.String, Schema.Json)

/** Counts the lives of an instance: it goes up when the instance is activated from a token or from the store. */
export const Epoch = Schema.Int
/** Counts the changes of an instance, through all its lives. */
export const Revision = Schema.Int

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

/** The answer to `Unmount`: the last state, for a component that can be rehydrated. */
export const Unmounted = Schema.Struct({ token: Schema.optionalKey(Schema.String) })

/** The answer to `Ping`: the time of the server, in milliseconds since the epoch. */
export const Pong = Schema.Struct({ time: Schema.Finite })
