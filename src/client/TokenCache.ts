/**
 * The tokens of one client in the StateCache, for its server. A read waits for a write of the same entry that is under
 * way, as when one view leaves a page and the next one mounts the same state.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as TimeLimit from "../TimeLimit.ts"
import type { CacheAddress, StateCache } from "./StateCache.ts"
import { Turns } from "./Turns.ts"

/** The entry of a token. */
export type Label = Omit<CacheAddress, "origin">

/** How long an operation of the StateCache may take. */
const patience = Duration.seconds(2)

/**
 * A StateCache with this limit. When an operation takes too long, its result is nothing, and so is that of every
 * further one on the same entry until it has ended.
 */
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

/** The tokens of one client in the StateCache. */
export class TokenCache {
  /** How long a token is valid; the server says so. */
  age = Duration.hours(1)
  readonly #cache: StateCache["Service"]
  readonly #origin: Effect.Effect<string>
  readonly #turns = new Turns()

  constructor(cache: StateCache["Service"], origin: Effect.Effect<string>) {
    this.#cache = limited(cache)
    this.#origin = origin
  }

  get(label: Label): Effect.Effect<string | undefined> {
    return this.#inTurn(label, (address) => this.#cache.get(address))
  }

  set(label: Label, token: string): Effect.Effect<void> {
    return this.#inTurn(label, (address) => this.#cache.set(address, token, this.age))
  }

  /** Removes this token; a newer one in its place stays. */
  forget(label: Label, token: string): Effect.Effect<void> {
    return this.#inTurn(label, (address) =>
      Effect.flatMap(this.#cache.get(address), (kept) => (kept === token ? this.#cache.remove(address) : Effect.void))
    )
  }

  /** Stores the token that this effect gives, if it gives one. Reads wait for it. */
  fill(label: Label, coming: Effect.Effect<string | undefined>): Effect.Effect<void> {
    return this.#inTurn(label, (address) =>
      Effect.flatMap(coming, (token) => (token === undefined ? Effect.void : this.#cache.set(address, token, this.age)))
    )
  }

  #inTurn<A>(label: Label, use: (address: CacheAddress) => Effect.Effect<A>): Effect.Effect<A> {
    return this.#turns.take(
      JSON.stringify([label.component, label.key]),
      Effect.flatMap(this.#origin, (origin) => use({ ...label, origin }))
    )
  }
}
