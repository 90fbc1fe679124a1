/** The messages that were dropped instead of handled: the latest of them, without their values. */
import * as Schema from "effect/Schema"
import * as Component from "../Component.ts"

/** A dropped message. `shape` is JSON: the keys of its payload, and the types of the values. */
const DeadLetterRow = Schema.Struct({
  actor: Schema.String,
  tag: Schema.String,
  reason: Schema.String,
  shape: Schema.String,
  at: Schema.Finite
})

/** Dropped messages. */
export class DeadLetterTable extends Component.Service<DeadLetterTable>()("DeadLetterTable", {
  state: {
    /** The newest first. */
    rows: Schema.Array(DeadLetterRow),
    /** All since the process began. */
    total: Schema.Int
  },
  initial: () => ({ rows: [], total: 0 })
}) {}
