/**
 * The open wire, whole: what a client in any language may ask, and what the server tells, as JSON objects in text frames. Each frame
 * is one object or an array of them. `docs/protocol` has the same as JSON Schema and AsyncAPI, made from here.
 *
 * `requestId` comes back in the reply, as it was given. `timestamp` is milliseconds since the epoch. What a client sends besides the
 * fields here is ignored. A reply to a request that failed keeps its type, with `success: false`, a sentence (`error`) and the tag of
 * the error (`code`); `failure` is an action's own error, as its contract encodes it.
 */
import * as Schema from "effect/Schema"

/** The largest text that names something. */
const Name = Schema.String.check(Schema.isMaxLength(4096))

/** Names a request; comes back in the reply. */
export const RequestId = Schema.Union([Name, Schema.Finite])
/** Names a request; comes back in the reply. */
export type RequestId = typeof RequestId.Type

const requestId = { requestId: Schema.optionalKey(RequestId) }

/** At least one of two names for the same field. */
const eitherOf =
  <A extends string, B extends string>(a: A, b: B) =>
  (value: { readonly [K in A | B]?: unknown }): string | undefined =>
    value[a] === undefined && value[b] === undefined ? `Expected "${a}" (or "${b}")` : undefined

const either = <A extends string, B extends string>(a: A, b: B) => Schema.makeFilter(eitherOf(a, b))

/** Private to the connection, or with a key the one instance that all share who give that key. */
export const ComponentMount = Schema.Struct({
  type: Schema.Literal("COMPONENT_MOUNT"),
  /** A name of the client's own, under which the reply comes. */
  componentId: Schema.optionalKey(Name),
  payload: Schema.Struct({
    component: Schema.optionalKey(Name),
    componentName: Schema.optionalKey(Name),
    props: Schema.optionalKey(Schema.Json),
    room: Schema.optionalKey(Schema.String),
    key: Schema.optionalKey(Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(256))),
    /** A label of an anonymous client. Nobody is who they say they are: nothing is decided by it. */
    userId: Schema.optionalKey(Name)
  }).check(either("component", "componentName")),
  ...requestId
}).annotate({ identifier: "COMPONENT_MOUNT" })

/** Lets go of a component. */
export const ComponentUnmount = Schema.Struct({
  type: Schema.Literal("COMPONENT_UNMOUNT"),
  componentId: Name,
  ...requestId
}).annotate({ identifier: "COMPONENT_UNMOUNT" })

/** Mounts a private component as it was when `signedState` was signed. */
export const ComponentRehydrate = Schema.Struct({
  type: Schema.Literal("COMPONENT_REHYDRATE"),
  componentId: Schema.optionalKey(Name),
  payload: Schema.Struct({
    component: Schema.optionalKey(Name),
    componentName: Schema.optionalKey(Name),
    signedState: Schema.String,
    room: Schema.optionalKey(Schema.String),
    userId: Schema.optionalKey(Name)
  }).check(either("componentName", "component")),
  ...requestId
}).annotate({ identifier: "COMPONENT_REHYDRATE" })

/** Calls an action. */
export const CallAction = Schema.Struct({
  type: Schema.Literal("CALL_ACTION"),
  componentId: Name,
  action: Name,
  payload: Schema.optionalKey(Schema.Json),
  /** Whether the answer comes as ACTION_RESPONSE, with or without a `requestId`. */
  expectResponse: Schema.optionalKey(Schema.Boolean),
  /** Names the call in its session: sent again, it does not run again, and is answered with what it answered. */
  callId: Schema.optionalKey(RequestId),
  ...requestId
}).annotate({ identifier: "CALL_ACTION" })

/** Sets a field of the state that the contract lists as writable. */
export const PropertyUpdate = Schema.Struct({
  type: Schema.Literal("PROPERTY_UPDATE"),
  componentId: Name,
  payload: Schema.optionalKey(Schema.Struct({ property: Name, value: Schema.Json })),
  property: Schema.optionalKey(Name),
  value: Schema.optionalKey(Schema.Json),
  ...requestId
})
  .check(
    Schema.makeFilter(({ payload, property, value }) =>
      payload === undefined && (property === undefined || value === undefined)
        ? `Expected "payload" with "property" and "value" (or both at the top level)`
        : undefined
    )
  )
  .annotate({ identifier: "PROPERTY_UPDATE" })

/** Asks whether a component is still mounted. */
export const ComponentPing = Schema.Struct({
  type: Schema.Literal("COMPONENT_PING"),
  componentId: Name,
  ...requestId
}).annotate({ identifier: "COMPONENT_PING" })

/** Begins an upload to a component. */
export const FileUploadStart = Schema.Struct({
  type: Schema.Literal("FILE_UPLOAD_START"),
  componentId: Name,
  uploadId: Schema.optionalKey(Name),
  filename: Schema.optionalKey(Name),
  fileName: Schema.optionalKey(Name),
  fileType: Schema.optionalKey(Name),
  mimeType: Schema.optionalKey(Name),
  /** Bytes. */
  fileSize: Schema.Natural,
  /** Bytes. */
  chunkSize: Schema.optionalKey(Schema.Natural),
  ...requestId
})
  .check(either("filename", "fileName"), either("fileType", "mimeType"))
  .annotate({ identifier: "FILE_UPLOAD_START" })

/** A part of a file, base64. */
export const FileUploadChunk = Schema.Struct({
  type: Schema.Literal("FILE_UPLOAD_CHUNK"),
  componentId: Name,
  uploadId: Name,
  chunkIndex: Schema.Natural,
  totalChunks: Schema.optionalKey(Schema.Natural),
  data: Schema.String,
  ...requestId
}).annotate({ identifier: "FILE_UPLOAD_CHUNK" })

/** All parts were sent. */
export const FileUploadComplete = Schema.Struct({
  type: Schema.Literal("FILE_UPLOAD_COMPLETE"),
  componentId: Name,
  uploadId: Name,
  ...requestId
}).annotate({ identifier: "FILE_UPLOAD_COMPLETE" })

/** The upload is given up. */
export const FileUploadCancel = Schema.Struct({
  type: Schema.Literal("FILE_UPLOAD_CANCEL"),
  componentId: Name,
  uploadId: Name,
  ...requestId
}).annotate({ identifier: "FILE_UPLOAD_CANCEL" })

/** What a client may send, by its type. */
export const clientMessages = {
  COMPONENT_MOUNT: ComponentMount,
  COMPONENT_UNMOUNT: ComponentUnmount,
  COMPONENT_REHYDRATE: ComponentRehydrate,
  CALL_ACTION: CallAction,
  PROPERTY_UPDATE: PropertyUpdate,
  COMPONENT_PING: ComponentPing,
  FILE_UPLOAD_START: FileUploadStart,
  FILE_UPLOAD_CHUNK: FileUploadChunk,
  FILE_UPLOAD_COMPLETE: FileUploadComplete,
  FILE_UPLOAD_CANCEL: FileUploadCancel
}

/** What a client may send. */
export type ClientMessage = (typeof clientMessages)[keyof typeof clientMessages]["Type"]

const timestamp = { timestamp: Schema.Finite }

/** Why something failed: a sentence, and the tag of the error. */
const failing = { error: Schema.optionalKey(Schema.String), code: Schema.optionalKey(Schema.String) }

/** How a request went. */
const reply = { success: Schema.Boolean, ...failing, ...requestId, ...timestamp }

const State = Schema.Record(Schema.String, Schema.Json)

/** Signed by the server, for COMPONENT_REHYDRATE; takes the place of the one before it. */
const signedState = { signedState: Schema.optionalKey(Schema.String) }

/** The first message of every connection. */
export const ConnectionEstablished = Schema.Struct({
  type: Schema.Literal("CONNECTION_ESTABLISHED"),
  connectionId: Schema.String,
  /** Names the session on the next connection, as `?sessionToken=`; only the latest is good. */
  sessionToken: Schema.String,
  /** Whether this is the session that was asked for. */
  resumed: Schema.Boolean,
  /** What this session has mounted; the state of each follows. */
  components: Schema.Array(Schema.String),
  /** Each is true only when it is. */
  features: Schema.Struct({
    compression: Schema.Boolean,
    encryption: Schema.Boolean,
    offlineQueue: Schema.Boolean,
    loadBalancing: Schema.Boolean
  }),
  ...timestamp
}).annotate({ identifier: "CONNECTION_ESTABLISHED" })

/** The answer to COMPONENT_MOUNT, under the name the client gave, if it gave one; `result.componentId` is the real one. */
export const ComponentMounted = Schema.Struct({
  type: Schema.Literal("COMPONENT_MOUNTED"),
  componentId: Schema.optionalKey(Schema.String),
  result: Schema.optionalKey(
    Schema.Struct({
      componentId: Schema.String,
      initialState: State,
      ...signedState,
      room: Schema.optionalKey(Schema.String),
      revision: Schema.Int
    })
  ),
  ...reply
}).annotate({ identifier: "COMPONENT_MOUNTED" })

/** The answer to COMPONENT_REHYDRATE. */
export const ComponentRehydrated = Schema.Struct({
  type: Schema.Literal("COMPONENT_REHYDRATED"),
  componentId: Schema.optionalKey(Schema.String),
  result: Schema.optionalKey(
    Schema.Struct({ newComponentId: Schema.String, state: State, ...signedState, revision: Schema.Int })
  ),
  ...reply
}).annotate({ identifier: "COMPONENT_REHYDRATED" })

/** The answer to COMPONENT_UNMOUNT. */
export const ComponentUnmounted = Schema.Struct({
  type: Schema.Literal("COMPONENT_UNMOUNTED"),
  componentId: Schema.String,
  ...reply
}).annotate({ identifier: "COMPONENT_UNMOUNTED" })

/** A component this connection has mounted for itself changed, or its state was signed. */
export const StateUpdate = Schema.Struct({
  type: Schema.Literal("STATE_UPDATE"),
  componentId: Schema.String,
  payload: Schema.Struct({ state: State, ...signedState }),
  revision: Schema.Int,
  ...timestamp
}).annotate({ identifier: "STATE_UPDATE" })

/** A shared component changed. */
export const ComponentUpdate = Schema.Struct({
  type: Schema.Literal("COMPONENT_UPDATE"),
  componentId: Schema.String,
  state: State,
  revision: Schema.Int,
  ...timestamp
}).annotate({ identifier: "COMPONENT_UPDATE" })

const outcome = {
  componentId: Schema.String,
  result: Schema.optionalKey(Schema.Json),
  failure: Schema.optionalKey(Schema.Json),
  ...reply
}

/** The answer to a CALL_ACTION with `expectResponse`. */
export const ActionResponse = Schema.Struct({ type: Schema.Literal("ACTION_RESPONSE"), ...outcome }).annotate({
  identifier: "ACTION_RESPONSE"
})

/** The answer to a CALL_ACTION with a `requestId` and without `expectResponse`. */
export const MessageResponse = Schema.Struct({
  type: Schema.Literal("MESSAGE_RESPONSE"),
  originalType: Schema.String,
  ...outcome
}).annotate({ identifier: "MESSAGE_RESPONSE" })

/** The answer to PROPERTY_UPDATE. */
export const PropertyUpdated = Schema.Struct({
  type: Schema.Literal("PROPERTY_UPDATED"),
  componentId: Schema.String,
  ...reply
}).annotate({ identifier: "PROPERTY_UPDATED" })

/** The answer to COMPONENT_PING. */
export const ComponentPong = Schema.Struct({
  type: Schema.Literal("COMPONENT_PONG"),
  componentId: Schema.String,
  ...reply
}).annotate({ identifier: "COMPONENT_PONG" })

/** An event, for one component that hears it; without `room` it was said to those who have mounted the component. */
export const Broadcast = Schema.Struct({
  type: Schema.Literal("BROADCAST"),
  componentId: Schema.String,
  room: Schema.optionalKey(Schema.String),
  event: Schema.String,
  payload: Schema.Json,
  ...timestamp
}).annotate({ identifier: "BROADCAST" })

/** A component entered another state of its life. */
export const ComponentStatus = Schema.Struct({
  type: Schema.Literal("COMPONENT_STATUS"),
  componentId: Schema.String,
  status: Schema.Literals(["restarting", "running", "faulted", "stopped"]),
  ...timestamp
}).annotate({ identifier: "COMPONENT_STATUS" })

/** The answer to FILE_UPLOAD_START. */
export const FileUploadStartResponse = Schema.Struct({
  type: Schema.Literal("FILE_UPLOAD_START_RESPONSE"),
  uploadId: Schema.optionalKey(Schema.String),
  chunkSize: Schema.optionalKey(Schema.Int),
  nextChunk: Schema.optionalKey(Schema.Int),
  ...reply
}).annotate({ identifier: "FILE_UPLOAD_START_RESPONSE" })

/** An upload failed. */
export const FileUploadError = Schema.Struct({
  type: Schema.Literal("FILE_UPLOAD_ERROR"),
  uploadId: Schema.String,
  error: Schema.String,
  code: Schema.String,
  ...requestId,
  ...timestamp
}).annotate({ identifier: "FILE_UPLOAD_ERROR" })

/** Something was not understood, or refused, that has no reply of its own; or something was lost. */
export const ErrorMessage = Schema.Struct({
  type: Schema.Literal("ERROR"),
  error: Schema.String,
  code: Schema.String,
  ...requestId,
  ...timestamp
}).annotate({ identifier: "ERROR" })

/** What the server may send, by its type. */
export const serverMessages = {
  CONNECTION_ESTABLISHED: ConnectionEstablished,
  COMPONENT_MOUNTED: ComponentMounted,
  COMPONENT_REHYDRATED: ComponentRehydrated,
  COMPONENT_UNMOUNTED: ComponentUnmounted,
  STATE_UPDATE: StateUpdate,
  COMPONENT_UPDATE: ComponentUpdate,
  ACTION_RESPONSE: ActionResponse,
  MESSAGE_RESPONSE: MessageResponse,
  PROPERTY_UPDATED: PropertyUpdated,
  COMPONENT_PONG: ComponentPong,
  BROADCAST: Broadcast,
  COMPONENT_STATUS: ComponentStatus,
  FILE_UPLOAD_START_RESPONSE: FileUploadStartResponse,
  FILE_UPLOAD_ERROR: FileUploadError,
  ERROR: ErrorMessage
}

/** What the server may send. */
export type ServerMessage = (typeof serverMessages)[keyof typeof serverMessages]["Type"]
