/**
 * Time that never goes back, whatever happens to the wall clock. It serves to measure how long something takes, not
 * when it was. It begins at any number, and means nothing outside this process.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** In whole milliseconds: the difference of two readings is a small integer, which takes no memory of its own. */
export const millisUnsafe = (clock: Clock.Clock): number => Math.floor(Number(clock.monotonicTimeNanosUnsafe()) / 1e6)

/** In microseconds, with fractions. */
export const microsUnsafe = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e3

/** The same, from the clock of the fiber. */
export const millis: Effect.Effect<number> = Clock.clockWith((clock) => Effect.succeed(millisUnsafe(clock)))

/** Added to a reading, gives the milliseconds since 1970 by the present wall clock. */
export const epoch: Effect.Effect<number> = Clock.clockWith((clock) =>
  Effect.succeed(clock.currentTimeMillisUnsafe() - millisUnsafe(clock))
)
