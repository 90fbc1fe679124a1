/**
 * The rooms of one server, by name. A room exists as long as an instance is in it. Clients that have not read all of
 * its events keep reading after that.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type LiveError, refuse, RoomRejected } from "../../LiveError.ts"
import type { Joining } from "../security/Rights.ts"
import * as RightsInForce from "../security/RightsInForce.ts"
import * as Permission from "../security/Permission.ts"
import * as LiveConfig from "../LiveConfig.ts"
import { Room, type RoomInfo } from "./Room.ts"

/** The rooms of one server. */
export class Rooms extends Context.Service<
  Rooms,
  {
    /** Checks the name, and whether Authorization permits to join. */
    readonly admit: (joining: Joining) => Effect.Effect<void, LiveError>
    /** Finds or makes the room. */
    readonly openUnsafe: (name: string) => Room
    /** A room without a name, for those who have mounted one instance. */
    readonly ofInstanceUnsafe: (componentId: string) => Room
    /** An instance has left the room, which is removed when that was the last. */
    readonly leftUnsafe: (room: Room) => void
    /** A number that no other list of presence has. */
    readonly nextListUnsafe: () => number
    /** The rooms that have a name. */
    readonly list: Effect.Effect<ReadonlyArray<RoomInfo>>
    /** How many have a name. */
    readonly size: Effect.Effect<number>
  }
>()("fibra/server/Rooms") {}

/** Letters, marks, digits, punctuation and symbols of any script. */
const form = /^(?!\p{M})(?:(?![\u115F\u1160\u2800\u3164\uFFA0])[\p{L}\p{M}\p{N}\p{P}\p{S}]){1,128}$/u

/** The part of a name that goes into errors. */
export const shortened = (room: string): string => (room.length > 64 ? `${room.slice(0, 64)}…` : room)

/** No rooms at first. */
export const layer: Layer.Layer<Rooms> = Layer.effect(
  Rooms,
  Effect.gen(function* () {
    const config = yield* LiveConfig.LiveConfig
    const rights = yield* RightsInForce.current
    const clock = yield* Effect.clockWith(Effect.succeed)
    const now = () => clock.currentTimeMillisUnsafe()
    const rooms = new Map<string, Room>()
    /** A room that is made again must not repeat indices. */
    let highest = 0
    let lists = 0
    return Rooms.of({
      admit: (joining) =>
        Effect.suspend(() => {
          const { room } = joining
          // Does not search names that are far too long.
          if (room.length > 256 || !form.test(room)) {
            return refuse(
              new RoomRejected({
                room: shortened(room),
                issue: "its name is empty, too long, or has a character that cannot be seen"
              })
            )
          }
          const right = rights.join(joining)
          if (right === undefined) return Effect.void
          const what = () => `Joining the room ${JSON.stringify(room)}`
          return Permission.checkWithin(config.authenticationTimeout, right, what)
        }),
      openUnsafe: (name) => {
        let room = rooms.get(name)
        if (room === undefined) rooms.set(name, (room = new Room(config, { room: name }, highest, now)))
        return room
      },
      ofInstanceUnsafe: (componentId) => new Room(config, { componentId }, 0, now),
      leftUnsafe: (room) => {
        if (room.name === undefined || !room.isEmpty || rooms.get(room.name) !== room) return
        highest = Math.max(highest, room.log.index)
        rooms.delete(room.name)
      },
      nextListUnsafe: () => ++lists,
      list: Effect.sync(() => Array.from(rooms.values(), ({ info }) => info)),
      size: Effect.sync(() => rooms.size)
    })
  })
)
