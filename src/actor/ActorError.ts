/**
 * Errors of actors: an `ActorError` whose `reason` says what happened. The errors that a handler declares reach the
 * asker as they are; supervisors and directories have errors of their own. Names of actors and messages are quoted as
 * JSON, so that a message stays on one line.
 */
import * as Schema from "effect/Schema"

/**
 * The mailbox was full, and its overflow policy refused this message or gave its place to another.
 *
 * Goes to the asker.
 */
export class MailboxFull extends Schema.TaggedError<MailboxFull>()("MailboxFull", {
  actor: Schema.String,
  capacity: Schema.Int
}) {
  override get message(): string {
    return `The mailbox of ${JSON.stringify(this.actor)} is full: it holds ${this.capacity} messages.`
  }

  get hint(): string {
    return "Send less, raise the capacity, or choose another overflow policy."
  }
}

/**
 * A newer message with the same key took the place of this one in the mailbox; its handler did not run.
 *
 * Goes to the asker of the older message.
 */
export class MessageReplaced extends Schema.TaggedError<MessageReplaced>()("MessageReplaced", {
  actor: Schema.String,
  tag: Schema.String
}) {
  override get message(): string {
    return `A newer message replaced ${JSON.stringify(this.tag)} in the mailbox of ${JSON.stringify(this.actor)}.`
  }

  get hint(): string {
    return "The overflow policy of the mailbox coalesces messages with the same key. Wait for the answer to the newer one."
  }
}

/**
 * The message waited longer than its time to live; its handler did not run.
 *
 * Goes to the asker.
 */
export class MessageExpired extends Schema.TaggedError<MessageExpired>()("MessageExpired", {
  actor: Schema.String,
  tag: Schema.String
}) {
  override get message(): string {
    return `${JSON.stringify(this.tag)} expired in the mailbox of ${JSON.stringify(this.actor)} and did not run.`
  }

  get hint(): string {
    return "Send it again, or give it a longer time to live."
  }
}

/**
 * The asker waited longer than its `timeout`; a handler that had started was interrupted.
 *
 * Goes to the asker.
 */
export class AskTimeout extends Schema.TaggedError<AskTimeout>()("AskTimeout", {
  actor: Schema.String,
  tag: Schema.String,
  millis: Schema.Finite
}) {
  override get message(): string {
    return `${JSON.stringify(this.actor)} did not answer ${JSON.stringify(this.tag)} within ${this.millis} ms.`
  }

  get hint(): string {
    return "Ask again, or give it a longer timeout. What the handler had set stays."
  }
}

/**
 * The handler ran longer than `handlerTimeout` and was interrupted.
 *
 * Goes to the asker.
 */
export class HandlerTimeout extends Schema.TaggedError<HandlerTimeout>()("HandlerTimeout", {
  actor: Schema.String,
  tag: Schema.String,
  millis: Schema.Finite
}) {
  override get message(): string {
    const handler = `The handler of ${JSON.stringify(this.tag)} in ${JSON.stringify(this.actor)}`
    return `${handler} was interrupted after ${this.millis} ms.`
  }

  get hint(): string {
    return "Move long work into a background fiber, or raise handlerTimeout."
  }
}

/**
 * The handler, the build or a linked fiber died while this message was being handled.
 *
 * Goes to the asker; the message is a dead letter and is not tried again.
 */
export class ActorCrashed extends Schema.TaggedError<ActorCrashed>()("ActorCrashed", {
  actor: Schema.String,
  /** What was thrown, as an error that can be read safely; `watch` has the original. */
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `${JSON.stringify(this.actor)} crashed.`
  }

  get hint(): string {
    return "`cause` says what it died of. End a handler with a success or a typed error."
  }
}

/**
 * The actor crashed more often than its restart policy allows, and takes no messages until a probe succeeds.
 *
 * Goes to the asker.
 */
export class ActorFaulted extends Schema.TaggedError<ActorFaulted>()("ActorFaulted", {
  actor: Schema.String,
  /** Milliseconds until the next probe. */
  retryAfter: Schema.Finite
}) {
  override get message(): string {
    return `${JSON.stringify(this.actor)} is faulted; it is tried again in ${this.retryAfter} ms.`
  }

  get hint(): string {
    return "It crashed more often than its restart policy allows. Ask again after that time, and repair what the log names as the cause."
  }
}

/**
 * The actor has stopped, or is stopping and takes no new messages.
 *
 * Goes to the asker.
 */
export class ActorStopped extends Schema.TaggedError<ActorStopped>()("ActorStopped", {
  actor: Schema.String,
  /** Whether the handler had begun, and was interrupted. */
  begun: Schema.Boolean
}) {
  override get message(): string {
    return `${JSON.stringify(this.actor)} ${this.begun ? "stopped while it handled the message" : "has stopped"}.`
  }

  get hint(): string {
    return "Spawn it again, or find it through a Directory, which activates it."
  }
}

/**
 * The actor's behaviour returned no handler of that tag.
 *
 * Goes to the asker.
 */
export class UnknownMessage extends Schema.TaggedError<UnknownMessage>()("UnknownMessage", {
  actor: Schema.String,
  tag: Schema.String
}) {
  override get message(): string {
    return `${JSON.stringify(this.actor)} has no handler for ${JSON.stringify(this.tag)}.`
  }

  get hint(): string {
    return "Send one of the tags that its behaviour returns."
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

/** An error of an actor; `message`, `hint` and `cause` are those of the reason. */
export class ActorError extends Schema.TaggedError<ActorError>()("ActorError", { reason: ActorErrorReason }) {
  override get message(): string {
    return this.reason.message
  }

  get hint(): string {
    return this.reason.hint
  }

  override get cause(): unknown {
    return this.reason._tag === "ActorCrashed" ? this.reason.cause : undefined
  }
}
