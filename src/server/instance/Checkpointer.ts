/**
 * Keeps the state of instances beyond their life: of a private instance in a token that its client carries, of a
 * persistent one in the SnapshotStore. Both are written at most once per interval, always after the last change, and
 * once more when the instance stops.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { Json } from "../../Patch.ts"
import type { Encoded } from "../../StateCodec.ts"
import type { Instance } from "./Instance.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import { addressOf, type StateWriter } from "./StateWriter.ts"
import { Throttle } from "./Throttle.ts"
import { ofPresence, TokenOverflow } from "./TokenOverflow.ts"
import type { Contents, StateToken } from "../security/StateToken.ts"

/** The checkpointer of one server. */
export class Checkpointer {
  readonly #tokens: StateToken["Service"]
  readonly #config: LiveConfig.Settings
  readonly #seals: Throttle<Instance>
  readonly #states: StateWriter
  readonly #clock: Clock.Clock
  readonly #tooLarge = new TokenOverflow(
    "The state of a component is larger than maxTokenLength allows, and will not outlive its session. " +
      "Make it smaller, raise maxTokenLength, or let the component persist."
  )
  readonly #presenceTooLarge = new TokenOverflow(ofPresence)
  /** The revision at which the state of an instance was too large for a token. */
  readonly #large = new WeakMap<Instance, number>()

  constructor(
    states: StateWriter,
    tokens: StateToken["Service"],
    config: LiveConfig.Settings,
    context: Context.Context<Scope.Scope>
  ) {
    this.#states = states
    this.#tokens = tokens
    this.#config = config
    this.#clock = Context.get(context, Clock.Clock)
    this.#seals = new Throttle(config.tokenInterval, 1, (instance) => this.#sealed(instance), context)
  }

  /** Marks an instance for the next round. */
  keep(instance: Instance): void {
    if (instance.key === undefined) this.#seals.mark(instance)
    if (instance.definition.persist) this.#states.mark(instance)
  }

  /** Sends the subscribers of an instance a new token now. */
  seal(instance: Instance): Effect.Effect<void> {
    this.#seals.drop(instance)
    return Effect.asVoid(this.#sealed(instance))
  }

  /** A token of the current state for a client that leaves the instance; undefined for a shared instance. */
  farewell(instance: Instance): Effect.Effect<string | undefined> {
    if (instance.key !== undefined) return Effect.undefined
    return Effect.suspend(() =>
      this.#token(instance, (token) => {
        instance.checkpoint.sealed()
        return token
      })
    )
  }

  /** Tells the store now that a token of the instance is in use. */
  retire(instance: Instance): void {
    this.#states.now(instance)
  }

  /** A new life of an instance begins: the last state of the life before is not stored any more. */
  started(instance: Instance): void {
    this.#states.replaced(addressOf(instance.address, instance))
  }

  /** Stores the last state of a stopped instance, and retires all tokens before the last one that its client has. */
  stopped(instance: Instance): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#seals.drop(instance)
      return this.#states.stopped(instance)
    })
  }

  /** The stopped instance of this address, while its last state is not stored. */
  unstored(component: string, own: { readonly key: string | undefined; readonly id: string }): Instance | undefined {
    return this.#states.unstored(addressOf(component, own))
  }

  /** Stops all writing. */
  get close(): Effect.Effect<void> {
    return this.#states.close
  }

  /** Writes everything that is due. What the store refuses is repeated until `close`. */
  get flush(): Effect.Effect<void> {
    return Effect.andThen(this.#seals.flush, this.#states.flush)
  }

  #sealed(instance: Instance): Effect.Effect<unknown> {
    // A token belongs to one principal, and a shared instance to none.
    return instance.key === undefined && instance.isRead
      ? this.#token(instance, (token) => instance.sealed(token))
      : Effect.void
  }

  /** Seals the current state; `use` counts the token in the same turn. */
  #token<A>(instance: Instance, use: (token: string) => A): Effect.Effect<A | undefined> {
    const now = this.#clock.currentTimeMillisUnsafe()
    const { checkpoint, encoded, epoch, id, principal, revision, definition } = instance
    const { componentName: component, codec, version } = definition.component
    const props = codec.encodeProps(instance.props)
    if (Exit.isFailure(props)) return Effect.undefined
    const token = (state: Encoded | undefined, presence: Json | undefined) => {
      const contents = {
        principal: principal?.id ?? null,
        component,
        version,
        instance: id,
        epoch,
        revision,
        serial: checkpoint.nextSerial,
        props: props.value as Json,
        state: state as Contents["state"],
        presence
      }
      try {
        if (state !== undefined && this.#isTooLarge(instance)) return undefined
        // The whole state is in the token, including what the view hides from its client.
        return this.#tokens.sealUnsafe(contents, now, definition.view === undefined ? undefined : true)
      } catch {
        // What is nested too deeply cannot be encoded.
        return undefined
      }
    }
    const { presence } = checkpoint
    let isBare = false
    /** What was tracked is worth less than the state. */
    const tokenOf = (state: Encoded | undefined) => {
      const full = token(state, presence)
      if (full !== undefined || presence === undefined) return full
      const bare = token(state, undefined)
      isBare = bare !== undefined
      return bare
    }
    // A state in the store need not be in the token.
    const whole = tokenOf(encoded)
    if (whole === undefined) this.#large.set(instance, revision)
    else this.#large.delete(instance)
    const sealed = whole ?? (definition.persist ? tokenOf(undefined) : undefined)
    if (sealed === undefined) return Effect.as(this.#tooLarge.warn(definition), undefined)
    const used = use(sealed)
    return isBare ? Effect.as(this.#presenceTooLarge.warn(definition), used) : Effect.succeed(used)
  }

  /** A state that was too large mostly still is, and sealing it in vain costs several times its size. */
  #isTooLarge(instance: Instance): boolean {
    const { encoded, revision } = instance
    const before = this.#large.get(instance)
    if (before === undefined || before === revision) return before === revision
    // A character of JSON is at least one byte, and three bytes are four characters of a token.
    return (JSON.stringify(encoded).length * 4) / 3 > this.#config.maxTokenLength
  }
}
