/**
 * Keeps what was tracked of the clients of shared instances beyond their sessions: in a token that each client carries,
 * and brings when it mounts the instance again. That of a private instance is in the token of its state.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Json } from "../../Patch.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { StateToken } from "../security/StateToken.ts"
import type { StateCursor } from "../sync/StateCursor.ts"
import type { Instance } from "./Instance.ts"
import type { Subscriber } from "./Subscriber.ts"
import { Throttle } from "./Throttle.ts"
import { ofPresence, TokenOverflow } from "./TokenOverflow.ts"

/** What was tracked of the clients of one shared instance. */
export interface TrackedClients {
  readonly instance: Instance
  /** The encoded metadata of so many that have no token of it yet; they count as having one then. */
  readonly takeUnsealed: (most: number) => ReadonlyArray<readonly [StateCursor<Subscriber>, Json]>
}

/** Tokens in a row, after which others get a turn. */
const perTurn = 64

/** The tokens of one server. */
export class PresenceSealer {
  readonly #tokens: StateToken["Service"]
  readonly #seals: Throttle<TrackedClients>
  readonly #tooLarge = new TokenOverflow(ofPresence)

  constructor(
    tokens: StateToken["Service"],
    config: Pick<LiveConfig.Settings, "tokenInterval">,
    context: Context.Context<Scope.Scope>
  ) {
    this.#tokens = tokens
    this.#seals = new Throttle(config.tokenInterval, 1, (clients) => this.#seal(clients), context)
  }

  /** Sends the clients their tokens within the token interval. */
  mark(clients: TrackedClients): void {
    this.#seals.mark(clients)
  }

  /** Nobody needs tokens of this instance any more. */
  drop(clients: TrackedClients): void {
    this.#seals.drop(clients)
  }

  /** Sends all tokens that are due. */
  get flush(): Effect.Effect<void> {
    return this.#seals.flush
  }

  #seal(clients: TrackedClients): Effect.Effect<void> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const unsealed = clients.takeUnsealed(perTurn)
      let isTooLarge = false
      for (const [cursor, presence] of unsealed) {
        const token = this.#token(clients.instance, cursor, presence, now)
        if (token === undefined) isTooLarge = true
        else cursor.sink.carry(cursor, token)
      }
      const warned = isTooLarge ? this.#tooLarge.warn(clients.instance.definition) : Effect.void
      if (unsealed.length < perTurn) return warned
      return warned.pipe(Effect.andThen(Effect.yieldNow), Effect.andThen(Effect.suspend(() => this.#seal(clients))))
    })
  }

  #token(
    { definition, epoch, id, key, revision }: Instance,
    { sink: { client } }: StateCursor<Subscriber>,
    presence: Json,
    now: number
  ): string | undefined {
    const { componentName: component, version } = definition.component
    const principal = client.principal?.id ?? null
    const own = { principal, component, version, instance: id, key, presence }
    try {
      return this.#tokens.sealUnsafe({ ...own, epoch, revision, serial: 0, props: null, state: undefined }, now)
    } catch {
      // What is nested too deeply cannot be encoded.
      return undefined
    }
  }
}
