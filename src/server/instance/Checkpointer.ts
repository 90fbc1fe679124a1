/**
 * Keeps the state of instances beyond their life: of a private instance in a token that its client carries, of a
 * persistent one in the SnapshotStore. Both are written at most once per interval, always after the last change, and
 * once more when the instance stops.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Log from "../../Log.ts"
import type { Json } from "../../Patch.ts"
import type { Encoded } from "../../StateCodec.ts"
import type { Instance } from "./Instance.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import { Throttle } from "./Throttle.ts"
import type { ComponentDefinition } from "./ComponentDefinition.ts"
import type { SnapshotStore, SnapshotStoreError } from "../store/SnapshotStore.ts"
import type { Contents, StateToken } from "../security/StateToken.ts"

/** The address of an instance in the store. */
export const addressOf = (component: string, own: { readonly key: string | undefined; readonly id: string }): string =>
  encodeURIComponent(component) + (own.key === undefined ? `#${own.id}` : `/${own.key}`)

/** Writes that run at the same time. */
const concurrentWrites = 16

/** When a failed write is repeated, where no next round does so. */
const again = Schedule.min([Schedule.exponential("250 millis"), Schedule.spaced("10 seconds")])

/** How long the last state of a stopped instance is offered to a store that fails. */
const patience = Duration.minutes(5)

/** The checkpointer of one server. */
export class Checkpointer {
  readonly #store: SnapshotStore["Service"]
  readonly #tokens: StateToken["Service"]
  readonly #config: LiveConfig.Settings
  readonly #seals: Throttle<Instance>
  readonly #writes: Throttle<Instance>
  /** Components whose state was too large for a token, which is logged once for each. */
  readonly #tooLarge = new Set<ComponentDefinition>()
  /** The revision at which the state of an instance was too large for a token. */
  readonly #large = new WeakMap<Instance, number>()
  /** Opened by `close`. */
  readonly #over = Latch.makeUnsafe(false)
  #closed = false

  constructor(
    store: SnapshotStore["Service"],
    tokens: StateToken["Service"],
    config: LiveConfig.Settings,
    context: Context.Context<Scope.Scope>
  ) {
    this.#store = store
    this.#tokens = tokens
    this.#config = config
    this.#seals = new Throttle(config.tokenInterval, 1, (instance) => this.#sealed(instance), context)
    this.#writes = new Throttle(
      config.persistInterval,
      concurrentWrites,
      (instance) => this.#written(instance),
      context
    )
  }

  /** Marks an instance for the next round. */
  keep(instance: Instance): void {
    if (instance.key === undefined) this.#seals.mark(instance)
    if (instance.definition.persist) this.#writes.mark(instance)
  }

  /** Sends the subscribers of an instance a new token now. */
  seal(instance: Instance): Effect.Effect<void> {
    this.#seals.drop(instance)
    return this.#sealed(instance)
  }

  /** A token of the current state for a client that leaves the instance; undefined for a shared instance. */
  farewell(instance: Instance): Effect.Effect<string | undefined> {
    if (instance.key !== undefined) return Effect.undefined
    return this.#token(instance, (token) => {
      instance.checkpoint.sealed()
      return token
    })
  }

  /** Stores the last state of a stopped instance, and retires all tokens before the last one that its client has. */
  stopped(instance: Instance): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#seals.drop(instance)
      this.#writes.drop(instance)
      return Effect.andThen(this.#writeLast(instance), this.#retire(instance))
    })
  }

  /** Stops all writing. */
  close(): void {
    this.#closed = true
    this.#over.openUnsafe()
  }

  /** Writes everything that is due. What the store refuses is repeated until `close`. */
  get flush(): Effect.Effect<void> {
    const writes = Effect.repeat(this.#writes.flush, { schedule: again, while: () => this.#writes.size > 0 })
    return Effect.andThen(this.#seals.flush, Effect.raceFirst(writes, this.#over.await))
  }

  #sealed(instance: Instance): Effect.Effect<void> {
    return Effect.suspend(() =>
      // A token belongs to one principal, and a shared instance to none.
      instance.key === undefined && instance.isRead
        ? Effect.asVoid(this.#token(instance, (token) => instance.sealed(token)))
        : Effect.void
    )
  }

  /** Seals the current state; `use` counts the token in the same turn. */
  #token<A>(instance: Instance, use: (token: string) => A): Effect.Effect<A | undefined> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const { checkpoint, encoded, epoch, id, principal, revision, definition } = instance
      const { componentName: component, codec, version } = definition.component
      const props = codec.encodeProps(instance.props)
      if (Exit.isFailure(props)) return Effect.undefined
      const token = (state: Encoded | undefined) => {
        const contents = {
          principal: principal?.id ?? null,
          component,
          version,
          instance: id,
          epoch,
          revision,
          serial: checkpoint.nextSerial,
          props: props.value as Json,
          state: state as Contents["state"]
        }
        try {
          if (state !== undefined && this.#isTooLarge(instance)) return undefined
          // The whole state is in the token, including what the view hides from its client.
          return this.#tokens.sealUnsafe(contents, now, definition.view === undefined ? undefined : true)
        } catch {
          // A state that is nested too deeply cannot be encoded.
          return undefined
        }
      }
      // A state in the store need not be in the token.
      const whole = token(encoded)
      if (whole === undefined) this.#large.set(instance, revision)
      else this.#large.delete(instance)
      const sealed = whole ?? (definition.persist ? token(undefined) : undefined)
      return sealed === undefined ? this.#warn(definition) : Effect.succeed(use(sealed))
    })
  }

  /** A state that was too large mostly still is, and sealing it in vain costs several times its size. */
  #isTooLarge(instance: Instance): boolean {
    const { encoded, revision } = instance
    const before = this.#large.get(instance)
    if (before === undefined || before === revision) return before === revision
    // A character of JSON is at least one byte, and three bytes are four characters of a token.
    return (JSON.stringify(encoded).length * 4) / 3 > this.#config.maxTokenLength
  }

  #warn(definition: ComponentDefinition): Effect.Effect<undefined> {
    if (this.#tooLarge.has(definition)) return Effect.undefined
    this.#tooLarge.add(definition)
    const message =
      "The state of a component is larger than maxTokenLength allows, and will not outlive its session. " +
      "Make it smaller, raise maxTokenLength, or let the component persist."
    return Effect.as(Log.warning(message, { component: definition.component.componentName }), undefined)
  }

  /** Stores the state; after a failure the next round does. */
  #written(instance: Instance): Effect.Effect<void> {
    return this.#write(instance).pipe(Effect.catch(() => Effect.sync(() => this.#writes.mark(instance))))
  }

  /** No other copy of this state exists: the write is repeated until the store takes it, but not for ever. */
  #writeLast(instance: Instance): Effect.Effect<void> {
    if (this.#closed || !isDue(instance)) return Effect.void
    const ended = Effect.andThen(this.#over.await, Effect.fail("the server has ended"))
    const stored = Effect.timeout(Effect.retry(this.#write(instance), again), patience)
    return Effect.raceFirst(stored, ended).pipe(
      Effect.catch((cause) => {
        // A round may have written it meanwhile.
        if (!isDue(instance)) return Effect.void
        // No later write may disturb the next instance of this address.
        instance.checkpoint.discard()
        const address = addressOf(instance.definition.component.componentName, instance)
        return Log.error(lost, { address, cause })
      })
    )
  }

  #retire({ checkpoint, id }: Instance): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { firstGood } = checkpoint
      return this.#closed || firstGood === undefined
        ? Effect.void
        : Effect.asVoid(this.#store.retire(id, firstGood, this.#config.tokenAge))
    }).pipe(Effect.catch((cause) => Log.warning("The tokens of a component were not retired", { cause })))
  }

  #write(instance: Instance): Effect.Effect<void, SnapshotStoreError> {
    return Effect.suspend(() => {
      if (!isDue(instance)) return Effect.void
      const { encoded, epoch, key, revision, definition } = instance
      const { componentName: component, version } = definition.component
      const snapshot = { component, version, epoch, revision, state: encoded }
      const address = addressOf(component, instance)
      const timeToLive = key === undefined ? this.#config.tokenAge : undefined
      return this.#store.write(address, snapshot, timeToLive).pipe(
        Effect.tapError((cause) => Log.error("The state of a component was not stored", { cause })),
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
}

/** Whether the store lacks the current state. */
const isDue = ({ checkpoint, definition, encoded, revision }: Instance): boolean =>
  definition.persist && encoded !== undefined && checkpoint.isDue(revision)

const lost =
  "The last changes of a component are lost: the SnapshotStore did not take them within five minutes, or before the server ended. " +
  "See whether it runs, accepts this server and has space."
