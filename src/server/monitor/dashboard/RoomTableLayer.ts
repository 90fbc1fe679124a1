/** Shows a page of the rooms, and who is in them: the clients that have mounted an instance of the room. */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Component from "../../../Component.ts"
import { maxNamed, type RoomRow, RoomTable } from "../../../dashboard/RoomTable.ts"
import type { RoomInfo } from "../../room/Room.ts"
import type { ConnectionInfo } from "../../transport/ConnectionInfo.ts"
import { DashboardSource } from "./DashboardSource.ts"
import { refresh } from "./Live.ts"
import * as TablePage from "./TablePage.ts"

const nameOf = ({ name = "" }: RoomInfo): string => name

const columns: TablePage.Columns<RoomInfo> = {
  texts: (room) => [nameOf(room)],
  keys: {
    clients: ({ readers }) => readers,
    name: nameOf,
    instances: ({ members }) => members.length,
    behind: ({ behind }) => behind,
    events: ({ index }) => index
  }
}

const rowOf = (room: RoomInfo, clientsOf: ReadonlyMap<string, ReadonlyArray<ConnectionInfo>>): RoomRow => {
  const clients = new Set(room.members.flatMap((id) => clientsOf.get(id) ?? []))
  const people = new Set(Array.from(clients).flatMap(({ principal }) => (principal === undefined ? [] : [principal])))
  return {
    name: nameOf(room),
    instances: room.members.length,
    clients: room.readers,
    behind: room.behind,
    events: room.index,
    people: Array.from(people).slice(0, maxNamed),
    anonymous: Array.from(clients).filter(({ principal }) => principal === undefined).length,
    members: room.members.slice(0, maxNamed)
  }
}

const byInstance = (all: ReadonlyArray<ConnectionInfo>): ReadonlyMap<string, ReadonlyArray<ConnectionInfo>> => {
  const clientsOf = new Map<string, Array<ConnectionInfo>>()
  for (const connection of all) {
    for (const id of connection.components) {
      const known = clientsOf.get(id)
      if (known === undefined) clientsOf.set(id, [connection])
      else known.push(connection)
    }
  }
  return clientsOf
}

/** A page of the rooms. */
export const layer: Layer.Layer<Component.BehaviorOf<RoomTable>, never, DashboardSource> = RoomTable.toLayer(
  Effect.gen(function* () {
    const self = yield* RoomTable
    const source = yield* DashboardSource
    const look = Effect.gen(function* () {
      const rooms = yield* source.rooms
      const clientsOf = byInstance(yield* source.connections)
      return yield* self.update(({ query }) => {
        const page = TablePage.of(rooms, columns, query)
        return { ...page, rows: page.rows.map((room) => rowOf(room, clientsOf)) }
      })
    })
    yield* refresh(look)
    return RoomTable.of({
      Show: (query) =>
        Effect.asVoid(
          Effect.andThen(
            self.update((state) => ({ ...state, query })),
            look
          )
        )
    })
  })
)
