/** The rooms of a server, and who is in them. */
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Component from "../Component.ts"
import { everything, tableFields, TableQuery } from "./Table.ts"

/** People and instances of one room that are named. */
export const maxNamed = 20

/** A room. */
const RoomRow = Schema.Struct({
  name: Schema.String,
  instances: Schema.Int,
  clients: Schema.Int,
  /** Clients that have not read all events, and the events that there were. */
  behind: Schema.Int,
  events: Schema.Int,
  /** The ids of principals; anonymous clients are counted. Some of them, when there are many. */
  people: Schema.Array(Schema.String),
  anonymous: Schema.Int,
  /** The ids of some of its instances. */
  members: Schema.Array(Schema.String)
})

/** A room. */
export interface RoomRow extends Schema.Schema.Type<typeof RoomRow> {}

/** The rooms whose name contains the text. */
export class RoomTable extends Component.Service<RoomTable>()("RoomTable", {
  state: { ...tableFields, rows: Schema.Array(RoomRow) },
  initial: () => ({ query: everything("clients", true), matching: 0, total: 0, rows: [] }),
  actions: [Rpc.make("Show", { payload: TableQuery })]
}) {}
