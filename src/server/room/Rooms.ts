/**
 * The rooms of one server, by name. A room is there for as long as an instance is in it; who has not read its last words yet goes on
 * reading.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type LiveError, refuse, RoomRejected } from "../../LiveError.ts"
import * as Authorization from "../security/Authorization.ts"
import * as LiveConfig from "../LiveConfig.ts"
import { Room, type RoomInfo } from "./Room.ts"

/** The rooms of one server. */
export class Rooms extends Context.Service<
  Rooms,
  {
    /** Checks the name, and the right to be there. */
    readonly admit: (joining: Authorization.Joining) => Effect.Effect<void, LiveError>
    /** Finds or makes the room. */
    readonly openUnsafe: (name: string) => Room
    /** A room without a name, for those who have mounted one instance. */
    readonly ofInstanceUnsafe: (componentId: string) => Room
    /** An instance has left it; it vanishes if that was the last. */
    readonly leftUnsafe: (room: Room) => void
    /** A number no other list of who is there has. */
    readonly nextListUnsafe: () => number
    /** Those with a name. */
    readonly list: Effect.Effect<ReadonlyArray<RoomInfo>>
    /** How many there are. */
    readonly size: Effect.Effect<number>
  }
>()("fibra/server/Rooms") {}

/** Letters, marks, digits, punctuation and symbols of any script. */
const form = /^(?!\p{M})(?:(?![\u115F\u1160\u2800\u3164\uFFA0])[\p{L}\p{M}\p{N}\p{P}\p{S}]){1,128}$/u

/** As much of a name as goes into an error. */
export const shortened = (room: string): string => (room.length > 64 ? `${room.slice(0, 64)}…` : room)

/** No room at first. */
export const layer: Layer.Layer<Rooms> = Layer.effect(
  Rooms,
  Effect.gen(function* () {
    const config = yield* LiveConfig.LiveConfig
    const authorization = yield* Authorization.Authorization
    const clock = yield* Effect.clockWith(Effect.succeed)
    const now = () => clock.currentTimeMillisUnsafe()
    const rooms = new Map<string, Room>()
    /** Events in a room of one name are counted on when it vanishes and comes again. */
    let highest = 0
    let lists = 0
    return Rooms.of({
      admit: (joining) =>
        Effect.suspend(() => {
          const { room } = joining
          // A name that is far too long is not looked through.
          if (room.length > 256 || !form.test(room)) {
            return refuse(
              new RoomRejected({
                room: shortened(room),
                issue: "its name is empty, too long, or has a character that cannot be seen"
              })
            )
          }
          return authorization.join === undefined
            ? Effect.void
            : Authorization.check(authorization.join(joining), () => `Joining the room ${JSON.stringify(room)}`)
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
