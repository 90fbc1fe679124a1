/**
 * What an actor refuses or cannot do: one error, `ActorError`, whose `reason` tells which. A handler's own typed errors are
 * not here, they reach the asker as they are; supervisors and directories have errors of their own.
 */
import * as Schema from "effect/Schema"

/** The mailbox was full and its overflow policy refused this message, or gave its place to another. */
export class MailboxFull extends Schema.TaggedError<MailboxFull>()("MailboxFull", {
  actor: Schema.String,
  capacity: Schema.Int
}) {
  override get message(): string {
    return (
      `The mailbox of "${this.actor}" is full: it holds ${this.capacity} messages. ` +
      "Expected senders to be slower than the handlers. Send less, raise the capacity, or choose another overflow policy."
    )
  }
}

/** A newer message with the same key took the place of this one in the mailbox; its handler did not run. */
export class MessageReplaced extends Schema.TaggedError<MessageReplaced>()("MessageReplaced", {
  actor: Schema.String,
  tag: Schema.String
}) {
  override get message(): string {
    return (
      `A newer message took the place of "${this.tag}" in the mailbox of "${this.actor}". ` +
      "Expected that: its overflow policy coalesces messages with the same key. Wait for the answer to the newer one."
    )
  }
}

/** The message waited longer than its time to live; its handler did not run. */
export class MessageExpired extends Schema.TaggedError<MessageExpired>()("MessageExpired", {
  actor: Schema.String,
  tag: Schema.String
}) {
  override get message(): string {
    return (
      `"${this.tag}" expired in the mailbox of "${this.actor}" before its turn came. ` +
      "Expected it to run within its time to live. Send it again, or give it more time."
    )
  }
}

/** The asker waited longer than its `timeout`; a handler that had started was interrupted. */
export class AskTimeout extends Schema.TaggedError<AskTimeout>()("AskTimeout", {
  actor: Schema.String,
  tag: Schema.String,
  millis: Schema.Finite
}) {
  override get message(): string {
    return (
      `"${this.actor}" did not answer "${this.tag}" within ${this.millis} ms. ` +
      "Expected an answer in that time. Ask again, or give it more time."
    )
  }
}

/** The handler ran longer than `handlerTimeout` and was interrupted. */
export class HandlerTimeout extends Schema.TaggedError<HandlerTimeout>()("HandlerTimeout", {
  actor: Schema.String,
  tag: Schema.String,
  millis: Schema.Finite
}) {
  override get message(): string {
    return (
      `The handler of "${this.tag}" in "${this.actor}" was interrupted after ${this.millis} ms. ` +
      "Expected it to end within the handler timeout. Move long work into a background fiber, or raise the timeout."
    )
  }
}

/** The handler (or the build, or a linked fiber) died while this message was being handled. */
export class ActorCrashed extends Schema.TaggedError<ActorCrashed>()("ActorCrashed", {
  actor: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return (
      `"${this.actor}" crashed: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}. ` +
      "Expected its handlers to end with a success or a typed error. The message is a dead letter and is not retried."
    )
  }
}

/** The actor crashed too often and is not taking messages until a probe succeeds. */
export class ActorFaulted extends Schema.TaggedError<ActorFaulted>()("ActorFaulted", {
  actor: Schema.String,
  /** Milliseconds until the next probe. */
  retryAfter: Schema.Finite
}) {
  override get message(): string {
    return (
      `"${this.actor}" is faulted: it crashed more often than its restart policy allows. ` +
      `Expected a working actor. It is tried again in ${this.retryAfter} ms; ask after that.`
    )
  }
}

/** The actor has stopped, or is stopping and takes no new messages. */
export class ActorStopped extends Schema.TaggedError<ActorStopped>()("ActorStopped", {
  actor: Schema.String,
  /** Whether the handler had begun, and was interrupted. */
  begun: Schema.Boolean
}) {
  override get message(): string {
    const how = this.begun ? "stopped while it handled the message" : "has stopped"
    return `"${this.actor}" ${how}. Expected a running actor. Spawn it again, or find it through a Directory.`
  }
}

/** The tag is not one this actor handles. */
export class UnknownMessage extends Schema.TaggedError<UnknownMessage>()("UnknownMessage", {
  actor: Schema.String,
  tag: Schema.String
}) {
  override get message(): string {
    return `"${this.actor}" has no handler for "${this.tag}". Expected one of the tags its behaviour returns.`
  }
}

/** Why an `ActorError` happened. */
export const ActorErrorReason = Schema.Union([
  MailboxFull,
  MessageReplaced,
  MessageExpired,
  AskTimeout,
  HandlerTimeout,
  ActorCrashed,
  ActorFaulted,
  ActorStopped,
  UnknownMessage
])

/** Why an `ActorError` happened. */
export type ActorErrorReason = typeof ActorErrorReason.Type

/** What an actor does not do, and why. */
export class ActorError extends Schema.TaggedError<ActorError>()("ActorError", { reason: ActorErrorReason }) {
  override get message(): string {
    return this.reason.message
  }
}
