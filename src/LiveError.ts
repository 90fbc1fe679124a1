/**
 * What the house refuses, as one error with a tagged reason. An action's own errors are not here: they are part of its
 * contract and arrive typed as they were declared. Every text says what happened, what was expected and what to do.
 */
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

/** A payload does not fit its schema: of an action, or of a request of the protocol itself. */
export class PayloadRejected extends Schema.TaggedError<PayloadRejected>()("PayloadRejected", {
  /** The action, or the request. */
  action: Schema.String,
  issue: Schema.String
}) {
  override get message(): string {
    return (
      `The payload of "${this.action}" was rejected: ${this.issue}. ` +
      "Expected what its schema says, and no other fields. Correct it and call again."
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

/** This connection may not do that; in particular the id is not one it has mounted. */
export class NotAllowed extends Schema.TaggedError<NotAllowed>()("NotAllowed", { what: Schema.String }) {
  override get message(): string {
    return `${this.what} is not allowed. Expected an instance this connection has mounted. Mount it first.`
  }
}

/** The instance has as many messages waiting as it takes. */
export class MailboxFull extends Schema.TaggedError<MailboxFull>()("MailboxFull", {
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

/** The call waited or ran longer than it may; it was interrupted. */
export class CallExpired extends Schema.TaggedError<CallExpired>()("CallExpired", {
  component: Schema.String,
  action: Schema.String,
  /** Milliseconds. */
  timeout: Schema.Finite
}) {
  override get message(): string {
    return (
      `"${this.action}" of "${this.component}" was interrupted after ${this.timeout} ms. ` +
      "Expected it to end in that time. Move long work into the background, or raise callTimeout."
    )
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

/** Why a `LiveError` happened. */
export const LiveErrorReason = Schema.Union([
  UnknownComponent,
  PropsRejected,
  PayloadRejected,
  UnknownAction,
  NotAllowed,
  MailboxFull,
  ComponentCrashed,
  ComponentFaulted,
  InstanceStopped,
  CallExpired,
  TooManyComponents,
  ContractMismatch,
  Disconnected
])

/** Why a `LiveError` happened. */
export type LiveErrorReason = typeof LiveErrorReason.Type

/** What the house refuses. */
export class LiveError extends Schema.TaggedError<LiveError>()("LiveError", { reason: LiveErrorReason }) {
  override get message(): string {
    return this.reason.message
  }
}
