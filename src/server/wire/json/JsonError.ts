/** The errors of the JSON wire that are no `LiveError`. */
import * as Data from "effect/Data"
import * as Schema from "effect/Schema"
import { inline, quote } from "../../../ErrorText.ts"
import { LiveErrorReason } from "../../../LiveError.ts"

/**
 * A frame is not JSON.
 *
 * Goes to the client that sent it.
 */
export class NotJson extends Data.TaggedError("NotJson") {
  override get message(): string {
    return "A frame is not JSON. Send one message, or an array of messages."
  }

  get hint(): string {
    return "docs/protocol.md describes the messages."
  }
}

/**
 * A message is no object, or has a type that does not exist.
 *
 * Goes to the client that sent it.
 */
export class UnknownMessageType extends Data.TaggedError("UnknownMessage")<{
  /** The type that was given; null when it is missing, undefined when the message is not an object. */
  readonly type: unknown
  readonly known: ReadonlyArray<string>
}> {
  override get message(): string {
    if (this.type === undefined) return "A message is no object."
    if (this.type === null) return "A message has no type."
    return typeof this.type === "string"
      ? `There is no message of type ${quote(this.type.slice(0, 64))}.`
      : `The type of a message is no text but of type ${typeof this.type}.`
  }

  get hint(): string {
    return `Send an object whose "type" is one of ${this.known.join(", ")}.`
  }
}

/**
 * The fields of a message are not those of its type.
 *
 * Goes to the client that sent it.
 */
export class MessageRejected extends Data.TaggedError("PayloadRejected")<{
  readonly type: string
  readonly issue: string
}> {
  override get message(): string {
    return `The message ${inline(this.type)} was rejected: ${inline(this.issue)}.`
  }

  get hint(): string {
    return "Send the fields that docs/protocol/schema.json lists for this type."
  }
}

/**
 * The client reads too slowly, or was away for too long, and events were lost to it.
 *
 * Goes to that client.
 */
export class EventsDropped extends Data.TaggedError("EventsDropped")<{
  /** The room; undefined for the events of a single component. */
  readonly room: string | undefined
  readonly count: number
}> {
  get reason(): object {
    return { _tag: this._tag, room: this.room, count: this.count }
  }

  override get message(): string {
    const where = this.room === undefined ? "" : ` in the room ${quote(this.room)}`
    return this.count === 1 ? `1 event was lost${where}.` : `${this.count} events were lost${where}.`
  }

  get hint(): string {
    return "Look at the state, which is up to date. Read faster, or be away for a shorter time."
  }
}

/** The fields of an error in a message. */
export interface ErrorFields {
  readonly _tag: string
  readonly message: string
  /** The error itself, where it has fields for programs. */
  readonly reason?: object
}

const encodeReason = Schema.encodeSync(LiveErrorReason)

/** How an error begins that clients of this wire answer by rehydrating the component, and asking again. */
const rehydrate = "COMPONENT_REHYDRATION_REQUIRED: "

/** The fields of a `LiveError`. */
export const errorFieldsOf = (reason: LiveErrorReason): ErrorFields => ({
  _tag: reason._tag,
  message: reason._tag === "NotMounted" ? rehydrate + reason.message : reason.message,
  reason: encodeReason(reason)
})
