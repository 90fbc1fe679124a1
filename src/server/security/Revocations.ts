/**
 * Which principals were signed out, and when: tokens sealed for them before that are refused. Kept in memory, and in
 * the SnapshotStore for as long as such tokens can exist, so it holds after a restart and on every server with the same
 * store. Each server uses its own clock: keep the clocks in sync.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Monotonic from "../../actor/Monotonic.ts"
import * as LiveConfig from "../LiveConfig.ts"
import { SnapshotStore } from "../store/SnapshotStore.ts"
import type { SnapshotStoreError } from "../store/SnapshotStoreError.ts"
import { maxSkew } from "./StateToken.ts"

/** Which principals were signed out, and when. */
export class Revocations extends Context.Service<
  Revocations,
  {
    /** Refuses everything sealed for this principal so far: on this server at once, on others when it is stored. */
    readonly revoke: (principal: string) => Effect.Effect<void, SnapshotStoreError>
    /** Whether tokens sealed for it at this time (milliseconds since the epoch) are refused. Reads the store once. */
    readonly isRevoked: (principal: string, issuedAt: number) => Effect.Effect<boolean, SnapshotStoreError>
    /** Whether it was signed out on this server at this time (by `Monotonic`) or later. */
    readonly hasLeftUnsafe: (principal: string, since: number) => boolean
    /**
     * This server has sealed a token at this time (milliseconds since the epoch). Who is signed out later is so for that
     * token, too, even when the clock was set back meanwhile.
     */
    readonly sealedUnsafe: (issuedAt: number) => void
  }
>()("fibra/server/Revocations") {}

/** A principal was signed out. */
interface SignedOut {
  /** Tokens sealed up to this time are refused, in milliseconds since the epoch. */
  readonly upTo: number
  /** By `Monotonic`. */
  readonly at: number
}

/** No component has this address: theirs contain no colon. */
const addressOf = (principal: string): string => `principal:${principal}`

/** Revocations of this process and of the store. */
export const layer: Layer.Layer<Revocations, never, SnapshotStore> = Layer.effect(
  Revocations,
  Effect.gen(function* () {
    const store = yield* SnapshotStore
    const { tokenAge } = yield* LiveConfig.LiveConfig
    /** Older tokens have expired. */
    const memory = Duration.sum(tokenAge, Duration.millis(2 * maxSkew))
    /** The oldest first. */
    const left = new Map<string, SignedOut>()
    /** The latest time in a token of this server, or of a sign-out. */
    let latest = 0

    const forget = (before: number): void => {
      for (const [principal, { at }] of left) {
        if (at >= before) return
        left.delete(principal)
      }
    }

    const sealed = (issuedAt: number): void => {
      if (issuedAt > latest) latest = issuedAt
    }

    return Revocations.of({
      revoke: Effect.fnUntraced(function* (principal) {
        sealed(yield* Clock.currentTimeMillis)
        const [upTo, at] = [latest, yield* Monotonic.millis]
        forget(at - Duration.toMillis(memory))
        left.delete(principal)
        left.set(principal, { upTo, at })
        // A snapshot without a state: the store keeps the one with the highest revision, which here is the time.
        const record = { component: "", version: 0, epoch: 0, revision: upTo, state: {} }
        yield* store.write(addressOf(principal), record, memory)
      }),
      isRevoked: Effect.fnUntraced(function* (principal, issuedAt) {
        if ((left.get(principal)?.upTo ?? -Infinity) >= issuedAt) return true
        const stored = yield* store.read(addressOf(principal))
        return Option.exists(stored, ({ revision }) => revision >= issuedAt)
      }),
      hasLeftUnsafe: (principal, since) => (left.get(principal)?.at ?? -Infinity) >= since,
      sealedUnsafe: sealed
    })
  })
)
