/**
 * Writes to the SnapshotStore what it has to know of the instances of one server: the states of those that persist, and which tokens
 * are in use. At most once per interval, and always after the last change. What the store refuses is repeated. An instance that stopped
 * meanwhile is kept until it is stored, but not for ever, and its next life begins with its last state.
 */
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Monotonic from "../../actor/Monotonic.ts"
import * as Log from "../../Log.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { SnapshotStore, SnapshotStoreError } from "../store/SnapshotStore.ts"
import type { Instance } from "./Instance.ts"
import { Throttle } from "./Throttle.ts"

/** The address of an instance in the store. */
export const addressOf = (component: string, own: { readonly key: string | undefined; readonly id: string }): string =>
  encodeURIComponent(component) + (own.key === undefined ? `#${own.id}` : `/${own.key}`)

/** Writes that a round waits for at the same time. */
const concurrentWrites = 16

/** When failed writes are repeated while the server ends. */
const again = Schedule.min([Schedule.exponential("250 millis"), Schedule.spaced("10 seconds")])

/** How long the last state of a stopped instance is offered to a store that fails. */
const patience = Duration.minutes(5)

/** An instance that has stopped, and when, in monotonic milliseconds. */
interface Stopped {
  readonly instance: Instance
  readonly since: number
}

/** The state writer of one server. */
export class StateWriter {
  readonly #store: SnapshotStore["Service"]
  readonly #config: LiveConfig.Settings
  readonly #superseded: (instance: Instance) => void
  readonly #writes: Throttle<Instance>
  /** Stopped instances that are not stored yet, by address. */
  readonly #stopped = new Map<string, Stopped>()
  /** Opened by `close`. */
  readonly #over = Latch.makeUnsafe(false)
  #isClosed = false

  /** Calls `superseded` with an instance that runs here although a later life has begun on another server. */
  constructor(
    store: SnapshotStore["Service"],
    config: LiveConfig.Settings,
    superseded: (instance: Instance) => void,
    context: Context.Context<Scope.Scope>
  ) {
    this.#store = store
    this.#config = config
    this.#superseded = superseded
    const work = (instance: Instance) => this.#kept(instance)
    this.#writes = new Throttle(config.persistInterval, concurrentWrites, work, context)
  }

  /** Marks an instance for the next round. */
  mark(instance: Instance): void {
    this.#writes.mark(instance)
  }

  /** Writes what is due of an instance now. */
  now(instance: Instance): void {
    this.#writes.now(instance)
  }

  /** Writes the last state of a stopped instance, without waiting for the store. */
  stopped(instance: Instance): Effect.Effect<void> {
    return Effect.flatMap(Monotonic.millis, (since) => {
      if (!isDue(instance) && instance.checkpoint.retirement("stopped") === undefined) {
        this.#writes.drop(instance)
        return Effect.void
      }
      if (this.#isClosed) return lost(instance)
      this.#stopped.set(addressOfInstance(instance), { instance, since })
      this.#writes.now(instance)
      return Effect.void
    })
  }

  /** The stopped instance of this address, while its last state is not stored. */
  unstored(address: string): Instance | undefined {
    const instance = this.#stopped.get(address)?.instance
    return instance !== undefined && isDue(instance) ? instance : undefined
  }

  /** Gives up the stopped instance of this address: a later life has begun with its state. */
  replaced(address: string): void {
    const stopped = this.#stopped.get(address)
    if (stopped === undefined) return
    this.#stopped.delete(address)
    this.#writes.drop(stopped.instance)
  }

  /** Writes everything that is due. What the store refuses is repeated until `close`. */
  get flush(): Effect.Effect<void> {
    const flushed = Effect.repeat(this.#writes.flush, { schedule: again, while: () => this.#writes.size > 0 })
    return Effect.raceFirst(flushed, this.#over.await)
  }

  /** Stops all writing, and logs which states are lost. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#isClosed = true
      this.#over.openUnsafe()
      return Effect.forEach(this.#stopped.values(), ({ instance }) => lost(instance), { discard: true })
    })
  }

  #kept(instance: Instance): Effect.Effect<void, SnapshotStoreError> {
    return Effect.suspend(() => {
      if (this.#isClosed) return Effect.void
      const address = addressOfInstance(instance)
      const stopped = this.#stopped.get(address)
      const life = stopped?.instance === instance ? "stopped" : "running"
      const kept = Effect.andThen(this.#write(instance, address), this.#retire(instance, address, life))
      if (stopped === undefined || life === "running") return kept
      return kept.pipe(
        Effect.catch((error) =>
          Effect.flatMap(Monotonic.millis, (now) =>
            now - stopped.since < Duration.toMillis(patience) ? Effect.fail(error) : lost(instance, error)
          )
        ),
        Effect.andThen(Effect.sync(() => this.#forget(address, stopped)))
      )
    })
  }

  #forget(address: string, stopped: Stopped): void {
    if (this.#stopped.get(address) === stopped) this.#stopped.delete(address)
  }

  #write(instance: Instance, address: string): Effect.Effect<void, SnapshotStoreError> {
    return Effect.suspend(() => {
      if (!isDue(instance)) return Effect.void
      const { encoded, epoch, key, revision, definition } = instance
      const { componentName: component, version } = definition.component
      const snapshot = { component, version, epoch, revision, state: encoded }
      const timeToLive = key === undefined ? this.#config.tokenAge : undefined
      return this.#store.write(address, snapshot, timeToLive).pipe(
        Effect.tapError((cause) => Log.error("The state of a component was not stored", { address, cause })),
        Effect.flatMap((isNewest) => {
          if (isNewest) {
            instance.checkpoint.stored(revision)
            return Effect.void
          }
          instance.checkpoint.discard()
          return Log.warning("A later life of this instance has stored its state", { address })
        })
      )
    })
  }

  #retire(instance: Instance, address: string, life: "running" | "stopped"): Effect.Effect<void, SnapshotStoreError> {
    return Effect.suspend(() => {
      const { checkpoint, id } = instance
      const retirement = checkpoint.retirement(life)
      if (retirement === undefined) return Effect.void
      return this.#store.retire(id, retirement, this.#config.tokenAge).pipe(
        Effect.tapError((cause) => Log.warning("The tokens of a component were not retired", { address, cause })),
        Effect.flatMap((next) => {
          checkpoint.retired(retirement.serial)
          if (life === "stopped" || next === undefined || next.epoch <= checkpoint.epoch) return Effect.void
          this.#superseded(instance)
          return Log.warning("A later life of this instance has begun elsewhere, so this one ends", { address })
        })
      )
    })
  }
}

/** Whether the store lacks the current state. */
const isDue = ({ checkpoint, definition, encoded, revision }: Instance): boolean =>
  definition.persist && encoded !== undefined && checkpoint.isDue(revision)

const addressOfInstance = (instance: Instance): string =>
  addressOf(instance.definition.component.componentName, instance)

/** Gives up the last state, so that no later write disturbs the next instance of its address. */
const lost = (instance: Instance, error?: SnapshotStoreError): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (!isDue(instance)) return Effect.void
    instance.checkpoint.discard()
    const message =
      "The last changes of a component are lost: the SnapshotStore did not take them within five minutes, or before the server ended. " +
      "See whether it runs, accepts this server and has space."
    const address = addressOfInstance(instance)
    return Log.error(message, error === undefined ? { address } : { address, cause: error })
  })
