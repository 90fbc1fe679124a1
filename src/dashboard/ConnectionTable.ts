/** The connections of a server, and their pools. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Component from "../Component.ts"
import { everything, tableFields, TableQuery } from "./Table.ts"

/**
 * There is no such pool, or it is being drained already.
 *
 * Goes to whoever drains it in the dashboard.
 */
export class PoolGone extends Schema.TaggedError<PoolGone>()("PoolGone", { pool: Schema.String }) {
  override get message(): string {
    return "There is no such pool any more, or it is being drained."
  }

  get hint(): string {
    return "Pools are made when connections need them. The table has those that are there now."
  }
}

/** A connection. Times in milliseconds since 1970. */
const ConnectionRow = Schema.Struct({
  id: Schema.Int,
  principal: Schema.NullOr(Schema.String),
  address: Schema.NullOr(Schema.String),
  pool: Schema.String,
  since: Schema.Finite,
  active: Schema.Finite,
  latency: Schema.NullOr(Schema.Finite),
  received: Schema.Int,
  sent: Schema.Int,
  bytesReceived: Schema.Int,
  bytesSent: Schema.Int,
  buffered: Schema.Int,
  isPaused: Schema.Boolean,
  components: Schema.Int
})

/** A connection. */
export interface ConnectionRow extends Schema.Schema.Type<typeof ConnectionRow> {}

/** A pool. A limit of null is none. */
const PoolRow = Schema.Struct({
  id: Schema.String,
  size: Schema.Int,
  limit: Schema.NullOr(Schema.Int),
  active: Schema.Int,
  idle: Schema.Int,
  isDraining: Schema.Boolean
})

/** The connections whose principal, address or pool contains the text. */
export class ConnectionTable extends Component.Service<ConnectionTable>()("ConnectionTable", {
  state: {
    ...tableFields,
    rows: Schema.Array(ConnectionRow),
    pools: Schema.Array(PoolRow),
    /** How the pool of a new connection is chosen. */
    strategy: Schema.String
  },
  initial: () => ({ query: everything("since", true), matching: 0, total: 0, rows: [], pools: [], strategy: "" }),
  actions: [
    Rpc.make("Show", { payload: TableQuery }),
    Rpc.make("Drain", { payload: { pool: Schema.String }, error: PoolGone })
  ]
}) {}
