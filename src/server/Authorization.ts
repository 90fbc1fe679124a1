/** Who may do what. By default everyone may join every room; who may mount a component may be in one with it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Principal } from "../Principal.ts"

/** Somebody wants to be in a room. */
export interface Joining {
  readonly room: string
  /** The component that is to be in it. */
  readonly component: string
  /** Of a shared instance. */
  readonly key: string | undefined
  /** Whose instance it is; a shared one is nobody's. */
  readonly principal: Principal | undefined
}

/** Gives the rights. */
export interface Service {
  /** Asked before an instance joins a room, whether it is mounted with it or joins by itself. */
  readonly join: (joining: Joining) => Effect.Effect<boolean>
}

/** Who may do what. */
export const Authorization = Context.Reference<Service>("fibra/server/Authorization", {
  defaultValue: () => ({ join: () => Effect.succeed(true) })
})

/** Asks these; what is left out is allowed. */
export const layer = (service: Partial<Service>): Layer.Layer<never> =>
  Layer.succeed(Authorization, { join: () => Effect.succeed(true), ...service })
