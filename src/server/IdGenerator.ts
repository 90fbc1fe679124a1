/** Makes ids. Those of connections are unique in this process, and no secret; those of instances are unique wherever they go. */
import { randomFillSync } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { ComponentId } from "../LiveId.ts"

/** A source of ids: a part that is drawn once from the Random service, and a count. */
export const make: Effect.Effect<() => string> = Effect.map(Random.next, (random) => {
  const prefix = Math.floor(random * 36 ** 8)
    .toString(36)
    .padStart(8, "0")
  let count = 0
  return () => prefix + (count++).toString(36)
})

/** `Name-timestamp-random`, the timestamp in milliseconds since the epoch, the random part of 128 bits. */
export const makeComponentId: Effect.Effect<(component: string) => ComponentId> = Effect.map(
  Clock.clockWith(Effect.succeed),
  (clock) => {
    const secret = makeSecretSource()
    return (component) => ComponentId.make(`${component}-${clock.currentTimeMillisUnsafe()}-${secret()}`)
  }
)

const secretLength = 16

/** A source of texts of 128 random bits that nobody can guess. */
export const makeSecretSource = (): (() => string) => {
  // Drawn in bulk: to ask the system for each would take as long as all the rest of a mount's bookkeeping.
  const pool = Buffer.alloc(secretLength * 128)
  let used = pool.length
  return () => {
    if (used === pool.length) {
      randomFillSync(pool)
      used = 0
    }
    used += secretLength
    return pool.toString("base64url", used - secretLength, used)
  }
}
