/** What goes wrong on the open wire itself, and has no place in the contract of a component or in the RPC wire. */
import * as Data from "effect/Data"

/** A frame is not JSON. */
export class NotJson extends Data.TaggedError("NotJson") {
  override get message(): string {
    return "A frame is not JSON. Expected one message, or an array of them. Send JSON text."
  }
}

/** A message has a type that does not exist, or none. */
export class UnknownMessage extends Data.TaggedError("UnknownMessage")<{
  readonly type: string
  readonly known: ReadonlyArray<string>
}> {
  override get message(): string {
    return `There is no message ${this.type}. Expected an object whose "type" is one of ${this.known.join(", ")}.`
  }
}

/** Events were lost to a client that reads too slowly, or was away for too long. */
export class EventsDropped extends Data.TaggedError("EventsDropped")<{
  /** The room, or the component, as a field of JSON. */
  readonly at: string
  readonly count: number
}> {
  override get message(): string {
    return (
      `${this.count} events were lost (${this.at}). Expected them to be read faster, or the client not to be away for so long. ` +
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
export interface Told {
  readonly _tag: string
  readonly message: string
}
