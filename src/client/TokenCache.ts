/**
 * The tokens of one client that outlive it: what is in the StateCache for its server. Whoever looks for a token waits for one that
 * is just being put there, as when one view leaves a page and the next comes for the same state.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as TimeLimit from "../TimeLimit.ts"
import type { CacheAddress, StateCache } from "./StateCache.ts"

/** What a token is for. */
export type Label = Omit<CacheAddress, "origin">

/** How long the StateCache may take: who waits for it goes on without it then. */
const patience = Duration.seconds(2)

/** The cache with a limit. What it does not answer is nothing, as is all that is asked of the same place until it has. */
const limited = (cache: StateCache["Service"]): StateCache["Service"] => {
  const hanging = new Set<string>()
  const within = <A>({ component, key, origin }: CacheAddress, asked: Effect.Effect<A>): Effect.Effect<A | undefined> =>
    Effect.suspend(() => {
      const place = JSON.stringify([origin, component, key])
      if (hanging.has(place)) return Effect.undefined
      let ended = false
      const end = Effect.sync(() => {
        ended = true
        hanging.delete(place)
      })
      const orElse = () => {
        if (!ended) hanging.add(place)
        return Effect.undefined
      }
      return TimeLimit.timeoutOrElse(Effect.ensuring(asked, end), { duration: patience, orElse })
    })
  return {
    get: (address) => within(address, cache.get(address)),
    set: (address, token, age) => Effect.asVoid(within(address, cache.set(address, token, age))),
    remove: (address) => Effect.asVoid(within(address, cache.remove(address)))
  }
}

/** The tokens of one client that outlive it. */
export class TokenCache {
  /** How long a token is good; the server says. */
  age = Duration.hours(1)
  readonly #cache: StateCache["Service"]
  readonly #origin: Effect.Effect<string>
  readonly #turns: RcMap.RcMap<string, Semaphore.Semaphore>

  static make(
    cache: StateCache["Service"],
    origin: Effect.Effect<string>
  ): Effect.Effect<TokenCache, never, Scope.Scope> {
    return Effect.map(
      RcMap.make({ lookup: (_label: string) => Semaphore.make(1) }),
      (turns) => new TokenCache(limited(cache), origin, turns)
    )
  }

  private constructor(
    cache: StateCache["Service"],
    origin: Effect.Effect<string>,
    turns: RcMap.RcMap<string, Semaphore.Semaphore>
  ) {
    this.#cache = cache
    this.#origin = origin
    this.#turns = turns
  }

  get(label: Label): Effect.Effect<string | undefined> {
    return this.#inTurn(label, (address) => this.#cache.get(address))
  }

  set(label: Label, token: string): Effect.Effect<void> {
    return this.#inTurn(label, (address) => this.#cache.set(address, token, this.age))
  }

  /** Forgets this token; another one in its place is left there. */
  forget(label: Label, token: string): Effect.Effect<void> {
    return this.#inTurn(label, (address) =>
      Effect.flatMap(this.#cache.get(address), (kept) => (kept === token ? this.#cache.remove(address) : Effect.void))
    )
  }

  /** Puts there what comes of this, if anything does; whoever looks meanwhile waits. */
  fill(label: Label, coming: Effect.Effect<string | undefined>): Effect.Effect<void> {
    return this.#inTurn(label, (address) =>
      Effect.flatMap(coming, (token) => (token === undefined ? Effect.void : this.#cache.set(address, token, this.age)))
    )
  }

  #inTurn<A>(label: Label, use: (address: CacheAddress) => Effect.Effect<A>): Effect.Effect<A> {
    return Effect.scoped(
      Effect.flatMap(RcMap.get(this.#turns, JSON.stringify([label.component, label.key])), (turn) =>
        turn.withPermit(Effect.flatMap(this.#origin, (origin) => use({ ...label, origin })))
      )
    )
  }
}
