/** What a snapshot store cannot do: one error, for a store that does not answer and for a record in it that cannot be read. */
import * as Schema from "effect/Schema"
import { inline, quote } from "../../ErrorText.ts"

/** What the store was asked to do. */
export const Operation = Schema.Literals(["open", "read", "write", "remove", "spend", "retire", "forget"])

/** What the store was asked to do. */
export type Operation = typeof Operation.Type

/** What drivers say at the top ("Query failed") helps nobody; what they were told by the database or the system does. */
const rootOf = (cause: unknown): unknown =>
  cause instanceof Error && cause.cause !== undefined ? rootOf(cause.cause) : cause

/**
 * The snapshot store did not answer, or a record in it cannot be read.
 *
 * Goes to the server's log; a client that mounts gets `SnapshotRejected`. A store that does not open ends the start.
 */
export class SnapshotStoreError extends Schema.TaggedError<SnapshotStoreError>()("SnapshotStoreError", {
  operation: Operation,
  /** Whose record it is; when a store does not open, which store. */
  address: Schema.String,
  /** Where the record lies that cannot be read (a key, a file, a row). Absent when it is the store that failed. */
  unreadable: Schema.optionalKey(Schema.String),
  cause: Schema.Defect()
}) {
  override get message(): string {
    const failed = `The snapshot store could not ${this.operation} ${quote(this.address)}`
    const root = rootOf(this.cause)
    const cause = inline(root instanceof Error ? root.message : String(root))
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
