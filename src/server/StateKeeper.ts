/**
 * Keeps the state of instances where it outlives them: a private one's in a token that its client carries, a persistent one's in
 * the SnapshotStore. Both at most once per interval and always after the last change; what stops is kept once more.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { Json } from "../Patch.ts"
import type { Encoded } from "../StateCodec.ts"
import type { Instance } from "./Instance.ts"
import type * as LiveConfig from "./LiveConfig.ts"
import { Rounds } from "./Rounds.ts"
import type { Served } from "./Served.ts"
import type { SnapshotStore } from "./SnapshotStore.ts"
import type { Contents, StateToken } from "./StateToken.ts"

/** Under which address the state of an instance is stored. */
export const addressOf = (component: string, own: { readonly key: string | undefined; readonly id: string }): string =>
  encodeURIComponent(component) + (own.key === undefined ? `#${own.id}` : `/${own.key}`)

/** Writes to the store that may be under way at the same time. */
const concurrentWrites = 16

/** Keeps the state of the instances of one server. */
export class StateKeeper {
  readonly #store: SnapshotStore["Service"]
  readonly #tokens: StateToken["Service"]
  readonly #config: LiveConfig.Service
  readonly #seals: Rounds<Instance>
  readonly #writes: Rounds<Instance>
  /** Whose states were too large for a token, which is said once. */
  readonly #tooLarge = new Set<Served>()
  #closed = false

  constructor(
    store: SnapshotStore["Service"],
    tokens: StateToken["Service"],
    config: LiveConfig.Service,
    context: Context.Context<Scope.Scope>
  ) {
    this.#store = store
    this.#tokens = tokens
    this.#config = config
    this.#seals = new Rounds(config.tokenInterval, 1, (instance) => this.#sealed(instance), context)
    this.#writes = new Rounds(config.persistInterval, concurrentWrites, (instance) => this.#written(instance), context)
  }

  /** There is something of it that is not kept yet. */
  keep(instance: Instance): void {
    if (instance.key === undefined) this.#seals.mark(instance)
    if (instance.served.persist) this.#writes.mark(instance)
  }

  /** Tells the readers of an instance its newest token now. */
  seal(instance: Instance): Effect.Effect<void> {
    this.#seals.drop(instance)
    return this.#sealed(instance)
  }

  /** The token of the state as it is, for one who leaves the instance; a shared one has none. */
  farewell(instance: Instance): Effect.Effect<string | undefined> {
    if (instance.key !== undefined) return Effect.undefined
    return this.#token(instance, (token) => {
      instance.serial++
      return token
    })
  }

  /** It has stopped: its last state is stored, and the tokens before the last its client has are worth nothing. */
  stopped(instance: Instance): Effect.Effect<void> {
    this.#seals.drop(instance)
    this.#writes.drop(instance)
    if (this.#closed) return Effect.void
    const { confirmed, epoch, id } = instance
    const { storeTimeout, tokenAge } = this.#config
    const retired =
      confirmed > 1
        ? Effect.timeout(this.#store.retire(id, { epoch, serial: confirmed }, tokenAge), storeTimeout)
        : Effect.void
    return Effect.andThen(
      this.#write(instance),
      retired.pipe(Effect.catch((error) => Effect.logWarning("The tokens of a component were not retired", error)))
    )
  }

  /** Nothing is kept any more. */
  close(): void {
    this.#closed = true
  }

  /** Everything that is not kept yet is kept now. */
  get flush(): Effect.Effect<void> {
    return Effect.andThen(this.#seals.flush, this.#writes.flush)
  }

  #sealed(instance: Instance): Effect.Effect<void> {
    return Effect.suspend(() =>
      // A token makes an instance somebody's, and a shared one is nobody's.
      instance.key === undefined && instance.isRead
        ? Effect.asVoid(this.#token(instance, (token) => instance.sealed(token)))
        : Effect.void
    )
  }

  /** Seals the state as it is now; `use` counts the token in the same breath. */
  #token<A>(instance: Instance, use: (token: string) => A): Effect.Effect<A | undefined> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const { encoded, epoch, id, principal, revision, serial, served } = instance
      const { componentName: component, codec, version } = served.component
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
          serial: serial + 1,
          props: props.value as Json,
          state: state as Contents["state"]
        }
        try {
          // What its client may not see is in its state all the same.
          return this.#tokens.sealUnsafe(contents, now, served.view === undefined ? undefined : true)
        } catch {
          // What is nested too deeply has no text.
          return undefined
        }
      }
      // What is stored anyway need not be carried.
      const sealed = token(encoded) ?? (served.persist ? token(undefined) : undefined)
      return sealed === undefined ? this.#warn(served) : Effect.succeed(use(sealed))
    })
  }

  #warn(served: Served): Effect.Effect<undefined> {
    if (this.#tooLarge.has(served)) return Effect.undefined
    this.#tooLarge.add(served)
    const message =
      "The state of a component is too large for a token, and will not outlive its session. " +
      "Expected maxTokenLength to hold it. Make it smaller, raise maxTokenLength, or let the component persist."
    return Effect.as(
      Effect.annotateLogs(Effect.logWarning(message), { component: served.component.componentName }),
      undefined
    )
  }

  /** Stores the state; what fails is tried again in the next round. */
  #written(instance: Instance): Effect.Effect<void> {
    return Effect.flatMap(this.#write(instance), (done) =>
      done ? Effect.void : Effect.sync(() => this.#writes.mark(instance))
    )
  }

  #write(instance: Instance): Effect.Effect<boolean> {
    return Effect.suspend(() => {
      const { encoded, epoch, key, revision, served } = instance
      if (!served.persist || encoded === undefined || instance.written >= revision) return Effect.succeed(true)
      const { componentName: component, version } = served.component
      const snapshot = { component, version, epoch, revision, state: encoded }
      const address = addressOf(component, instance)
      const { storeTimeout, tokenAge } = this.#config
      const timeToLive = key === undefined ? tokenAge : undefined
      const written = Effect.timeout(this.#store.write(address, snapshot, timeToLive), storeTimeout)
      return Effect.matchEffect(written, {
        onSuccess: (isNewest) => {
          instance.written = isNewest ? revision : Infinity
          return isNewest
            ? Effect.succeed(true)
            : Effect.as(Effect.logWarning("A later life of this instance has stored its state", { address }), true)
        },
        onFailure: (error) => Effect.as(Effect.logError("The state of a component was not stored", error), false)
      })
    })
  }
}
