/** What a handler has returned: an effect. Anything else is a mistake, also a promise, whose failure ends no process. */
import * as Effect from "effect/Effect"

/** The effect that a handler has returned; throws when it is none. */
export const effectOf = (
  tag: string,
  returned: Effect.Effect<unknown, unknown, unknown>
): Effect.Effect<unknown, unknown, unknown> => {
  if (Effect.isEffect(returned)) return returned
  const value: unknown = returned
  // It may fail yet, and nobody is going to wait for it.
  if (value instanceof Promise) value.catch(() => {})
  throw new TypeError(`The handler of "${tag}" returned no effect. Wrap a promise with Effect.promise`)
}
