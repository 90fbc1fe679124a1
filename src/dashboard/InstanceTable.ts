/** The instances of a server, a page at a time. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Component from "../Component.ts"
import { everything, tableFields, TableQuery } from "./Table.ts"

/** One instance in a table. Times in milliseconds. */
export const InstanceRow = Schema.Struct({
  id: Schema.String,
  component: Schema.String,
  key: Schema.NullOr(Schema.String),
  principal: Schema.NullOr(Schema.String),
  status: Schema.String,
  health: Schema.String,
  mailbox: Schema.Int,
  readers: Schema.Int,
  actions: Schema.Int,
  crashes: Schema.Int,
  restarts: Schema.Int,
  run: Schema.Finite,
  bytes: Schema.Finite,
  created: Schema.Finite
})

/** One instance in a table. */
export interface InstanceRow extends Schema.Schema.Type<typeof InstanceRow> {}

/** The instances whose id, component, key, principal or room contains the text, and whose health is the kind. */
export class InstanceTable extends Component.Service<InstanceTable>()("InstanceTable", {
  props: { text: Schema.String, kind: Schema.String },
  state: { ...tableFields, rows: Schema.Array(InstanceRow) },
  initial: ({ kind, text }) => ({
    query: { ...everything("created", true), text, kind },
    matching: 0,
    total: 0,
    rows: []
  }),
  actions: [Rpc.make("Show", { payload: TableQuery })]
}) {}
