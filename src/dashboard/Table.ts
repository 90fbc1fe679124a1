/** What somebody wants to see of a long table: filtered, sorted and cut on the server. */
import * as Schema from "effect/Schema"

/** Rows of a page. */
export const pageSize = 50

/** Which part of a table. Pages are counted from 0. */
export const TableQuery = Schema.Struct({
  /** Text that a row has to contain; empty for all. */
  text: Schema.String.check(Schema.isMaxLength(256)),
  /** Only rows of this kind; empty for all. */
  kind: Schema.String.check(Schema.isMaxLength(64)),
  /** The column to sort by. */
  sort: Schema.String.check(Schema.isMaxLength(64)),
  descending: Schema.Boolean,
  page: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))
})

/** Which part of a table. */
export interface TableQuery extends Schema.Schema.Type<typeof TableQuery> {}

/** Beside the rows of a table: how many fit, and how many there are. */
export const tableFields = { query: TableQuery, matching: Schema.Int, total: Schema.Int }

/** The whole table, from its beginning. */
export const everything = (sort: string, descending = false): TableQuery => ({
  text: "",
  kind: "",
  sort,
  descending,
  page: 0
})
