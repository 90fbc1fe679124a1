/** All components, sorted and filtered here: there are as many as somebody has written. */
import { type ReactElement, useMemo, useState } from "react"
import { LiveStatus } from "../../react/LiveStatus.tsx"
import { useComponent } from "../../react/useComponent.ts"
import { type ComponentRow, ComponentTable } from "../ComponentTable.ts"
import * as Format from "./Format.ts"
import { type Column, Grid, type Sorting } from "./Grid.tsx"
import { toInstances } from "./Route.ts"

const keys: { readonly [sort: string]: (row: ComponentRow) => string | number } = {
  component: ({ component }) => component,
  instances: ({ instances }) => instances,
  started: ({ started }) => started,
  ill: ({ health }) => health.unhealthy * 1e6 + health.degraded,
  readers: ({ readers }) => readers,
  actions: ({ actions }) => actions,
  failures: ({ failures }) => failures,
  crashes: ({ crashes }) => crashes,
  restarts: ({ restarts }) => restarts,
  renders: ({ renders }) => renders,
  run: ({ run }) => run,
  publish: ({ publish }) => publish,
  bytes: ({ bytes }) => bytes
}

const count = (title: string, sort: string, of: (row: ComponentRow) => number): Column<ComponentRow> => ({
  title,
  sort,
  isNumber: true,
  render: (row) => Format.number(of(row))
})

const columns: ReadonlyArray<Column<ComponentRow>> = [
  {
    title: "Component",
    sort: "component",
    render: ({ component, version }) => (
      <>
        <a href={toInstances({ text: component })}>{component}</a> <span className="soft">v{version}</span>
      </>
    )
  },
  count("Instances", "instances", ({ instances }) => instances),
  count("Started", "started", ({ started }) => started),
  {
    title: "Ill",
    sort: "ill",
    isNumber: true,
    render: ({ health }) => `${health.unhealthy} unhealthy, ${health.degraded} degraded`
  },
  count("Readers", "readers", ({ readers }) => readers),
  count("Actions", "actions", ({ actions }) => actions),
  count("Typed errors", "failures", ({ failures }) => failures),
  count("Crashes", "crashes", ({ crashes }) => crashes),
  count("Restarts", "restarts", ({ restarts }) => restarts),
  count("Changes", "renders", ({ renders }) => renders),
  { title: "p95 run", sort: "run", isNumber: true, render: ({ run }) => Format.millis(run) },
  { title: "p95 publish", sort: "publish", isNumber: true, render: ({ publish }) => Format.millis(publish) },
  { title: "State", sort: "bytes", isNumber: true, render: ({ bytes }) => Format.bytes(bytes) }
]

const sorted = (rows: ReadonlyArray<ComponentRow>, { descending, sort }: Sorting): ReadonlyArray<ComponentRow> => {
  const key = keys[sort] ?? (({ component }: ComponentRow) => component)
  const direction = descending ? -1 : 1
  return rows.toSorted((a, b) => direction * (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
}

/** The components. */
export const Components = (): ReactElement => {
  const table = useComponent(ComponentTable)
  const [text, setText] = useState("")
  const [sorting, setSorting] = useState<Sorting>({ sort: "component", descending: false })
  const { rows } = table.state
  const shown = useMemo(
    () =>
      sorted(
        rows.filter(({ component }) => component.toLowerCase().includes(text.trim().toLowerCase())),
        sorting
      ),
    [rows, sorting, text]
  )
  return (
    <>
      <LiveStatus of={table} className="live" />
      <div className="query" role="search" aria-label="Components">
        <label htmlFor="component-text">Name</label>
        <input id="component-text" type="search" value={text} onChange={({ target }) => setText(target.value)} />
        <p role="status">
          {shown.length} of {rows.length}
        </p>
      </div>
      <Grid
        title="Components"
        columns={columns}
        rows={shown}
        idOf={({ component }) => component}
        sorting={sorting}
        onSort={setSorting}
        empty="No component has such a name."
      />
    </>
  )
}
