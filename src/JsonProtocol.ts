/**
 * All messages of the JSON wire: what a client may send and what the server sends, as JSON objects in text frames. Each
 * frame is one object or an array of them. `docs/protocol` has the same as JSON Schema and AsyncAPI, made from this
 * file.
 *
 * `requestId` comes back in the reply, as it was given. `timestamp` is in milliseconds since the epoch. Fields that are
 * not listed here are ignored. The reply to a request that failed keeps its type and has `success: false`, a sentence
 * (`error`) and the tag of the error (`code`); `failure` is an action's own error, as its contract encodes it.
 */
import * as Schema from "effect/Schema"
import { ClientLimits } from "./ClientLimits.ts"

/** Any text that names something. Longer ones are refused. */
const Name = Schema.String.check(Schema.isMaxLength(4096))

/** A number that JavaScript reads exactly: a larger one would be taken for its neighbours. */
const Precise = Schema.Finite.check(
  Schema.isBetween({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER })
)

/** Names a request; comes back in the reply. */
export const RequestId = Schema.Union([Name, Precise]).annotate({
  description: "Names the request; comes back in the reply, as it was given."
})
/** Names a request; comes back in the reply. */
export type RequestId = typeof RequestId.Type

/** Names a call. */
const CallId = Schema.Union([Schema.String.check(Schema.isMaxLength(256)), Precise])

const requestId = { requestId: Schema.optionalKey(RequestId) }

const traceparent = {
  traceparent: Schema.optionalKey(
    Schema.String.check(Schema.isMaxLength(256)).annotate({
      description: "The span of the client, as W3C Trace Context has it. What is not valid is ignored."
    })
  )
}

/** At least one of two names of the same field. */
const eitherOf =
  <A extends string, B extends string>(a: A, b: B) =>
  (value: { readonly [K in A | B]?: unknown }): string | undefined =>
    value[a] === undefined && value[b] === undefined ? `Expected "${a}" (or "${b}")` : undefined

const either = <A extends string, B extends string>(a: A, b: B) =>
  Schema.makeFilter(eitherOf(a, b), { toJsonSchema: () => ({ anyOf: [{ required: [a] }, { required: [b] }] }) })

export const ComponentMount = Schema.Struct({
  type: Schema.Literal("COMPONENT_MOUNT"),
  componentId: Schema.optionalKey(
    Name.annotate({ description: "A name of the client's own, under which the reply comes." })
  ),
  payload: Schema.Struct({
    component: Schema.optionalKey(Name),
    componentName: Schema.optionalKey(Name),
    props: Schema.optionalKey(Schema.Unknown),
    room: Schema.optionalKey(Schema.String),
    key: Schema.optionalKey(
      Name.annotate({ description: "Of 1 to 256 characters; others are refused with KeyRejected." })
    ),
    userId: Schema.optionalKey(
      Schema.Unknown.annotate({
        description: "A label of an anonymous client. Nobody is who they say they are: nothing is decided by it."
      })
    )
  }).check(either("component", "componentName")),
  ...traceparent,
  ...requestId
}).annotate({
  identifier: "COMPONENT_MOUNT",
  description: "Private to the connection, or with a key the one instance that all share who give that key."
})

export const ComponentUnmount = Schema.Struct({
  type: Schema.Literal("COMPONENT_UNMOUNT"),
  componentId: Name,
  ...requestId
}).annotate({ identifier: "COMPONENT_UNMOUNT", description: "Lets go of a component." })

export const ComponentRehydrate = Schema.Struct({
  type: Schema.Literal("COMPONENT_REHYDRATE"),
  componentId: Schema.optionalKey(Name),
  payload: Schema.Struct({
    component: Schema.optionalKey(Name),
    componentName: Schema.optionalKey(Name),
    signedState: Schema.String,
    room: Schema.optionalKey(Schema.String),
    userId: Schema.optionalKey(Schema.Unknown)
  }).check(either("componentName", "component")),
  ...traceparent,
  ...requestId
}).annotate({
  identifier: "COMPONENT_REHYDRATE",
  description: "Mounts a private component as it was when `signedState` was signed."
})

export const CallAction = Schema.Struct({
  type: Schema.Literal("CALL_ACTION"),
  componentId: Name,
  action: Name,
  /** Any JSON; the contract of the component says which. */
  payload: Schema.optionalKey(Schema.Unknown),
  expectResponse: Schema.optionalKey(
    Schema.Boolean.annotate({
      description: "Whether the answer comes as ACTION_RESPONSE, with or without a `requestId`."
    })
  ),
  callId: Schema.optionalKey(
    CallId.annotate({
      description:
        "Names the call in its session: sent again, it does not run again, and is answered with what it answered."
    })
  ),
  ...traceparent,
  ...requestId
}).annotate({ identifier: "CALL_ACTION", description: "Calls an action." })

/** Where a property and its value may stand: both in `payload`, both beside it, or only the value in it. */
interface Setting {
  readonly payload?: Place
  readonly property?: string
  readonly value?: unknown
}

interface Place {
  readonly property?: string | undefined
  readonly value?: unknown
}

const isWhole = ({ property, value }: Place): boolean => property !== undefined && value !== undefined

/** The property to set and its value: those of one place, `payload` first, or what there is of both. */
export const settingOf = ({ payload = {}, property, value }: Setting): Place => {
  if (isWhole(payload)) return payload
  if (isWhole({ property, value })) return { property, value }
  return { property: payload.property ?? property, value: payload.value === undefined ? value : payload.value }
}

/** A part of a setting, in `payload` or beside it. */
const given = (field: "property" | "value") =>
  Schema.makeFilter(
    (message: Setting) =>
      settingOf(message)[field] === undefined
        ? `Expected "payload" with "${field}" (or "${field}" beside it)`
        : undefined,
    {
      toJsonSchema: () => ({
        anyOf: [{ required: ["payload"], properties: { payload: { required: [field] } } }, { required: [field] }]
      })
    }
  )

export const PropertyUpdate = Schema.Struct({
  type: Schema.Literal("PROPERTY_UPDATE"),
  componentId: Name,
  payload: Schema.optionalKey(
    Schema.Struct({ property: Schema.optionalKey(Name), value: Schema.optionalKey(Schema.Unknown) })
  ),
  property: Schema.optionalKey(Name),
  value: Schema.optionalKey(Schema.Unknown),
  ...traceparent,
  ...requestId
})
  .check(given("property"), given("value"))
  .annotate({
    identifier: "PROPERTY_UPDATE",
    description: "Sets a field of the state that the contract lists as writable."
  })

export const ComponentPing = Schema.Struct({
  type: Schema.Literal("COMPONENT_PING"),
  componentId: Name,
  ...requestId
}).annotate({ identifier: "COMPONENT_PING", description: "Asks whether a component is still mounted." })

/** A name of the client's own, under which it sends the parts. */
const UploadId = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(256)).annotate({
  description: "A name of the client's own; no other upload of its session has it."
})

export const FileUploadStart = Schema.Struct({
  type: Schema.Literal("FILE_UPLOAD_START"),
  componentId: Name.annotate({ description: 'May be "" when one component of the connection takes uploads.' }),
  uploadId: Schema.optionalKey(UploadId),
  upload: Schema.optionalKey(
    Name.annotate({ description: "The name of the upload in the contract; not needed when there is one." })
  ),
  filename: Schema.optionalKey(Name),
  fileName: Schema.optionalKey(Name),
  fileType: Schema.optionalKey(Name),
  mimeType: Schema.optionalKey(Name),
  fileSize: Schema.Natural.annotate({ description: "Bytes." }),
  chunkSize: Schema.optionalKey(Schema.Unknown.annotate({ description: "Not read: parts may have any size." })),
  ...traceparent,
  ...requestId
})
  .check(either("filename", "fileName"), either("fileType", "mimeType"))
  .annotate({ identifier: "FILE_UPLOAD_START", description: "Begins an upload to a component." })

export const FileUploadChunk = Schema.Struct({
  type: Schema.Literal("FILE_UPLOAD_CHUNK"),
  componentId: Name,
  uploadId: Name,
  chunkIndex: Schema.Natural.annotate({ description: "The first is 0." }),
  totalChunks: Schema.optionalKey(Schema.Unknown.annotate({ description: "Repeated in the answer, and not read." })),
  data: Schema.String.annotate({
    description: "Canonical base64; in a binary frame, which is a header and bytes, left out."
  }),
  ...requestId
}).annotate({ identifier: "FILE_UPLOAD_CHUNK", description: "A part of a file, base64." })

export const FileUploadComplete = Schema.Struct({
  type: Schema.Literal("FILE_UPLOAD_COMPLETE"),
  componentId: Name,
  uploadId: Name,
  ...requestId
}).annotate({ identifier: "FILE_UPLOAD_COMPLETE", description: "All parts were sent." })

export const FileUploadCancel = Schema.Struct({
  type: Schema.Literal("FILE_UPLOAD_CANCEL"),
  componentId: Name,
  uploadId: Name,
  ...requestId
}).annotate({ identifier: "FILE_UPLOAD_CANCEL", description: "The upload is given up." })

/** The messages of a client, by their types. */
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

/** A message of a client. */
export type ClientMessage = (typeof clientMessages)[keyof typeof clientMessages]["Type"]

const timestamp = { timestamp: Schema.Finite.annotate({ description: "Milliseconds since the epoch." }) }

const sentence = Schema.String.annotate({ description: "What went wrong, in a sentence." })
const tag = Schema.String.annotate({ description: "The tag of the error." })

const reason = {
  reason: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Json).annotate({
      description: "What the server refused, with its tag and its fields, where it has some that a program may want."
    })
  )
}

/** Why something failed. */
const failing = { error: Schema.optionalKey(sentence), code: Schema.optionalKey(tag), ...reason }

/** The result of a request. */
const reply = { success: Schema.Boolean, ...failing, ...requestId, ...timestamp }

const State = Schema.Record(Schema.String, Schema.Json)

const signedState = {
  signedState: Schema.optionalKey(
    Schema.String.annotate({
      description: "The state, signed by the server, for COMPONENT_REHYDRATE; takes the place of the one before it."
    })
  )
}

const revision = { revision: Schema.Int.annotate({ description: "Counts the changes of the component; may skip." }) }

export const ConnectionEstablished = Schema.Struct({
  type: Schema.Literal("CONNECTION_ESTABLISHED"),
  connectionId: Schema.String,
  sessionToken: Schema.String.annotate({
    description: "Names the session on the next connection, as `?sessionToken=`; only the latest is good."
  }),
  authenticated: Schema.Boolean.annotate({
    description: "Whether the server knows who this is; false for an anonymous client."
  }),
  resumed: Schema.Boolean.annotate({ description: "Whether this is the session that was asked for." }),
  components: Schema.Array(Schema.String).annotate({
    description: "What this session has mounted; the state of each follows."
  }),
  features: Schema.Struct({
    compression: Schema.Boolean,
    encryption: Schema.Boolean,
    offlineQueue: Schema.Boolean,
    loadBalancing: Schema.Boolean
  }).annotate({ description: "Each is true only when it is." }),
  limits: ClientLimits.annotate({
    description: "What this connection may send without being refused. What is absent has no limit."
  }),
  ...timestamp
}).annotate({ identifier: "CONNECTION_ESTABLISHED", description: "The first message of every connection." })

export const ComponentMounted = Schema.Struct({
  type: Schema.Literal("COMPONENT_MOUNTED"),
  componentId: Schema.optionalKey(Schema.String),
  result: Schema.optionalKey(
    Schema.Struct({
      componentId: Schema.String,
      initialState: State,
      ...signedState,
      room: Schema.optionalKey(Schema.String),
      ...revision
    })
  ),
  ...reply
}).annotate({
  identifier: "COMPONENT_MOUNTED",
  description:
    "The answer to COMPONENT_MOUNT, under the name the client gave, if it gave one; `result.componentId` is the real one."
})

export const ComponentRehydrated = Schema.Struct({
  type: Schema.Literal("COMPONENT_REHYDRATED"),
  componentId: Schema.optionalKey(Schema.String),
  result: Schema.optionalKey(
    Schema.Struct({ newComponentId: Schema.String, state: State, ...signedState, ...revision })
  ),
  ...reply
}).annotate({ identifier: "COMPONENT_REHYDRATED", description: "The answer to COMPONENT_REHYDRATE." })

export const ComponentUnmounted = Schema.Struct({
  type: Schema.Literal("COMPONENT_UNMOUNTED"),
  componentId: Schema.String,
  ...reply
}).annotate({ identifier: "COMPONENT_UNMOUNTED", description: "The answer to COMPONENT_UNMOUNT." })

export const StateUpdate = Schema.Struct({
  type: Schema.Literal("STATE_UPDATE"),
  componentId: Schema.String,
  payload: Schema.Struct({ state: State, ...signedState }),
  ...revision,
  ...timestamp
}).annotate({
  identifier: "STATE_UPDATE",
  description: "A component this connection has mounted for itself changed, or its state was signed."
})

export const ComponentUpdate = Schema.Struct({
  type: Schema.Literal("COMPONENT_UPDATE"),
  componentId: Schema.String,
  state: State,
  ...revision,
  ...timestamp
}).annotate({ identifier: "COMPONENT_UPDATE", description: "A shared component changed." })

const outcome = {
  componentId: Schema.String,
  result: Schema.optionalKey(Schema.Json),
  failure: Schema.optionalKey(
    Schema.Json.annotate({ description: "The action's own error, as its contract encodes it." })
  ),
  ...reply
}

export const ActionResponse = Schema.Struct({ type: Schema.Literal("ACTION_RESPONSE"), ...outcome }).annotate({
  identifier: "ACTION_RESPONSE",
  description: "The answer to a CALL_ACTION with `expectResponse`."
})

export const MessageResponse = Schema.Struct({
  type: Schema.Literal("MESSAGE_RESPONSE"),
  originalType: Schema.String,
  ...outcome
}).annotate({
  identifier: "MESSAGE_RESPONSE",
  description: "The answer to a CALL_ACTION with a `requestId` and without `expectResponse`."
})

export const PropertyUpdated = Schema.Struct({
  type: Schema.Literal("PROPERTY_UPDATED"),
  componentId: Schema.String,
  ...reply
}).annotate({ identifier: "PROPERTY_UPDATED", description: "The answer to PROPERTY_UPDATE." })

export const ComponentPong = Schema.Struct({
  type: Schema.Literal("COMPONENT_PONG"),
  componentId: Schema.String,
  ...reply
}).annotate({ identifier: "COMPONENT_PONG", description: "The answer to COMPONENT_PING." })

export const Broadcast = Schema.Struct({
  type: Schema.Literal("BROADCAST"),
  componentId: Schema.String,
  room: Schema.optionalKey(Schema.String),
  event: Schema.String,
  payload: Schema.Json,
  ...timestamp
}).annotate({
  identifier: "BROADCAST",
  description:
    "An event, for one component that hears it; without `room` it was said to those who have mounted the component."
})

export const ComponentStatus = Schema.Struct({
  type: Schema.Literal("COMPONENT_STATUS"),
  componentId: Schema.String,
  status: Schema.Literals(["restarting", "running", "faulted", "stopped"]),
  ...timestamp
}).annotate({ identifier: "COMPONENT_STATUS", description: "A component entered another state of its life." })

export const FileUploadStartResponse = Schema.Struct({
  type: Schema.Literal("FILE_UPLOAD_START_RESPONSE"),
  uploadId: Schema.optionalKey(Schema.String),
  chunkSize: Schema.optionalKey(Schema.Int.annotate({ description: "Bytes that are best sent at once." })),
  nextChunk: Schema.optionalKey(Schema.Int),
  bytesUploaded: Schema.optionalKey(Schema.Int.annotate({ description: "Bytes that are stored already." })),
  ...reply
}).annotate({ identifier: "FILE_UPLOAD_START_RESPONSE", description: "The answer to FILE_UPLOAD_START." })

export const FileUploadProgress = Schema.Struct({
  type: Schema.Literal("FILE_UPLOAD_PROGRESS"),
  uploadId: Schema.String,
  chunkIndex: Schema.Int,
  totalChunks: Schema.optionalKey(Schema.Json),
  bytesUploaded: Schema.Int,
  totalBytes: Schema.Int,
  progress: Schema.Finite.annotate({ description: "Percent." }),
  success: Schema.Literal(true),
  ...requestId,
  ...timestamp
}).annotate({
  identifier: "FILE_UPLOAD_PROGRESS",
  description: "The answer to FILE_UPLOAD_CHUNK: this part, and all before it, are stored."
})

export const FileUploadCompleted = Schema.Struct({
  type: Schema.Literal("FILE_UPLOAD_COMPLETE"),
  uploadId: Schema.String,
  success: Schema.Literal(true),
  filename: Schema.String.annotate({ description: "What the client calls it." }),
  fileUrl: Schema.String.annotate({ description: "Where the server serves it: a path." }),
  size: Schema.Int,
  mimeType: Schema.String.annotate({ description: "The type of its content." }),
  sha256: Schema.String.annotate({ description: "Of its content, in hexadecimal digits." }),
  ...requestId,
  ...timestamp
}).annotate({
  identifier: "FILE_UPLOAD_COMPLETE_RESPONSE",
  description: "The answer to FILE_UPLOAD_COMPLETE: the file is stored, and the component has taken it."
})

export const FileUploadError = Schema.Struct({
  type: Schema.Literal("FILE_UPLOAD_ERROR"),
  uploadId: Schema.String,
  success: Schema.Literal(false),
  nextChunk: Schema.optionalKey(
    Schema.Int.annotate({ description: "The part that is expected, when another one came." })
  ),
  error: sentence,
  code: tag,
  ...reason,
  ...requestId,
  ...timestamp
}).annotate({ identifier: "FILE_UPLOAD_ERROR", description: "An upload failed." })

export const ErrorMessage = Schema.Struct({
  type: Schema.Literal("ERROR"),
  success: Schema.optionalKey(Schema.Literal(false).annotate({ description: "There when `requestId` is." })),
  error: sentence,
  code: tag,
  ...reason,
  ...requestId,
  ...timestamp
}).annotate({
  identifier: "ERROR",
  description: "Something was not understood, or refused, that has no reply of its own; or something was lost."
})

/** The messages of the server, by their types. */
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
  FILE_UPLOAD_PROGRESS: FileUploadProgress,
  FILE_UPLOAD_COMPLETE: FileUploadCompleted,
  FILE_UPLOAD_ERROR: FileUploadError,
  ERROR: ErrorMessage
}

/** A message of the server. */
export type ServerMessage = (typeof serverMessages)[keyof typeof serverMessages]["Type"]
