/** What a command found to be wrong. */
import * as Data from "effect/Data"

/** A check failed, or a file cannot be used. */
export class Finding extends Data.TaggedError("Finding")<{ readonly message: string; readonly hint: string }> {}
