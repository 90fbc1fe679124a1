/** The part of a long table that somebody wants to see. */
import { pageSize, type TableQuery } from "../../../dashboard/Table.ts"

/** How to read one kind of row. */
export interface Columns<Row> {
  /** What is searched for text. */
  readonly texts: (row: Row) => ReadonlyArray<string | undefined>
  readonly kind?: (row: Row) => string
  /** What can be sorted by; any other name is the first of them. */
  readonly keys: { readonly [name: string]: (row: Row) => string | number }
}

/** Rows of a page, and how many there are in all pages. */
export interface TablePage<Row> {
  /** The query that was answered: with a page that exists. */
  readonly query: TableQuery
  readonly rows: ReadonlyArray<Row>
  readonly matching: number
  readonly total: number
}

const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)

/** Filters, sorts and cuts. */
export const of = <Row>(all: ReadonlyArray<Row>, columns: Columns<Row>, query: TableQuery): TablePage<Row> => {
  const { kind, keys, texts } = columns
  const wanted = query.text.trim().toLowerCase()
  const found = all.filter(
    (row) =>
      (query.kind === "" || kind?.(row) === query.kind) &&
      (wanted === "" || texts(row).some((text) => text?.toLowerCase().includes(wanted)))
  )
  const key = (Object.hasOwn(keys, query.sort) ? keys[query.sort] : undefined) ?? Object.values(keys)[0]
  const direction = query.descending ? -1 : 1
  const sorted =
    key === undefined
      ? found
      : found
          .map((row) => ({ row, key: key(row) }))
          .sort((a, b) => direction * compare(a.key, b.key))
          .map(({ row }) => row)
  const page = Math.max(0, Math.min(query.page, Math.ceil(sorted.length / pageSize) - 1))
  return {
    query: { ...query, page },
    rows: sorted.slice(page * pageSize, (page + 1) * pageSize),
    matching: sorted.length,
    total: all.length
  }
}
