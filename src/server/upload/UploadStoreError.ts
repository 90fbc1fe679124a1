/** The error of upload stores. */
import * as Schema from "effect/Schema"
import { inline, quote } from "../../ErrorText.ts"
import * as Thrown from "../../Thrown.ts"

/** What an upload store was asked for. */
export const UploadOperation = Schema.Literals([
  "open",
  "create",
  "append",
  "finish",
  "read",
  "remove",
  "sweep",
  "measure"
])

/** What an upload store was asked for. */
export type UploadOperation = typeof UploadOperation.Type

/**
 * The upload store did not do what it was asked for.
 *
 * Goes to the server's log; the client that uploads gets `UploadRejected`. A store that does not open ends the start.
 */
export class UploadStoreError extends Schema.TaggedError<UploadStoreError>()("UploadStoreError", {
  operation: UploadOperation,
  /** The file, or the store itself. */
  file: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    const cause = inline(Thrown.messageOf(Thrown.rootOf(this.cause)))
    return `The upload store could not ${this.operation} ${quote(this.file)}: ${cause}.`
  }

  get hint(): string {
    return "See whether the store can be written to by this server, and has space; then upload again."
  }
}
