/** Makes ids. Ids of connections are unique in this process and not secret; ids of instances are unique everywhere. */
import { randomFillSync } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { ComponentId } from "../LiveId.ts"

/** A source of ids: a prefix, drawn once from the Random service, and a counter. */
export const make: Effect.Effect<() => string> = Effect.map(Random.next, (random) => {
  const prefix = Math.floor(random * 36 ** 8)
    .toString(36)
    .padStart(8, "0")
  let count = 0
  return () => prefix + (count++).toString(36)
})

/** Ids of the form `Name-timestamp-random`: milliseconds since the epoch, and 128 random bits. */
export const makeComponentId: Effect.Effect<(component: string) => ComponentId> = Effect.map(
  Clock.clockWith(Effect.succeed),
  (clock) => {
    const secret = makeSecretSource()
    return (component) => ComponentId.make(`${component}-${clock.currentTimeMillisUnsafe()}-${secret()}`)
  }
)

const secretLength = 16

/** A source of texts of 128 random bits, for secrets. */
export const makeSecretSource = (): (() => string) => {
  // Drawn in bulk: asking the system for each would take as long as the rest of a mount's bookkeeping.
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
