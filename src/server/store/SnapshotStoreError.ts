/** The error of snapshot stores: the store does not answer, or a record in it cannot be read. */
import * as Schema from "effect/Schema"
import * as Thrown from "../../Thrown.ts"
import { inline, quote } from "../../ErrorText.ts"

/** The operation that failed. */
export const Operation = Schema.Literals(["open", "read", "write", "remove", "spend", "retire", "forget"])

/** The operation that failed. */
export type Operation = typeof Operation.Type

/**
 * The snapshot store did not answer, or a record in it cannot be read.
 *
 * Goes to the server's log; a client that mounts gets `SnapshotRejected`. A store that does not open ends the start.
 */
export class SnapshotStoreError extends Schema.TaggedError<SnapshotStoreError>()("SnapshotStoreError", {
  operation: Operation,
  /** The address of the record or, when a store does not open, the name of the store. */
  address: Schema.String,
  /** The place of a record that cannot be read (a key, a file, a row). Absent when the store itself failed. */
  unreadable: Schema.optionalKey(Schema.String),
  cause: Schema.Defect()
}) {
  override get message(): string {
    const failed = `The snapshot store could not ${this.operation} ${quote(this.address)}`
    // The outer causes ("Query failed") do not say what the database or the system said.
    const cause = inline(Thrown.messageOf(Thrown.rootOf(this.cause)))
    return this.unreadable === undefined
      ? `${failed}: ${cause}.`
      : `${failed}: ${inline(this.unreadable)} cannot be read: ${cause}.`
  }

  get hint(): string {
    return this.unreadable === undefined
      ? "See whether the store runs, accepts this server and has space; then try again."
      : "Restore the record from a backup, or delete it: its component then starts anew."
  }
}
