/** The connections and their pools. */
import { type ReactElement, useState } from "react"
import { LiveStatus } from "../../react/LiveStatus.tsx"
import { useComponent } from "../../react/useComponent.ts"
import { type ConnectionRow, ConnectionTable } from "../ConnectionTable.ts"
import * as Format from "./Format.ts"
import { type Column, Grid } from "./Grid.tsx"
import { QueryBar } from "./QueryBar.tsx"

const columns: ReadonlyArray<Column<ConnectionRow>> = [
  { title: "Number", sort: "since", isNumber: true, render: ({ id }) => id },
  {
    title: "Principal",
    sort: "principal",
    render: ({ principal }) => principal ?? <span className="soft">anonymous</span>
  },
  { title: "Address", sort: "address", render: ({ address }) => address },
  { title: "Pool", sort: "pool", render: ({ pool }) => pool },
  { title: "Since", render: ({ since }) => Format.day(since) },
  { title: "Last active", sort: "active", render: ({ active }) => Format.time(active) },
  {
    title: "Latency",
    sort: "latency",
    isNumber: true,
    render: ({ latency }) => (latency === null ? "" : Format.millis(latency))
  },
  {
    title: "Received",
    sort: "received",
    isNumber: true,
    render: ({ bytesReceived, received }) => `${Format.number(received)}, ${Format.bytes(bytesReceived)}`
  },
  {
    title: "Sent",
    sort: "sent",
    isNumber: true,
    render: ({ bytesSent, sent }) => `${Format.number(sent)}, ${Format.bytes(bytesSent)}`
  },
  {
    title: "Not sent yet",
    sort: "buffered",
    isNumber: true,
    render: ({ buffered, isPaused }) => `${Format.bytes(buffered)}${isPaused ? ", paused" : ""}`
  },
  { title: "Mounts", sort: "components", isNumber: true, render: ({ components }) => Format.number(components) }
]

/** The connections. */
export const Connections = (): ReactElement => {
  const table = useComponent(ConnectionTable)
  const { call, connected, error, state } = table
  const { matching, pools, query, rows, strategy, total } = state
  const [said, setSaid] = useState("")
  const drain = (pool: string) =>
    void call.Drain({ pool }).then(({ ok }) => setSaid(ok ? `${pool} is being drained.` : ""))
  return (
    <>
      <LiveStatus of={table} className="live" />
      <QueryBar
        label="Principal, address or pool"
        query={query}
        matching={matching}
        total={total}
        onQuery={(wanted) => void call.Show(wanted)}
      />
      <Grid
        title="Connections"
        columns={columns}
        rows={rows}
        idOf={({ id }) => id}
        sorting={query}
        onSort={(sorting) => void call.Show({ ...query, ...sorting, page: 0 })}
        empty="Nobody is connected."
      />
      <h2>Pools</h2>
      {strategy !== "" && <p className="hint">A new connection goes to a pool by {strategy}.</p>}
      <Grid
        title="Pools"
        columns={[
          { title: "Pool", render: ({ id }) => id },
          {
            title: "Connections",
            isNumber: true,
            render: ({ limit, size }) => `${Format.number(size)}${limit === null ? "" : ` of ${Format.number(limit)}`}`
          },
          { title: "Active", isNumber: true, render: ({ active }) => Format.number(active) },
          { title: "Idle", isNumber: true, render: ({ idle }) => Format.number(idle) },
          {
            title: "Drain",
            render: ({ id, isDraining }) =>
              isDraining ? (
                "is being drained"
              ) : (
                <button type="button" disabled={!connected} onClick={() => drain(id)} aria-label={`Drain ${id}`}>
                  Drain
                </button>
              )
          }
        ]}
        rows={pools}
        idOf={({ id }) => id}
        empty="There are no pools."
      />
      <p role="status" className="said">
        {said}
      </p>
      {error !== undefined && <p role="alert">{error.message}</p>}
    </>
  )
}
