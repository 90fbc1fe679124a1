// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * Timeouts that never wait longer than their limit. Effect's own `timeout` interrupts what is too slow and then waits
 * for it to end; an effect that cannot be interrupted, or that closes a resource which hangs, is waited for after all.
 * Here the effect runs in a fiber of its own, which is told to stop and is not waited for.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"

/** A time, or what takes it. */
export type Limit = Duration.Input | Effect.Effect<unknown>

/** The result within the limit, or none. An interruption does not wait for the effect either. */
export const timeoutOption = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  limit: Limit
): Effect.Effect<Option.Option<A>, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDetach(effect, { startImmediately: true }), (fiber) => {
      const exit = fiber.pollUnsafe()
      if (exit !== undefined) return Effect.asSome(exit)
      const over = Effect.isEffect(limit) ? limit : Effect.sleep(limit)
      return restore(Effect.raceFirst(Effect.asSome(Fiber.await(fiber)), Effect.as(over, Option.none()))).pipe(
        Effect.onExit(() => Effect.sync(() => fiber.interruptUnsafe())),
        Effect.flatMap((exit) => (Option.isNone(exit) ? Effect.succeedNone : Effect.asSome(exit.value)))
      )
    })
  )

/** The result within the limit, or else that of `orElse`. */
export const timeoutOrElse = <A, E, R, A2, E2, R2>(
  effect: Effect.Effect<A, E, R>,
  options: { readonly duration: Limit; readonly orElse: () => Effect.Effect<A2, E2, R2> }
): Effect.Effect<A | A2, E | E2, R | R2> =>
  Effect.flatMap(timeoutOption(effect, options.duration), (result): Effect.Effect<A | A2, E2, R2> =>
    Option.isNone(result) ? options.orElse() : Effect.succeed(result.value)
  )
