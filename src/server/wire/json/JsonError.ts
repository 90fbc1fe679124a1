/** What goes wrong on the open wire itself, and has no place in the contract of a component or in the RPC wire. */
import * as Data from "effect/Data"
import * as Schema from "effect/Schema"
import { LiveErrorReason } from "../../../LiveError.ts"

/** A frame is not JSON. */
export class NotJson extends Data.TaggedError("NotJson") {
  override get message(): string {
    return "A frame is not JSON. Expected one message, or an array of them. Send JSON text."
  }
}

/** A message is no object, or has a type that does not exist. */
export class UnknownMessageType extends Data.TaggedError("UnknownMessage")<{
  /** What stands there; null where nothing does, and undefined where the message is no object. */
  readonly type: unknown
  readonly known: ReadonlyArray<string>
}> {
  override get message(): string {
    return `${this.#what} Expected an object whose "type" is one of ${this.known.join(", ")}.`
  }

  get #what(): string {
    if (this.type === undefined) return "A message is no object."
    if (this.type === null) return "A message has no type."
    return typeof this.type === "string"
      ? `There is no message of type ${JSON.stringify(this.type.slice(0, 64))}.`
      : `The type of a message is no text but of type ${typeof this.type}.`
  }
}

/** A message has not the fields it should have. */
export class MessageRejected extends Data.TaggedError("PayloadRejected")<{
  readonly type: string
  readonly issue: string
}> {
  override get message(): string {
    return `The message ${this.type} was rejected: ${this.issue}. Expected the fields of that type. Correct it and send it again.`
  }
}

/** Events were lost to a client that reads too slowly, or was away for too long. */
export class EventsDropped extends Data.TaggedError("EventsDropped")<{
  /** The room; undefined for the place of a single component. */
  readonly room: string | undefined
  readonly count: number
}> {
  get reason(): object {
    return { _tag: this._tag, room: this.room, count: this.count }
  }

  override get message(): string {
    const where = this.room === undefined ? "" : ` in the room ${JSON.stringify(this.room)}`
    return (
      `${this.count} events were lost${where}. Expected them to be read faster, or the client not to be away for so long. ` +
      "Look at the state, which is the last."
    )
  }
}

/** The component takes no uploads, or there is no such upload. */
export class UploadRejected extends Data.TaggedError("UploadRejected")<{ readonly issue: string }> {
  override get message(): string {
    return `The upload was rejected: ${this.issue}. Expected a component that takes uploads. Send the file to another.`
  }
}

/** The request was taken back before it was answered. */
export class Interrupted extends Data.TaggedError("Interrupted") {
  override get message(): string {
    return "The call was interrupted before it ended. Expected it to end. Look at the state, then call again if it is needed."
  }
}

/** What is told of an error. */
export interface ErrorFields {
  readonly _tag: string
  readonly message: string
  /** The error itself, with its fields, where it has some that a program may want. */
  readonly reason?: object
}

const encodeReason = Schema.encodeSync(LiveErrorReason)

/** What is told of what the house refuses. */
export const errorFieldsOf = (reason: LiveErrorReason): ErrorFields => ({
  _tag: reason._tag,
  message: reason.message,
  reason: encodeReason(reason)
})
