/** What is open on a server. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { Instances } from "../server/instance/Instances.ts"
import type * as LiveCore from "../server/LiveCore.ts"
import { Rooms } from "../server/room/Rooms.ts"
import { Sessions } from "../server/session/Sessions.ts"
import { Transport } from "../server/transport/Transport.ts"

/** How much is open. */
export interface Open {
  readonly connections: number
  readonly sessions: number
  /** Sessions among them whose clients are away. */
  readonly parked: number
  readonly instances: number
  /** Rooms somebody is in. */
  readonly rooms: number
}

/** Of a server that does not run. */
export const nothing: Open = { connections: 0, sessions: 0, parked: 0, instances: 0, rooms: 0 }

/** Of this server. */
export const of = (core: Context.Context<LiveCore.Core>): Effect.Effect<Open> =>
  Effect.map(
    Effect.all({
      connections: Context.get(core, Transport).size,
      clients: Context.get(core, Sessions).size,
      instances: Context.get(core, Instances).size,
      rooms: Context.get(core, Rooms).size
    }),
    ({ clients, ...open }) => ({ ...open, ...clients })
  )
