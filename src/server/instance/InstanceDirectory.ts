/**
 * Finds the instances that have a key. There is at most one for each component and key in the whole system, wherever it
 * runs: `get` returns a reference to it, and activates it first where necessary. Permissions are checked before.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Directory from "../../actor/Directory.ts"
import type { HolderShare } from "../../actor/Holdings.ts"
import type * as Component from "../../Component.ts"
import { ComponentCrashed, type LiveError, refuse, TooManyComponents } from "../../LiveError.ts"
import type { Json } from "../../Patch.ts"
import * as LiveConfig from "../LiveConfig.ts"
import { SnapshotStore } from "../store/SnapshotStore.ts"
import { ComponentRegistry } from "./ComponentRegistry.ts"
import type { InstanceActor } from "./InstanceActor.ts"
import type { Holder, InstanceRef, OnHeld } from "./InstanceRef.ts"
import { InstanceRunner } from "./InstanceRunner.ts"
import { LocalAddress } from "./LocalAddress.ts"
import { LocalInstanceRef } from "./LocalInstanceRef.ts"
import * as StateRecovery from "./StateRecovery.ts"

/** The address of an instance with a key. */
export interface InstanceAddress {
  readonly component: Component.Any
  readonly key: string
}

/** An instance that is to be found or activated. */
export interface Wanted extends InstanceAddress {
  /** The props of this mount. The instance is made with those of its first. */
  readonly props: unknown
  /** Who is going to hold it; undefined: nobody who has a share. */
  readonly holder?: Holder | undefined
  /** What was tracked of the client in an earlier session, encoded. */
  readonly presence?: Json | undefined
  readonly onHeld: OnHeld
}

/** One session gets two thirds of all that may be active, and a principal or an address four fifths: the rest is for others. */
const sharesOf = ({ holder }: LocalAddress): ReadonlyArray<HolderShare> => {
  if (holder === undefined) return []
  const session = { owner: holder, times: 2 }
  return holder.owner === undefined ? [session] : [session, { owner: holder.owner, times: 4 }]
}

/** The directory of instances with keys. */
export class InstanceDirectory extends Context.Service<
  InstanceDirectory,
  {
    /**
     * Finds or activates the instance. It stays active until the reference is released and the idle time of its
     * behaviour is over.
     */
    readonly get: (wanted: Wanted) => Effect.Effect<InstanceRef, LiveError>
    /** The addresses of all instances that are active or being activated. */
    readonly list: Effect.Effect<ReadonlyArray<InstanceAddress>>
  }
>()("fibra/server/InstanceDirectory") {}

/** A directory for one process. */
export const layerLocal: Layer.Layer<InstanceDirectory, never, ComponentRegistry | InstanceRunner | SnapshotStore> =
  Layer.effect(
    InstanceDirectory,
    Effect.gen(function* () {
      const { maxKeyed } = yield* LiveConfig.LiveConfig
      const registry = yield* ComponentRegistry
      const runner = yield* InstanceRunner
      const store = yield* SnapshotStore

      const start = (
        { definition, key, props }: LocalAddress,
        onStarted: (actor: InstanceActor) => InstanceActor
      ): Effect.Effect<InstanceActor, LiveError> =>
        Effect.gen(function* () {
          const last = runner.unstored(definition, { key, id: "" })
          const recovered =
            last === undefined ? yield* StateRecovery.fromStore(store, definition, key) : StateRecovery.fromLast(last)
          const own = { key, props, principal: undefined, recovered }
          const actor = yield* runner.start(definition, own, onStarted)
          // The store has to know the later life before another one begins.
          if (recovered !== undefined) runner.keep(actor.instance)
          return actor
        })

      /** An activation that is interrupted may have started its actor, so what stops it is there before. */
      const activate = (
        address: LocalAddress
      ): Effect.Effect<Directory.Activated<InstanceActor>, LiveError, Scope.Scope> => {
        let started: InstanceActor | undefined
        const stopped = Effect.suspend(() => (started === undefined ? Effect.void : runner.passivate(started)))
        return Effect.andThen(
          Effect.addFinalizer(() => stopped),
          Effect.map(
            start(address, (actor) => (started = actor)),
            (actor) => ({ ref: actor, watch: actor.instance.cell.watch() })
          )
        )
      }

      const directory = yield* Directory.make({
        activate,
        maxIdleTime: ({ definition }: LocalAddress) => definition.maxIdleTime,
        capacity: maxKeyed,
        sharesOf,
        // Each thing that is waited for there has a limit of its own.
        activationTimeout: Duration.infinity,
        shutdown: Duration.infinity
      })

      const hold = (address: LocalAddress, { onHeld, presence }: Wanted): Effect.Effect<InstanceRef, LiveError> =>
        Effect.uninterruptibleMask((restore) => {
          const scope = Scope.makeUnsafe()
          const found = restore(Scope.provide(directory.get(address), scope))
          return Effect.map(
            // A caller that was interrupted holds nothing.
            Effect.onError(found, () => Scope.close(scope, Exit.void)),
            (actor) => {
              const ref = new LocalInstanceRef(actor, { props: address.props, presence }, runner, scope)
              onHeld(ref)
              return ref
            }
          )
        }).pipe(
          Effect.catchTag("DirectoryFull", ({ capacity }) =>
            refuse(new TooManyComponents({ limit: capacity, of: "server" }))
          ),
          Effect.catchTag("ActivationTimeout", () =>
            refuse(new ComponentCrashed({ component: address.definition.component.componentName }))
          )
        )

      return InstanceDirectory.of({
        get: (wanted) => {
          const { component, holder, key, props } = wanted
          return Effect.flatMap(registry.find({ component: component.componentName }), (definition) =>
            hold(new LocalAddress(definition, key, props, holder), wanted)
          )
        },
        list: Effect.map(directory.addresses, (addresses) =>
          addresses.map(({ definition, key }) => ({ component: definition.component, key }))
        )
      })
    })
  )
