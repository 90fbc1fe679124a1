/** Decides which instances of a server are recorded. The runner of the instances tells it of each. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { InstanceActor } from "./InstanceActor.ts"

/** Decides which instances are recorded. */
export interface Recorders {
  /** The instances that can be recorded from now on, until the Scope closes. */
  readonly attach: (find: (id: string) => InstanceActor | undefined) => Effect.Effect<void, never, Scope.Scope>
  /** An instance is about to start. */
  readonly begin: (actor: InstanceActor) => void
}

/** Undefined where nothing can be recorded. */
export const InstanceRecorders = Context.Reference<Recorders | undefined>("fibra/server/InstanceRecorders", {
  defaultValue: () => undefined
})
