/** Makes the ids of connections and instances: unique in this process and hardly ever met in another, and no secret. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** A source of ids: a part that is drawn once from the Random service, and a count. */
export const make: Effect.Effect<() => string> = Effect.map(Random.next, (random) => {
  const prefix = Math.floor(random * 36 ** 8)
    .toString(36)
    .padStart(8, "0")
  let count = 0
  return () => prefix + (count++).toString(36)
})
