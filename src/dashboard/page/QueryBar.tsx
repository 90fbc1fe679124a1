/** Filters a table of the server, and goes through its pages. */
import { type ReactElement, useId, useState } from "react"
import { pageSize, type TableQuery } from "../Table.ts"
import * as Format from "./Format.ts"

interface QueryBarProps {
  /** What is searched: "Id, component or key". */
  readonly label: string
  readonly query: TableQuery
  readonly matching: number
  readonly total: number
  readonly kinds?: { readonly label: string; readonly values: ReadonlyArray<string> }
  readonly onQuery: (query: TableQuery) => void
}

/** A text, a kind, and pages. */
export const QueryBar = ({ kinds, label, matching, onQuery, query, total }: QueryBarProps): ReactElement => {
  const id = useId()
  // What is typed is shown at once; the server answers with the query that its rows fit.
  const [text, setText] = useState(query.text)
  const pages = Math.max(1, Math.ceil(matching / pageSize))
  return (
    <div className="query" role="search" aria-label={label}>
      <label htmlFor={`${id}-text`}>{label}</label>
      <input
        id={`${id}-text`}
        type="search"
        value={text}
        maxLength={256}
        onChange={({ target }) => {
          setText(target.value)
          onQuery({ ...query, text: target.value, page: 0 })
        }}
      />
      {kinds !== undefined && (
        <label>
          {kinds.label}
          <select
            value={query.kind}
            onChange={({ target }) => onQuery({ ...query, text, kind: target.value, page: 0 })}
          >
            <option value="">all</option>
            {kinds.values.map((kind) => (
              <option key={kind}>{kind}</option>
            ))}
          </select>
        </label>
      )}
      <p role="status">
        {Format.number(matching)} of {Format.number(total)}
      </p>
      {pages > 1 && (
        <nav aria-label="Pages of the table">
          <button type="button" disabled={query.page === 0} onClick={() => onQuery({ ...query, page: query.page - 1 })}>
            Previous
          </button>
          <span>
            Page {query.page + 1} of {Format.number(pages)}
          </span>
          <button
            type="button"
            disabled={query.page + 1 >= pages}
            onClick={() => onQuery({ ...query, page: query.page + 1 })}
          >
            Next
          </button>
        </nav>
      )}
    </div>
  )
}
