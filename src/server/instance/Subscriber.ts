/** A client, as far as the instances it has mounted may reach it: where they are, so is it. */
import type { Presence } from "../room/Presence.ts"
import type { StateCursor, CursorSink } from "../sync/StateCursor.ts"
import type { Room } from "../room/Room.ts"

/** Who has mounted an instance. */
export interface Subscriber extends CursorSink {
  /** Whether it may be in these rooms, too. */
  readonly hasRoomFor: (rooms: ReadonlyArray<Room>) => boolean
  /** A component that is mounted with this reader is in the room from now on, and hears the events of its contract. */
  readonly enter: (room: Room, componentId: string, cursor: StateCursor, events: ReadonlyMap<string, unknown>) => void
  /** It is not in it any more. */
  readonly exit: (room: Room, componentId: string) => void
  /** It is not mounted any more. */
  readonly forget: (room: Room, componentId: string) => void
  /** It wants to know who is there, and does not any more. */
  readonly watch: (presence: Presence, cursor: StateCursor) => void
  readonly unwatch: (presence: Presence) => void
}
