/**
 * Where the instances are found that have a key. There is at most one for each component and key, wherever it runs: whoever asks
 * for it is given a reference to that one, which is activated if nobody has it. Who may have it was asked before.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Directory from "../../actor/Directory.ts"
import type * as Component from "../../Component.ts"
import { type LiveError, refuse, TooManyComponents } from "../../LiveError.ts"
import * as LiveConfig from "../LiveConfig.ts"
import { SnapshotStore } from "../store/SnapshotStore.ts"
import { ComponentRegistry } from "./ComponentRegistry.ts"
import type { InstanceActor } from "./InstanceActor.ts"
import type { InstanceRef } from "./InstanceRef.ts"
import { InstanceRunner } from "./InstanceRunner.ts"
import { LocalAddress } from "./LocalAddress.ts"
import { LocalInstanceRef } from "./LocalInstanceRef.ts"
import * as StateRecovery from "./StateRecovery.ts"

/** Names an instance that has a key. */
export interface InstanceAddress {
  readonly component: Component.Any
  readonly key: string
}

/** An instance is wanted. */
export interface Wanted extends InstanceAddress {
  /** What this one mounts it with; an instance is made with those of the first. */
  readonly props: unknown
}

/** Where instances are found. */
export class InstanceDirectory extends Context.Service<
  InstanceDirectory,
  {
    /**
     * Finds or activates the instance. It stays active until the reference is released, and is passivated when nobody has held it
     * for long enough.
     */
    readonly get: (wanted: Wanted) => Effect.Effect<InstanceRef, LiveError>
    /** The addresses of the instances that are active or being activated. */
    readonly list: Effect.Effect<ReadonlyArray<InstanceAddress>>
  }
>()("fibra/server/InstanceDirectory") {}

/** All instances run in this process. */
export const layerLocal: Layer.Layer<InstanceDirectory, never, ComponentRegistry | InstanceRunner | SnapshotStore> =
  Layer.effect(
    InstanceDirectory,
    Effect.gen(function* () {
      const { maxKeyed } = yield* LiveConfig.LiveConfig
      const registry = yield* ComponentRegistry
      const runner = yield* InstanceRunner
      const store = yield* SnapshotStore

      const activate = ({ definition, key, props }: LocalAddress): Effect.Effect<InstanceActor, LiveError> =>
        Effect.gen(function* () {
          const origin = yield* StateRecovery.fromStore(store, definition, key)
          const actor = yield* runner.start(definition, { key, props, principal: undefined, origin })
          // A restored one has to be known as the later life.
          if (origin !== undefined) runner.keep(actor.instance)
          return actor
        })

      const directory = yield* Directory.make({
        activate: (address: LocalAddress) =>
          Effect.map(Effect.acquireRelease(activate(address), runner.stop, { interruptible: true }), (actor) => ({
            ref: actor,
            watch: actor.instance.cell.watch()
          })),
        maxIdleTime: ({ definition }: LocalAddress) => definition.maxIdleTime,
        capacity: maxKeyed
      })

      const hold = (address: LocalAddress): Effect.Effect<InstanceRef, LiveError> =>
        Effect.uninterruptibleMask((restore) => {
          const scope = Scope.makeUnsafe()
          const found = restore(Scope.provide(directory.get(address), scope))
          return Effect.map(
            // Whoever stops waiting for it does not hold it.
            Effect.onError(found, () => Scope.close(scope, Exit.void)),
            (actor) => new LocalInstanceRef(actor, address.props, runner, scope)
          )
        }).pipe(
          Effect.catchTag("DirectoryFull", ({ capacity }) =>
            refuse(new TooManyComponents({ limit: capacity, of: "server" }))
          )
        )

      return InstanceDirectory.of({
        get: ({ component: { componentName }, key, props }) =>
          Effect.flatMap(registry.find({ component: componentName }), (definition) =>
            hold(new LocalAddress(definition, key, props))
          ),
        list: Effect.map(directory.addresses, (addresses) =>
          addresses.map(({ definition, key }) => ({ component: definition.component, key }))
        )
      })
    })
  )
