/** What somebody should look at, and what would make components cheaper. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Component from "../Component.ts"

/**
 * There is no such alert.
 *
 * Goes to whoever resolves it in the dashboard.
 */
export class AlertGone extends Schema.TaggedError<AlertGone>()("AlertGone", { alert: Schema.String }) {
  override get message(): string {
    return "There is no such alert any more."
  }

  get hint(): string {
    return "Old alerts are forgotten, and all of them when the server ends."
  }
}

/** An alert. */
const AlertRow = Schema.Struct({
  id: Schema.String,
  kind: Schema.String,
  status: Schema.String,
  component: Schema.String,
  instance: Schema.NullOr(Schema.String),
  message: Schema.String,
  raisedAt: Schema.Finite,
  endedAt: Schema.NullOr(Schema.Finite)
})

/** An alert. */
export interface AlertRow extends Schema.Schema.Type<typeof AlertRow> {}

/** A suggestion, and the numbers that led to it. */
const SuggestionRow = Schema.Struct({
  kind: Schema.String,
  component: Schema.String,
  message: Schema.String,
  evidence: Schema.Array(Schema.Struct({ name: Schema.String, value: Schema.String }))
})

/** Alerts and suggestions. */
export class AlertTable extends Component.Service<AlertTable>()("AlertTable", {
  state: {
    /** False before the first look. */
    isKnown: Schema.Boolean,
    alerts: Schema.Array(AlertRow),
    suggestions: Schema.Array(SuggestionRow)
  },
  initial: () => ({ isKnown: false, alerts: [], suggestions: [] }),
  actions: [Rpc.make("Resolve", { payload: { alert: Schema.String }, error: AlertGone })]
}) {}
