/**
 * What user code has returned where an effect is expected. Anything else is a mistake, also a promise, whose failure ends
 * no process.
 */
import * as Effect from "effect/Effect"

/** The effect that a handler has returned; throws when it is none. */
export const effectOf = (
  tag: string,
  returned: Effect.Effect<unknown, unknown, unknown>
): Effect.Effect<unknown, unknown, unknown> =>
  Effect.isEffect(returned) ? returned : noEffect(`The handler of "${tag}"`, returned)

/** Throws that this is no effect. */
export const noEffect = (what: string, value: unknown): never => {
  // It may fail yet, and nobody is going to wait for it.
  if (value instanceof Promise) value.catch(() => {})
  throw new TypeError(`${what} returned no effect. Wrap a promise with Effect.promise`)
}
