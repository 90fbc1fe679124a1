/** The instances, a page at a time. */
import type { ReactElement } from "react"
import { LiveStatus } from "../../react/LiveStatus.tsx"
import { useComponent } from "../../react/useComponent.ts"
import { type InstanceRow, InstanceTable } from "../InstanceTable.ts"
import { Badge } from "./Badge.tsx"
import * as Format from "./Format.ts"
import { type Column, Grid } from "./Grid.tsx"
import { QueryBar } from "./QueryBar.tsx"
import { toInstance } from "./Route.ts"

const columns: ReadonlyArray<Column<InstanceRow>> = [
  {
    title: "Instance",
    sort: "component",
    render: ({ component, id }) => (
      <a href={toInstance(id)} title={id}>
        {component} <span className="id">{id.slice(-8)}</span>
      </a>
    )
  },
  { title: "Key", sort: "key", render: ({ key }) => key ?? <span className="soft">private</span> },
  { title: "Principal", render: ({ principal }) => principal },
  { title: "Status", sort: "status", render: ({ status }) => <Badge of={status} /> },
  { title: "Health", sort: "health", render: ({ health }) => <Badge of={health} /> },
  { title: "Mailbox", sort: "mailbox", isNumber: true, render: ({ mailbox }) => Format.number(mailbox) },
  { title: "Readers", sort: "readers", isNumber: true, render: ({ readers }) => Format.number(readers) },
  { title: "Actions", sort: "actions", isNumber: true, render: ({ actions }) => Format.number(actions) },
  { title: "Crashes", sort: "crashes", isNumber: true, render: ({ crashes }) => Format.number(crashes) },
  { title: "Restarts", sort: "restarts", isNumber: true, render: ({ restarts }) => Format.number(restarts) },
  { title: "p95 run", sort: "run", isNumber: true, render: ({ run }) => Format.millis(run) },
  { title: "State", sort: "bytes", isNumber: true, render: ({ bytes }) => Format.bytes(bytes) },
  { title: "Created", sort: "created", isNumber: true, render: ({ created }) => Format.day(created) }
]

interface InstancesProps {
  readonly text: string
  readonly kind: string
}

/** The instances that fit. */
export const Instances = ({ kind, text }: InstancesProps): ReactElement => {
  const table = useComponent(InstanceTable, { props: { text, kind } })
  const { matching, query, rows, total } = table.state
  return (
    <>
      <LiveStatus of={table} className="live" />
      <QueryBar
        label="Id, component, key, principal or room"
        query={query}
        matching={matching}
        total={total}
        kinds={{ label: "Health", values: ["healthy", "degraded", "unhealthy"] }}
        onQuery={(wanted) => void table.call.Show(wanted)}
      />
      <Grid
        title="Instances"
        columns={columns}
        rows={rows}
        idOf={({ id }) => id}
        sorting={query}
        onSort={(sorting) => void table.call.Show({ ...query, ...sorting, page: 0 })}
        empty="No instance fits."
      />
    </>
  )
}
