/**
 * Who was signed out, and when: what was sealed for them before that is not taken any more. Kept in memory, and in the SnapshotStore
 * for as long as there can be such tokens, so that it holds after a restart and on every server with the same store. Each server
 * goes by its own clock: keep them together.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as LiveConfig from "../LiveConfig.ts"
import { SnapshotStore } from "../store/SnapshotStore.ts"
import type { SnapshotStoreError } from "../store/SnapshotStoreError.ts"
import { maxSkew } from "./StateToken.ts"

/** Who was signed out, and when. */
export class Revocations extends Context.Service<
  Revocations,
  {
    /** Everything sealed for this principal so far is refused: here from the first moment, elsewhere when it is stored. */
    readonly revoke: (principal: string) => Effect.Effect<void, SnapshotStoreError>
    /** Whether what was sealed for it at this time, in milliseconds since the epoch, is refused. Asks the store once. */
    readonly isRevoked: (principal: string, issuedAt: number) => Effect.Effect<boolean, SnapshotStoreError>
    /** Whether it was signed out here at this time, in milliseconds since the epoch, or later. */
    readonly hasLeftUnsafe: (principal: string, since: number) => boolean
  }
>()("fibra/server/Revocations") {}

/** The address of no component: theirs have no colon. */
const addressOf = (principal: string): string => `principal:${principal}`

/** Nobody was signed out yet, as far as this process knows. */
export const layer: Layer.Layer<Revocations, never, SnapshotStore> = Layer.effect(
  Revocations,
  Effect.gen(function* () {
    const store = yield* SnapshotStore
    const { tokenAge } = yield* LiveConfig.LiveConfig
    /** Nothing is older that is still taken. */
    const memory = Duration.sum(tokenAge, Duration.millis(2 * maxSkew))
    /** The times, the longest ago first. */
    const left = new Map<string, number>()

    const forget = (before: number): void => {
      for (const [principal, at] of left) {
        if (at >= before) return
        left.delete(principal)
      }
    }

    const hasLeft = (principal: string, since: number): boolean => (left.get(principal) ?? -Infinity) >= since

    return Revocations.of({
      revoke: Effect.fnUntraced(function* (principal) {
        const now = yield* Clock.currentTimeMillis
        forget(now - Duration.toMillis(memory))
        left.delete(principal)
        left.set(principal, now)
        // A snapshot of nothing: what counts is that the store keeps the one of the highest revision.
        const record = { component: "", version: 0, epoch: 0, revision: now, state: {} }
        yield* store.write(addressOf(principal), record, memory)
      }),
      isRevoked: Effect.fnUntraced(function* (principal, issuedAt) {
        if (hasLeft(principal, issuedAt)) return true
        const stored = yield* store.read(addressOf(principal))
        return Option.exists(stored, ({ revision }) => revision >= issuedAt)
      }),
      hasLeftUnsafe: hasLeft
    })
  })
)
