/** The rooms, and who is in them. */
import type { ReactElement } from "react"
import { LiveStatus } from "../../react/LiveStatus.tsx"
import { useComponent } from "../../react/useComponent.ts"
import { type RoomRow, RoomTable } from "../RoomTable.ts"
import * as Format from "./Format.ts"
import { type Column, Grid } from "./Grid.tsx"
import { QueryBar } from "./QueryBar.tsx"
import { toInstance } from "./Route.ts"

const whoOf = ({ anonymous, people }: RoomRow): string =>
  [...people, ...(anonymous > 0 ? [`${Format.number(anonymous)} anonymous`] : [])].join(", ") || "nobody"

const columns: ReadonlyArray<Column<RoomRow>> = [
  { title: "Room", sort: "name", render: ({ name }) => name },
  { title: "Who", render: whoOf },
  { title: "Clients", sort: "clients", isNumber: true, render: ({ clients }) => Format.number(clients) },
  { title: "Behind", sort: "behind", isNumber: true, render: ({ behind }) => Format.number(behind) },
  { title: "Events", sort: "events", isNumber: true, render: ({ events }) => Format.number(events) },
  {
    title: "Instances",
    sort: "instances",
    render: ({ instances, members }) => (
      <ul className="inline">
        {members.map((id) => (
          <li key={id}>
            <a href={toInstance(id)} title={id}>
              {id.split("-", 1)[0]} <span className="id">{id.slice(-8)}</span>
            </a>
          </li>
        ))}
        {instances > members.length && <li>and {Format.number(instances - members.length)} more</li>}
      </ul>
    )
  }
]

/** The rooms. */
export const Rooms = (): ReactElement => {
  const table = useComponent(RoomTable)
  const { matching, query, rows, total } = table.state
  return (
    <>
      <LiveStatus of={table} className="live" />
      <QueryBar
        label="Name of a room"
        query={query}
        matching={matching}
        total={total}
        onQuery={(wanted) => void table.call.Show(wanted)}
      />
      <Grid
        title="Rooms"
        columns={columns}
        rows={rows}
        idOf={({ name }) => name}
        sorting={query}
        onSort={(sorting) => void table.call.Show({ ...query, ...sorting, page: 0 })}
        empty="There are no rooms."
      />
    </>
  )
}
