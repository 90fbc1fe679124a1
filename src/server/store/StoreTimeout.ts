/**
 * A SnapshotStore with a limit on every operation: one that does not answer fails, as one that refuses does. Nobody who asks the
 * store has to think of that; what has no limit here is the store itself.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LiveConfig from "../LiveConfig.ts"
import { SnapshotStore } from "./SnapshotStore.ts"
import { type Operation, SnapshotStoreError } from "./SnapshotStoreError.ts"

/** The store, each of whose operations takes at most this long. */
export const make = (store: SnapshotStore["Service"], limit: Duration.Duration): SnapshotStore["Service"] => {
  const within = <A>(
    operation: Operation,
    address: string,
    effect: Effect.Effect<A, SnapshotStoreError>
  ): Effect.Effect<A, SnapshotStoreError> =>
    Effect.timeoutOrElse(effect, {
      duration: limit,
      orElse: () => Effect.fail(new SnapshotStoreError({ operation, address, cause: new Error("no answer in time") }))
    })
  return SnapshotStore.of({
    read: (address) => within("read", address, store.read(address)),
    write: (address, ...rest) => within("write", address, store.write(address, ...rest)),
    remove: (address) => within("remove", address, store.remove(address)),
    spend: (instance, ...rest) => within("spend", instance, store.spend(instance, ...rest)),
    retire: (instance, ...rest) => within("retire", instance, store.retire(instance, ...rest))
  })
}

/** Puts `storeTimeout` on the store there is. */
export const layer: Layer.Layer<SnapshotStore, never, SnapshotStore> = Layer.effect(
  SnapshotStore,
  Effect.gen(function* () {
    const { storeTimeout } = yield* LiveConfig.LiveConfig
    return make(yield* SnapshotStore, storeTimeout)
  })
)
