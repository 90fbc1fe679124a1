/** A client as its instances see it. It is in all rooms of the instances that it has mounted. */
import type { Presence } from "../room/Presence.ts"
import type { StateCursor, CursorSink } from "../sync/StateCursor.ts"
import type { Room } from "../room/Room.ts"

/** A client that has mounted an instance. */
export interface Subscriber extends CursorSink {
  /** Whether its limit permits it to be in these rooms as well. */
  readonly hasRoomFor: (rooms: ReadonlyArray<Room>) => boolean
  /** An instance that it has mounted is in this room now: the client gets the events of the contract. */
  readonly enter: (room: Room, componentId: string, cursor: StateCursor, events: ReadonlyMap<string, unknown>) => void
  /** The instance has left the room. */
  readonly exit: (room: Room, componentId: string) => void
  /** The client has unmounted the instance. */
  readonly forget: (room: Room, componentId: string) => void
  /** The client is to keep this token, and bring it when it mounts the instance again. */
  readonly carry: (cursor: StateCursor, token: string) => void
  /** Begin and end to follow a list of presence. */
  readonly watch: (presence: Presence, cursor: StateCursor) => void
  readonly unwatch: (presence: Presence) => void
}
