/** A table: sorted by its headers, scrolled by keyboard where it is too wide. */
import type { ReactElement, ReactNode } from "react"

/** A column. Those with a `sort` can be sorted by. */
export interface Column<Row> {
  readonly title: string
  readonly sort?: string
  readonly isNumber?: boolean
  readonly render: (row: Row) => ReactNode
}

/** What it is sorted by. */
export interface Sorting {
  readonly sort: string
  readonly descending: boolean
}

interface GridProps<Row> {
  readonly title: string
  readonly columns: ReadonlyArray<Column<Row>>
  readonly rows: ReadonlyArray<Row>
  readonly idOf: (row: Row) => string | number
  readonly sorting?: Sorting
  readonly onSort?: (sorting: Sorting) => void
  /** Shown where there are no rows. */
  readonly empty: string
}

const orderOf = (sorting: Sorting | undefined, sort: string | undefined) => {
  if (sort === undefined || sorting?.sort !== sort) return undefined
  return sorting.descending ? "descending" : "ascending"
}

/** A table. */
export const Grid = <Row,>(props: GridProps<Row>): ReactElement => {
  const { columns, empty, idOf, onSort, rows, sorting, title } = props
  return (
    <div className="grid" role="region" aria-label={title} tabIndex={0}>
      <table>
        <caption className="unseen">{title}</caption>
        <thead>
          <tr>
            {columns.map(({ isNumber, sort, title }) => {
              const order = orderOf(sorting, sort)
              return (
                <th key={title} scope="col" aria-sort={order} className={isNumber === true ? "number" : undefined}>
                  {sort === undefined || onSort === undefined ? (
                    title
                  ) : (
                    <button
                      type="button"
                      onClick={() =>
                        onSort({ sort, descending: order === undefined ? isNumber === true : order === "ascending" })
                      }
                    >
                      {title}
                      <span aria-hidden="true">{order === undefined ? "" : order === "ascending" ? " ▲" : " ▼"}</span>
                    </button>
                  )}
                </th>
              )
            })}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={idOf(row)}>
              {columns.map(({ render, isNumber, title }) => (
                <td key={title} className={isNumber === true ? "number" : undefined}>
                  {render(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p className="empty">{empty}</p>}
    </div>
  )
}
