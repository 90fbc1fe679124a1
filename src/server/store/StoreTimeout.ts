/**
 * A SnapshotStore with a time limit on every operation: one that does not answer in time fails, and nobody waits
 * longer, whatever the store is doing. An operation that was given up is interrupted, and may go on nevertheless. Until
 * it has ended, no other operation begins on the same record: later writes are carried out later, and hanging
 * operations do not pile up.
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as TimeLimit from "../../TimeLimit.ts"
import * as LiveConfig from "../LiveConfig.ts"
import * as LiveMetrics from "../LiveMetrics.ts"
import { KeyLocks } from "./KeyLocks.ts"
import { SnapshotStore } from "./SnapshotStore.ts"
import { type Operation, SnapshotStoreError } from "./SnapshotStoreError.ts"

/** An operation, from the request until it has ended, which may be long after it was given up. */
class Asked<A> {
  readonly operation: Operation
  readonly address: string
  readonly ended = Deferred.makeUnsafe<void>()
  readonly #act: () => Effect.Effect<A, SnapshotStoreError>
  #status: "waiting" | "running" | "given up" | "ended" = "waiting"

  constructor(operation: Operation, address: string, act: () => Effect.Effect<A, SnapshotStoreError>) {
    this.operation = operation
    this.address = address
    this.#act = act
  }

  /** Runs the operation. */
  readonly run: Effect.Effect<A, SnapshotStoreError> = Effect.suspend(() => {
    this.#status = "running"
    return Effect.ensuring(Effect.suspend(this.#act), this.#end)
  })

  /** Nobody waits for it any more. Returns whether it is still running. */
  giveUp(): boolean {
    if (this.#status !== "running") return false
    this.#status = "given up"
    return true
  }

  /** Why it was given up. */
  get error(): SnapshotStoreError {
    const why = this.#status === "waiting" ? "the operation before it has not ended" : "no answer in time"
    return new SnapshotStoreError({ operation: this.operation, address: this.address, cause: new Error(why) })
  }

  readonly #end: Effect.Effect<void> = Effect.suspend(() => {
    const isLate = this.#status === "given up"
    this.#status = "ended"
    Deferred.doneUnsafe(this.ended, Exit.void)
    return isLate ? Metric.modify(LiveMetrics.storeHanging, -1) : Effect.void
  })
}

/** The store with this limit on each operation. */
export const make = (store: SnapshotStore["Service"], limit: Duration.Duration): SnapshotStore["Service"] => {
  const [snapshots, tokens] = [new KeyLocks(), new KeyLocks()]
  /** Reads that were given up and have not ended. */
  const reads = new Map<string, Asked<unknown>>()

  const within = <A>(
    asked: Asked<A>,
    inTurn: Effect.Effect<A, SnapshotStoreError>
  ): Effect.Effect<A, SnapshotStoreError> =>
    TimeLimit.timeoutOrElse(inTurn, {
      duration: limit,
      orElse: () => {
        const { address, error, operation } = asked
        const isHanging = asked.giveUp()
        if (isHanging && operation === "read") reads.set(address, asked)
        return Metric.update(Metric.withAttributes(LiveMetrics.storeTimeouts, { operation }), 1).pipe(
          Effect.andThen(isHanging ? Metric.modify(LiveMetrics.storeHanging, 1) : Effect.void),
          Effect.andThen(Effect.fail(error))
        )
      }
    })

  /** Writes of one record run one after the other. */
  const change = <A>(
    locks: KeyLocks,
    operation: Operation,
    address: string,
    act: () => Effect.Effect<A, SnapshotStoreError>
  ): Effect.Effect<A, SnapshotStoreError> =>
    Effect.suspend(() => {
      const asked = new Asked(operation, address, act)
      return within(asked, locks.alone(address, asked.run))
    })

  /** Reads run at the same time, but wait for one that was given up. */
  const read = (address: string) =>
    Effect.suspend(() => {
      const asked = new Asked("read", address, () => store.read(address))
      const forgotten = Effect.sync(() => {
        if (reads.get(address) === asked) reads.delete(address)
      })
      const before = reads.get(address)
      const waited = before === undefined ? Effect.void : Deferred.await(before.ended)
      return within(asked, Effect.andThen(waited, Effect.ensuring(asked.run, forgotten)))
    })

  return SnapshotStore.of({
    read,
    write: (address, ...rest) => change(snapshots, "write", address, () => store.write(address, ...rest)),
    remove: (address) => change(snapshots, "remove", address, () => store.remove(address)),
    spend: (instance, ...rest) => change(tokens, "spend", instance, () => store.spend(instance, ...rest)),
    retire: (instance, ...rest) => change(tokens, "retire", instance, () => store.retire(instance, ...rest))
  })
}

/** Puts `storeTimeout` on the store that is provided. */
export const layer: Layer.Layer<SnapshotStore, never, SnapshotStore> = Layer.effect(
  SnapshotStore,
  Effect.gen(function* () {
    const { storeTimeout } = yield* LiveConfig.LiveConfig
    return make(yield* SnapshotStore, storeTimeout)
  })
)
