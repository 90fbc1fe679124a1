/**
 * What the house refuses, as one error with a tagged reason. An action's own errors are not here: they are part of its
 * contract and arrive typed as they were declared. Every text says what happened, what was expected and what to do.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** No component of that name is served here. */
export class UnknownComponent extends Schema.TaggedError<UnknownComponent>()("UnknownComponent", {
  component: Schema.String
}) {
  override get message(): string {
    return (
      `There is no component "${this.component}" on this server. ` +
      "Expected the name of a component listed in LiveServer.layer. List it there, or mount another."
    )
  }
}

/** The props do not fit the component's schema. */
export class PropsRejected extends Schema.TaggedError<PropsRejected>()("PropsRejected", {
  component: Schema.String,
  issue: Schema.String
}) {
  override get message(): string {
    return (
      `The props of "${this.component}" were rejected: ${this.issue}. ` +
      "Expected exactly the fields of its props schema. Correct them and mount again."
    )
  }
}

/** A payload does not fit its schema: of an action, of an event, or of a request of the protocol itself. */
export class PayloadRejected extends Schema.TaggedError<PayloadRejected>()("PayloadRejected", {
  /** The action, the event, or the request. */
  action: Schema.String,
  issue: Schema.String
}) {
  override get message(): string {
    return (
      `The payload of "${this.action}" was rejected: ${this.issue}. ` +
      "Expected what its schema says, and no other fields. Correct it and try again."
    )
  }
}

/** The component has no such action. */
export class UnknownAction extends Schema.TaggedError<UnknownAction>()("UnknownAction", {
  component: Schema.String,
  action: Schema.String
}) {
  override get message(): string {
    return (
      `"${this.component}" has no action "${this.action}". Expected one its contract declares. ` +
      "Check the name, and that client and server run the same version of the contract."
    )
  }
}

/** This connection may not do that: the id is not one it has mounted, or the right to it was not given. */
export class NotAllowed extends Schema.TaggedError<NotAllowed>()("NotAllowed", { what: Schema.String }) {
  override get message(): string {
    return (
      `${this.what} is not allowed. Expected an instance this connection has mounted, and a right to what it asks for. ` +
      "Mount it first, or ask whoever gives the right."
    )
  }
}

/** That is no room one can be in. */
export class RoomRejected extends Schema.TaggedError<RoomRejected>()("RoomRejected", {
  /** Its name, or the beginning of it. */
  room: Schema.String,
  issue: Schema.String
}) {
  override get message(): string {
    return (
      `The room ${JSON.stringify(this.room)} was rejected: ${this.issue}. ` +
      "Expected a private instance, and a name of 1 to 128 visible characters. Choose another."
    )
  }
}

/** The instance is not in the room it wants to speak in. */
export class NotInRoom extends Schema.TaggedError<NotInRoom>()("NotInRoom", {
  component: Schema.String,
  /** Its name, or the beginning of it. */
  room: Schema.String
}) {
  override get message(): string {
    return (
      `This instance of "${this.component}" is not in the room ${JSON.stringify(this.room)}. ` +
      "Expected one it was mounted with or has joined. Join it first."
    )
  }
}

/** The instance, or the connection, is in as many rooms as it may. */
export class TooManyRooms extends Schema.TaggedError<TooManyRooms>()("TooManyRooms", {
  limit: Schema.Int,
  of: Schema.Literals(["instance", "connection"])
}) {
  override get message(): string {
    return `This ${this.of} is in ${this.limit} rooms. Expected no more. Leave some, or raise maxRooms.`
  }
}

/** The instance has as many messages waiting as it takes. */
export class ComponentMailboxFull extends Schema.TaggedError<ComponentMailboxFull>()("MailboxFull", {
  component: Schema.String,
  capacity: Schema.Int
}) {
  override get message(): string {
    return (
      `The mailbox of "${this.component}" is full: ${this.capacity} messages wait. The call did not run. ` +
      "Expected calls to come slower than they are handled. Wait for answers before calling again."
    )
  }
}

/** The connection sends more than it may; this was not done. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  /** Milliseconds after which it may be asked again. */
  retryAfter: Schema.Finite
}) {
  override get message(): string {
    return (
      "This connection sends more messages than it may; this one was not handled. Expected them to come slower. " +
      `Ask again in ${this.retryAfter} ms, ask for more at once, or raise rate and rateBurst.`
    )
  }
}

/** The handler or the build of the component died; the call is not retried. */
export class ComponentCrashed extends Schema.TaggedError<ComponentCrashed>()("ComponentCrashed", {
  component: Schema.String
}) {
  override get message(): string {
    return (
      `"${this.component}" crashed. Expected its handler to end with a success or a typed error. ` +
      "Its state is back at the last good one; the cause is in the server's log. Call again, or report it."
    )
  }
}

/** The component crashed too often and takes no calls until a probe succeeds. */
export class ComponentFaulted extends Schema.TaggedError<ComponentFaulted>()("ComponentFaulted", {
  component: Schema.String,
  /** Milliseconds until the next probe. */
  retryAfter: Schema.Finite
}) {
  override get message(): string {
    return (
      `"${this.component}" is faulted: it crashed too often. Expected a working component. ` +
      `It is tried again in ${this.retryAfter} ms; call after that.`
    )
  }
}

/** The instance is no more. */
export class InstanceStopped extends Schema.TaggedError<InstanceStopped>()("InstanceStopped", {
  component: Schema.String
}) {
  override get message(): string {
    return `This instance of "${this.component}" has stopped. Expected a running one. Mount it again.`
  }
}

/** The call has no answer and will get none. What is known of it says `outcome`. */
export class CallExpired extends Schema.TaggedError<CallExpired>()("CallExpired", {
  component: Schema.String,
  action: Schema.String,
  /**
   * `interrupted`: it ran longer than it or its instance may and was stopped half-way. `notRun`: it waited longer than it may, and never
   * started. `unknown`: it was sent, and the session that would know what became of it is gone.
   */
  outcome: Schema.Literals(["interrupted", "notRun", "unknown"]),
  /** Milliseconds it was given, where there is such a limit. */
  timeout: Schema.optionalKey(Schema.Finite)
}) {
  override get message(): string {
    const call = `"${this.action}" of "${this.component}"`
    const time = this.timeout === undefined ? "the time it has" : `${this.timeout} ms`
    switch (this.outcome) {
      case "interrupted":
        return (
          `${call} was interrupted after ${time}. ` +
          "Expected it to end in that time. Move long work into the background, or raise callTimeout."
        )
      case "notRun":
        return `${call} waited for ${time} and did not run. Expected a connection by then. Call again when there is one.`
      case "unknown":
        return (
          `${call} was sent, and its session is gone: whether it ran is not known. Expected to resume the session. ` +
          "Look at the state, then call again if it is needed; an action annotated Component.Idempotent is sent again by itself."
        )
    }
  }
}

/** The connection has mounted, or the server keeps under keys, as many instances as it may. */
export class TooManyComponents extends Schema.TaggedError<TooManyComponents>()("TooManyComponents", {
  limit: Schema.Int,
  of: Schema.Literals(["connection", "server"])
}) {
  override get message(): string {
    return this.of === "connection"
      ? `This connection has ${this.limit} components mounted. Expected no more. Unmount some, or raise maxComponents.`
      : `This server has ${this.limit} instances with a key. Expected no more. Try again later, or raise maxKeyed.`
  }
}

/** What the server sends does not fit the client's contract. */
export class ContractMismatch extends Schema.TaggedError<ContractMismatch>()("ContractMismatch", {
  component: Schema.String,
  issue: Schema.String
}) {
  override get message(): string {
    return (
      `What the server sent of "${this.component}" was not understood: ${this.issue}. ` +
      "Expected client and server to have the same version of its contract. Reload the page, or deploy the same version."
    )
  }
}

/** The connection was lost before the answer came; whether the call ran is not known. */
export class Disconnected extends Schema.TaggedError<Disconnected>()("Disconnected", {
  detail: Schema.String
}) {
  override get message(): string {
    return (
      `The connection to the server was lost (${this.detail}). Expected an answer on it. ` +
      "It is being restored; look at the state, then call again if it is needed."
    )
  }
}

/** Why a token, of a state or of a session, is not taken. */
export const TokenRejection = Schema.Literals([
  /** Not a token, or larger than one can be. */
  "malformed",
  /** Signed with a key this server does not have. */
  "key",
  /** Not what was signed. */
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
  /** Older than what is known to have followed it. */
  "stale",
  /** Of a session that is not here: over, of another process, or never there. */
  "session",
  /** What it carries does not fit the props it is to be mounted with. */
  "props",
  /** What it carries does not fit the contract any more. */
  "state"
])
/** Why a token, of a state or of a session, is not taken. */
export type TokenRejection = typeof TokenRejection.Type

/** The token of a state or of a session is not taken. */
export class TokenRejected extends Schema.TaggedError<TokenRejected>()("TokenRejected", { reason: TokenRejection }) {
  override get message(): string {
    return (
      `The token was rejected: ${this.reason}. Expected one this server gave to this client for this component, not too ` +
      "old, and not used before. Mount the component without it."
    )
  }
}

/** Client and server do not have the same version of the contract. */
export class VersionMismatch extends Schema.TaggedError<VersionMismatch>()("VersionMismatch", {
  component: Schema.String,
  client: Schema.Int,
  server: Schema.Int
}) {
  override get message(): string {
    return (
      `This client has version ${this.client} of "${this.component}" and the server version ${this.server}. ` +
      "Expected the same. " +
      (this.client < this.server ? "Reload the page, or update the client." : "Wait until the server is updated.")
    )
  }
}

/** The stored state of the component is not to be had, and nothing is put in its place. */
export class SnapshotRejected extends Schema.TaggedError<SnapshotRejected>()("SnapshotRejected", {
  component: Schema.String,
  /**
   * `unavailable`: the store cannot be read now. `newer`: written by a later version of the contract. `version`: there is no
   * migration from its version. `state`: it does not fit the contract.
   */
  reason: Schema.Literals(["unavailable", "newer", "version", "state"])
}) {
  override get message(): string {
    return (
      `The stored state of "${this.component}" was not taken: ${this.reason}. Expected one that this version can read. ` +
      "It was left as it is; the cause is in the server's log. Mount again when that is mended."
    )
  }
}

/** The server is about to end and takes nothing new; what was asked did not run. */
export class Draining extends Schema.TaggedError<Draining>()("Draining", {}) {
  override get message(): string {
    return "The server is shutting down and did not do this. Expected one that stays. Connect again, and ask again."
  }
}

/** Why a `LiveError` happened. */
export const LiveErrorReason = Schema.Union([
  UnknownComponent,
  PropsRejected,
  PayloadRejected,
  UnknownAction,
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
  TokenRejected,
  VersionMismatch,
  SnapshotRejected,
  Draining
])

/** Why a `LiveError` happened. */
export type LiveErrorReason = typeof LiveErrorReason.Type

/** What the house refuses. */
export class LiveError extends Schema.TaggedError<LiveError>()("LiveError", { reason: LiveErrorReason }) {
  override get message(): string {
    return this.reason.message
  }
}

/** Fails with what the house refuses. */
export const refuse = (reason: LiveErrorReason): Effect.Effect<never, LiveError> =>
  Effect.fail(new LiveError({ reason }))
