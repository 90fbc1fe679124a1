/**
 * What fibra itself refuses, as one error with a tagged reason. An action's own errors are not here: they are part of its
 * contract and arrive typed as they were declared. Each `message` is a sentence that may be shown to people; each `hint` says
 * to developers what to do. docs/errors.md is made from this file, which is long because it is one list.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as ConnectionFailure from "./ConnectionFailure.ts"
import { inline, quote } from "./ErrorText.ts"

/**
 * The server does not list a component of that name.
 *
 * Goes to the client that mounts.
 */
export class UnknownComponent extends Schema.TaggedError<UnknownComponent>()("UnknownComponent", {
  component: Schema.String
}) {
  override get message(): string {
    return `${quote(this.component)} is not available on this server.`
  }

  get hint(): string {
    return "List the component in `components` of the server, or correct its name."
  }
}

/**
 * The props do not fit the component's schema; both sides check them.
 *
 * Goes to the client that mounts.
 */
export class PropsRejected extends Schema.TaggedError<PropsRejected>()("PropsRejected", {
  component: Schema.String,
  /** Where they do not fit, and why. */
  issue: Schema.String
}) {
  override get message(): string {
    return `${quote(this.component)} cannot be opened like this: ${inline(this.issue)}.`
  }

  get hint(): string {
    return "Mount it with exactly the fields of its props schema. `issue` says which does not fit."
  }
}

/**
 * A payload does not fit its schema: of an action, an event, presence metadata or a request of the protocol itself.
 *
 * Goes to the client that calls or sets a field, and to the behaviour that calls `broadcast` or `track`.
 */
export class PayloadRejected extends Schema.TaggedError<PayloadRejected>()("PayloadRejected", {
  /** The action, the event, or the request. */
  action: Schema.String,
  /** Where it does not fit, and why. */
  issue: Schema.String
}) {
  override get message(): string {
    return `${quote(this.action)} was not accepted: ${inline(this.issue)}.`
  }

  get hint(): string {
    return "Send what the schema says, and no other fields. `issue` says what does not fit."
  }
}

/**
 * The key is empty or too long, does not fit the contract, or the component is mounted without one or only with one.
 *
 * Goes to the client that mounts.
 */
export class KeyRejected extends Schema.TaggedError<KeyRejected>()("KeyRejected", {
  component: Schema.String,
  /** The key, or the beginning of it; undefined when there was none. */
  key: Schema.optionalKey(Schema.String),
  /** What is wrong with it, as the end of a sentence. */
  issue: Schema.String
}) {
  override get message(): string {
    return this.key === undefined
      ? `${quote(this.component)} cannot be opened without a key: ${inline(this.issue)}.`
      : `The key ${quote(this.key)} of ${quote(this.component)} cannot be used: ${inline(this.issue)}.`
  }

  get hint(): string {
    return "Mount it with a `key` of 1 to 256 characters that fits the contract when its `placement` is shared, and without one when it is private."
  }
}

/**
 * The component has no such action.
 *
 * Goes to the client that calls.
 */
export class UnknownAction extends Schema.TaggedError<UnknownAction>()("UnknownAction", {
  component: Schema.String,
  action: Schema.String
}) {
  override get message(): string {
    return `${quote(this.component)} has no action ${quote(this.action)}.`
  }

  get hint(): string {
    return "Check the name, and that client and server run the same version of the contract."
  }
}

/**
 * This connection has not mounted an instance of that id, or has unmounted it. Nothing ran, whoever may do what.
 *
 * Goes to the client that calls, sets a field, uploads or unmounts.
 */
export class NotMounted extends Schema.TaggedError<NotMounted>()("NotMounted", {
  /** What was asked, as the subject of a sentence: `Calling "Reset" on "Counter-1"`. */
  what: Schema.String
}) {
  override get message(): string {
    return `${inline(this.what)} is not possible: this connection has not mounted it.`
  }

  get hint(): string {
    return "Mount or rehydrate the instance on this connection first, and use the id that comes back."
  }
}

/**
 * Authorization does not grant what was asked for, or the contract does not list the field as writable.
 *
 * Goes to the client that mounts, calls, sets a field or uploads, and to the behaviour that calls `join`.
 */
export class NotAllowed extends Schema.TaggedError<NotAllowed>()("NotAllowed", {
  /** What was asked, as the subject of a sentence: `Mounting "Board"`. */
  what: Schema.String
}) {
  override get message(): string {
    return `${inline(this.what)} is not allowed.`
  }

  get hint(): string {
    return "Grant the right in Authorization; for a field, list it as writable in the contract."
  }
}

/**
 * The room has no valid name, or a shared instance was to be mounted in it.
 *
 * Goes to the client that mounts with `room`, and to the behaviour that calls `join`.
 */
export class RoomRejected extends Schema.TaggedError<RoomRejected>()("RoomRejected", {
  /** Its name, or the beginning of it. */
  room: Schema.String,
  issue: Schema.String
}) {
  override get message(): string {
    return `The room ${quote(this.room)} cannot be used: ${inline(this.issue)}.`
  }

  get hint(): string {
    return "Use a name of 1 to 128 visible characters. The behaviour of a shared instance may `join`; a client cannot choose its room."
  }
}

/**
 * The instance is not in the room it broadcasts to.
 *
 * Goes to the behaviour that calls `broadcast` with `room`.
 */
export class NotInRoom extends Schema.TaggedError<NotInRoom>()("NotInRoom", {
  component: Schema.String,
  /** Its name, or the beginning of it. */
  room: Schema.String
}) {
  override get message(): string {
    return `This instance of ${quote(this.component)} is not in the room ${quote(this.room)}.`
  }

  get hint(): string {
    return "Call `join` first, or let the client mount with `room`."
  }
}

/**
 * The instance, or all instances of the connection together, are in as many rooms as allowed.
 *
 * Goes to the client that mounts with `room`, and to the behaviour that calls `join`.
 */
export class TooManyRooms extends Schema.TaggedError<TooManyRooms>()("TooManyRooms", {
  limit: Schema.Int,
  of: Schema.Literals(["instance", "connection"])
}) {
  override get message(): string {
    return `Too many rooms: this ${this.of} may be in ${this.limit}. Leave one first.`
  }

  get hint(): string {
    return "Leave rooms that are no longer needed, or raise LiveConfig.maxRooms."
  }
}

/**
 * The mailbox of the instance is full; the call did not run.
 *
 * Goes to the client that calls.
 */
export class ComponentMailboxFull extends Schema.TaggedError<ComponentMailboxFull>()("MailboxFull", {
  component: Schema.String,
  capacity: Schema.Int
}) {
  override get message(): string {
    return `${quote(this.component)} is busy. Try again in a moment.`
  }

  get hint(): string {
    return (
      `Its mailbox holds ${this.capacity} messages and is full; the call did not run. ` +
      "Wait for answers before calling again, or raise mailboxCapacity."
    )
  }
}

/**
 * The connection sends more messages, or has more bytes waiting for an answer, than allowed; the request did not run. fibra's
 * client sends no more than the server takes, and sends again what was refused.
 *
 * Goes to other clients, and to whoever calls when `maxQueuedCalls` wait already, or for `offlineTimeout` all was refused.
 */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  /** Milliseconds after which the request may be sent again. */
  retryAfter: Schema.Finite
}) {
  override get message(): string {
    return "Too many requests at once. Try again in a moment."
  }

  get hint(): string {
    return (
      `Send the request again after ${this.retryAfter} ms, combine several into one, ` +
      "or raise LiveConfig.rate and LiveConfig.rateBurst."
    )
  }
}

/**
 * The handler or the build of the component died, or its answer does not fit its schema. The call is not tried again.
 *
 * Goes to the client that calls or mounts.
 */
export class ComponentCrashed extends Schema.TaggedError<ComponentCrashed>()("ComponentCrashed", {
  component: Schema.String
}) {
  override get message(): string {
    return `${quote(this.component)} crashed. Try again; if it persists, report it with the time it happened.`
  }

  get hint(): string {
    return "The instance is back at its last good state. The cause is in the server's log, and is not sent to clients."
  }
}

/**
 * The component crashed more often than its restart policy allows, and takes no calls until a probe succeeds.
 *
 * Goes to the client that calls.
 */
export class ComponentFaulted extends Schema.TaggedError<ComponentFaulted>()("ComponentFaulted", {
  component: Schema.String,
  /** Milliseconds until the next probe. */
  retryAfter: Schema.Finite
}) {
  override get message(): string {
    return `${quote(this.component)} is out of order. Try again in ${Math.ceil(this.retryAfter / 1000)} s.`
  }

  get hint(): string {
    return "It crashed more often than its restart policy allows. Repair what the server's log names as the cause of the crashes."
  }
}

/**
 * The instance stopped before the call's turn came, or its handle was released.
 *
 * Goes to the client that calls.
 */
export class InstanceStopped extends Schema.TaggedError<InstanceStopped>()("InstanceStopped", {
  component: Schema.String
}) {
  override get message(): string {
    return `This instance of ${quote(this.component)} has stopped.`
  }

  get hint(): string {
    return "The call did not run. Mount the component again."
  }
}

/**
 * The call has no answer and will get none. `outcome` says what is known of it.
 *
 * Goes to the client that calls.
 */
export class CallExpired extends Schema.TaggedError<CallExpired>()("CallExpired", {
  component: Schema.String,
  action: Schema.String,
  /**
   * `interrupted`: it ran too long, or its instance stopped, and it was stopped half-way. `notRun`: it waited too long
   * and never started. `unknown`: it was sent, and the session that would know the outcome is gone.
   */
  outcome: Schema.Literals(["interrupted", "notRun", "unknown"]),
  /** Milliseconds it was given, where there is such a limit. */
  timeout: Schema.optionalKey(Schema.Finite)
}) {
  override get message(): string {
    const call = `${quote(this.action)} of ${quote(this.component)}`
    switch (this.outcome) {
      case "interrupted":
        return this.timeout === undefined
          ? `${call} was stopped before it had finished.`
          : `${call} did not finish within ${this.timeout} ms and was stopped.`
      case "notRun":
        return this.timeout === undefined
          ? `${call} waited too long and did not run. Try again.`
          : `${call} waited for ${this.timeout} ms and did not run. Try again.`
      case "unknown":
        return `It is not known whether ${call} ran. Check before you try again.`
    }
  }

  get hint(): string {
    switch (this.outcome) {
      case "interrupted":
        return "What it had set stays: look at the state. Move long work into a background fiber, or raise callTimeout."
      case "notRun":
        return "Call again once there is a connection, or give the call more time."
      case "unknown":
        return "The call was sent and its session is gone. Annotate the action with Component.Idempotent to have it sent again automatically."
    }
  }
}

/**
 * The connection has mounted as many instances as allowed, or the server holds as many shared ones as allowed.
 *
 * Goes to the client that mounts.
 */
export class TooManyComponents extends Schema.TaggedError<TooManyComponents>()("TooManyComponents", {
  limit: Schema.Int,
  of: Schema.Literals(["connection", "server"])
}) {
  override get message(): string {
    return this.of === "connection"
      ? `Too many components are open: at most ${this.limit} on one connection. Close some first.`
      : "The server cannot open another shared component now. Try again later."
  }

  get hint(): string {
    return this.of === "connection"
      ? "Unmount some components, or raise LiveConfig.maxComponents."
      : `The server holds ${this.limit} instances with a key. Raise LiveConfig.maxKeyed.`
  }
}

/**
 * The client's contract cannot read what the server sent.
 *
 * Goes to the client that mounts, calls or listens.
 */
export class ContractMismatch extends Schema.TaggedError<ContractMismatch>()("ContractMismatch", {
  component: Schema.String,
  issue: Schema.String
}) {
  override get message(): string {
    return `This page cannot read what the server sent of ${quote(this.component)}: ${inline(this.issue)}. Reload it.`
  }

  get hint(): string {
    return "Deploy client and server with the same version of the contract."
  }
}

/**
 * There is no connection, and the request cannot or may not wait for one.
 *
 * Goes to the client that mounts (nothing was mounted within `mountTimeout`, or nobody lets it in; it is mounted with the next
 * connection), that calls (too many calls wait already, it has to sign in, or it is closed) or that pings.
 */
export class Disconnected extends Schema.TaggedError<Disconnected>()("Disconnected", {
  /** What is known of the connection, as the rest of a sentence. */
  detail: Schema.String,
  /** What became of the last attempt to connect, or of the last connection. */
  connection: Schema.optionalKey(ConnectionFailure.ConnectionFailure),
  /** Since when there is no connection: milliseconds since the epoch. */
  since: Schema.optionalKey(Schema.Finite)
}) {
  override get message(): string {
    return `No connection to the server: ${inline(this.detail)}.`
  }

  get hint(): string {
    return this.connection === undefined
      ? "Wait until the client is connected; it connects again automatically. Then look at the state before calling again."
      : ConnectionFailure.hint(this.connection)
  }
}

/**
 * The client has a defect of its own, and no answer of a server caused it.
 *
 * Goes to the client that mounts.
 */
export class ClientCrashed extends Schema.TaggedError<ClientCrashed>()("ClientCrashed", {
  component: Schema.String
}) {
  override get message(): string {
    return `${quote(this.component)} cannot be shown here. Reload the page; if it persists, report it with the time it happened.`
  }

  get hint(): string {
    return "The cause is in the client's log: the console of a page."
  }
}

/** Why a token, of a state or of a session, is refused. */
export const TokenRejection = Schema.Literals([
  /** Not a token, or larger than one can be. */
  "malformed",
  /** Signed with a key this server does not have. */
  "key",
  /** Not the text that was signed. */
  "signature",
  "expired",
  "audience",
  "principal",
  "component",
  /** Of a version of the contract this server does not know, or cannot migrate from. */
  "version",
  /** Of a later version of the contract than this server's: a deploy was rolled back. */
  "newer",
  /** Sealed before its principal was signed out. */
  "revoked",
  /** Used before. */
  "spent",
  /** Older than a token that was used since. */
  "stale",
  /** Of a session that has ended, belongs to another process, or never was. */
  "session",
  /** Its state does not fit the props it is mounted with. */
  "props",
  /** Its state does not fit the contract. */
  "state"
])
/** Why a token, of a state or of a session, is refused. */
export type TokenRejection = typeof TokenRejection.Type

const tokenHints: Record<TokenRejection, string> = {
  malformed: "It is not a token, or longer than LiveConfig.maxTokenLength.",
  key: "It was signed with a key that this server does not have. Keep former secrets in FIBRA_SECRET_PREVIOUS.",
  signature: "It is not what a server signed.",
  expired: "It is older than LiveConfig.tokenAge.",
  audience: "It is of a server with another LiveConfig.audience.",
  principal: "It belongs to another principal.",
  component: "It belongs to another component.",
  version: "There is no migration from its version of the contract. Add one to keep such states.",
  newer: "It is of a later version of the contract. Deploy that version again, or mount with whenNewer.",
  revoked: "Its principal was signed out after it was made.",
  spent: "It was used before. Use each token once, and keep the one that the server sends next.",
  stale: "It is older than the state that the server has seen since.",
  session: "The session has ended, belongs to another process, or never was.",
  props: "Its state does not fit the props it is mounted with.",
  state: "Its state does not fit the contract any more. Raise the version of the contract, and add a migration."
}

/**
 * The token of a state or of a session is not taken. A refused state is mounted anew, and a refused session begun anew.
 *
 * Goes to the client that mounts with `whenNewer: "wait"` or rehydrates, and to the one that resumes a session.
 */
export class TokenRejected extends Schema.TaggedError<TokenRejected>()("TokenRejected", { reason: TokenRejection }) {
  override get message(): string {
    return `The saved state cannot be restored (${this.reason}).`
  }

  get hint(): string {
    return `${tokenHints[this.reason]} Mounting without the token starts anew.`
  }
}

/**
 * Client and server have different versions of the contract.
 *
 * Goes to the client that mounts.
 */
export class VersionMismatch extends Schema.TaggedError<VersionMismatch>()("VersionMismatch", {
  component: Schema.String,
  client: Schema.Int,
  server: Schema.Int
}) {
  override get message(): string {
    return (
      `This page has version ${this.client} of ${quote(this.component)}, the server version ${this.server}. ` +
      (this.client < this.server ? "Reload the page." : "Wait until the server is updated.")
    )
  }

  get hint(): string {
    return "Deploy client and server with the same version of the contract; a client that is ahead goes on trying."
  }
}

/**
 * The stored state of the component cannot be read. It is left as it is, and nothing takes its place.
 *
 * Goes to the client that mounts.
 */
export class SnapshotRejected extends Schema.TaggedError<SnapshotRejected>()("SnapshotRejected", {
  component: Schema.String,
  /**
   * `unavailable`: the store cannot be read now. `newer`: written by a later version of the contract. `version`: there is no
   * migration from its version. `state`: it does not fit the contract.
   */
  reason: Schema.Literals(["unavailable", "newer", "version", "state"])
}) {
  override get message(): string {
    return `The saved state of ${quote(this.component)} cannot be read (${this.reason}). Try again later.`
  }

  get hint(): string {
    switch (this.reason) {
      case "unavailable":
        return "The snapshot store did not answer; the server's log says why."
      case "newer":
        return "A later version of the contract has written it. Deploy that version again."
      case "version":
        return "Add the missing migration from its version; the server's log names it."
      case "state":
        return "Correct the schema or the migration that the server's log names, or remove the stored state."
    }
  }
}

/**
 * The server is about to end and takes nothing new; the request did not run.
 *
 * Goes to the client that mounts or calls; fibra's client sends the request to the next server.
 */
export class Draining extends Schema.TaggedError<Draining>()("Draining", {}) {
  override get message(): string {
    return "The server is restarting. Try again in a moment."
  }

  get hint(): string {
    return "The request did not run. Connect again, and send it to the next server."
  }
}

/** Why an upload is refused, or was ended. */
export const UploadRejection = Schema.Literals([
  /** The component has no such upload, or there is none of that id. */
  "unknown",
  /** Its name, or the extension of it, is not allowed. */
  "name",
  /** Its type, as declared or as it is, is not accepted. */
  "type",
  "tooLarge",
  /** It does not have as many bytes as declared. */
  "size",
  /** There is something in it that does not belong there. */
  "content",
  /** As many uploads are under way as allowed. */
  "tooMany",
  /** As many bytes are under way as allowed. */
  "quota",
  /** The disk is nearly full. */
  "disk",
  /** The store has failed. */
  "store",
  /** Nothing was sent for too long. */
  "idle",
  /** A part of it is not valid. */
  "chunk",
  /** By the client, or because its instance has stopped. */
  "cancelled",
  /** The client cannot read the file any more. */
  "unreadable",
  /** By the behaviour of the component. */
  "refused"
])
/** Why an upload is refused, or was ended. */
export type UploadRejection = typeof UploadRejection.Type

const uploadHints: Record<UploadRejection, string> = {
  unknown: "Name an upload of the contract, and start the upload before its parts are sent.",
  name: "Rename the file. docs/uploads.md says which names are taken.",
  type: "Send a file of a type in `accept` of the upload's policy; what counts is its content.",
  tooLarge: "Send a smaller file, or raise maxFileSize of the upload's policy.",
  size: "Declare the size that the file has, and do not change the file meanwhile.",
  content: "Export the file anew. It holds a program, markup, or a second file.",
  tooMany: "Wait until others have ended, or raise maxFiles of the policy or LiveConfig.maxUploads and its like.",
  quota: "Wait until others have ended, or raise LiveConfig.maxUploadBytes and its like.",
  disk: "Make room on the disk of the UploadStore, or lower LiveConfig.minFreeDisk.",
  store: "The server's log says what failed in the UploadStore.",
  idle: "Start it again: nothing was sent for LiveConfig.uploadIdleTimeout.",
  chunk: "Send what docs/protocol.md says: parts in order, within the window, canonical base64.",
  cancelled: "Start it again if it is still wanted.",
  unreadable: "Choose the file again: it was changed, moved or removed while it was sent.",
  refused: "The behaviour of the component does not want the file; `detail` says why."
}

/**
 * A file is not taken, or its upload was ended. Nothing of it is kept.
 *
 * Goes to the client that uploads; a behaviour that does not want a file fails with it (`Upload.refuse`).
 */
export class UploadRejected extends Schema.TaggedError<UploadRejected>()("UploadRejected", {
  /** The name of the upload in the contract; empty when there is none. */
  upload: Schema.String,
  reason: UploadRejection,
  /** What is wrong with it, as the end of a sentence. */
  detail: Schema.String,
  /** Milliseconds after which it may be tried again, where that makes sense. */
  retryAfter: Schema.optionalKey(Schema.Finite)
}) {
  override get message(): string {
    return `The file was not accepted: ${inline(this.detail)}.`
  }

  get hint(): string {
    return uploadHints[this.reason]
  }
}

/** Why a `LiveError` happened. */
export const LiveErrorReason = Schema.Union([
  UnknownComponent,
  PropsRejected,
  KeyRejected,
  PayloadRejected,
  UnknownAction,
  NotMounted,
  NotAllowed,
  RoomRejected,
  NotInRoom,
  TooManyRooms,
  ComponentMailboxFull,
  RateLimited,
  ComponentCrashed,
  ComponentFaulted,
  InstanceStopped,
  CallExpired,
  TooManyComponents,
  ContractMismatch,
  Disconnected,
  ClientCrashed,
  TokenRejected,
  VersionMismatch,
  SnapshotRejected,
  UploadRejected,
  Draining
])

/** Why a `LiveError` happened. */
export type LiveErrorReason = typeof LiveErrorReason.Type

/** What fibra refuses; `message` and `hint` are those of the reason. */
export class LiveError extends Schema.TaggedError<LiveError>()("LiveError", { reason: LiveErrorReason }) {
  override get message(): string {
    return this.reason.message
  }

  get hint(): string {
    return this.reason.hint
  }
}

/**
 * The LiveError that user code passed on, as a copy that can be sent and read safely; undefined for anything else, and
 * for one that was made or changed such that it cannot be sent.
 */
export const passedOn = (thrown: unknown): LiveError | undefined => {
  try {
    if (!(thrown instanceof LiveError)) return undefined
    return Option.getOrUndefined(Option.flatMap(encode(thrown), decode))
  } catch {
    return undefined
  }
}

/** Says what became of a request: a client sends it again, or knows that it did not run. */
const ofRequests: ReadonlySet<LiveErrorReason["_tag"]> = new Set(["RateLimited", "Draining", "CallExpired"])

/** Whether it says of a request that it did not run. What user code passes on says that of a request of its own. */
export const isOfRequest = ({ reason }: LiveError): boolean => ofRequests.has(reason._tag)

// Of servers: a page drops them.
const encode = /* @__PURE__ */ Schema.encodeOption(LiveError)
const decode = /* @__PURE__ */ Schema.decodeOption(LiveError)

/** Fails with a `LiveError` of this reason. */
export const refuse = (reason: LiveErrorReason): Effect.Effect<never, LiveError> =>
  Effect.fail(new LiveError({ reason }))
