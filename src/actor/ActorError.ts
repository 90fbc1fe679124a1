/**
 * What the actor runtime refuses or cannot do: one error, `ActorError`, whose `reason` tells which. A handler's own typed
 * errors are not here; they reach the asker as they are.
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
export class ActorStopped extends Schema.TaggedError<ActorStopped>()("ActorStopped", { actor: Schema.String }) {
  override get message(): string {
    return `"${this.actor}" has stopped. Expected a running actor. Spawn it again, or find it through a Directory.`
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

/** A supervisor's children crashed more often than it allows; it has stopped them all. */
export class RestartIntensityExceeded extends Schema.TaggedError<RestartIntensityExceeded>()("RestartIntensityExceeded", {
  supervisor: Schema.String,
  /** The child that crashed last. */
  child: Schema.String,
  /** Crashes tolerated within `millis`. */
  intensity: Schema.Int,
  millis: Schema.Finite,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return (
      `The supervisor "${this.supervisor}" gave up when its child "${this.child}" crashed: ` +
      `${this.cause instanceof Error ? this.cause.message : String(this.cause)}. ` +
      `Expected at most ${this.intensity} crashes within ${this.millis} ms. ` +
      "Repair the child, raise the intensity, or let the supervisor above restart this one."
    )
  }
}

/** A supervisor has a child of this id already. */
export class DuplicateChild extends Schema.TaggedError<DuplicateChild>()("DuplicateChild", {
  supervisor: Schema.String,
  child: Schema.String
}) {
  override get message(): string {
    return (
      `The supervisor "${this.supervisor}" has a child "${this.child}" already. ` +
      "Expected ids to be unique among its children. Stop that child first, or choose another id."
    )
  }
}

/** The directory holds as many active actors as it may, idle ones included. */
export class DirectoryFull extends Schema.TaggedError<DirectoryFull>()("DirectoryFull", { capacity: Schema.Int }) {
  override get message(): string {
    return (
      `The directory is full: ${this.capacity} actors are active. ` +
      "Expected room for one more. Ask again when some have been passivated, shorten maxIdleTime, or raise the capacity."
    )
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
  UnknownMessage,
  RestartIntensityExceeded,
  DuplicateChild,
  DirectoryFull
])

/** Why an `ActorError` happened. */
export type ActorErrorReason = typeof ActorErrorReason.Type

/** The one error of the actor runtime. */
export class ActorError extends Schema.TaggedError<ActorError>()("ActorError", { reason: ActorErrorReason }) {
  override get message(): string {
    return this.reason.message
  }
}
