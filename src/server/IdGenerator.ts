/** Makes the ids of connections and instances: unguessable enough not to collide, and no secret. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** A source of ids of sixteen characters, from the Random service. */
export const make: Effect.Effect<() => string> = Effect.map(Effect.service(Random.Random), (random) => {
  const half = () =>
    Math.floor(random.nextDoubleUnsafe() * 36 ** 8)
      .toString(36)
      .padStart(8, "0")
  return () => half() + half()
})
