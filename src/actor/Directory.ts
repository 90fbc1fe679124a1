import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import type * as Scope from "effect/Scope"
import { DirectoryFull } from "./ActorError.ts"
import type { Termination } from "./ActorCell.ts"

export const make = <Address, Ref, E, R>(options: {
  readonly activate: (address: Address) => Effect.Effect<{ readonly ref: Ref; readonly watch: Effect.Effect<Termination> }, E, R>
  readonly maxIdleTime: (address: Address) => Duration.Input
  readonly capacity: number
}) =>
  Effect.map(
    RcMap.make({
      lookup: (address: Address) => Effect.map(options.activate(address), (a) => a.ref),
      idleTimeToLive: options.maxIdleTime
    }),
    (map) => ({ get: (address: Address): Effect.Effect<Ref, E | DirectoryFull, Scope.Scope> => RcMap.get(map, address) })
  )
