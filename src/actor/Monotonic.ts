/**
 * Time that only goes on, whatever the clock on the wall is set to: for how long something takes or lasts, and never for when it was.
 * It begins anywhere, and is worth nothing outside this process.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Whole milliseconds: the difference of two readings is small, and kept without memory of its own. */
export const millisUnsafe = (clock: Clock.Clock): number => Math.floor(Number(clock.monotonicTimeNanosUnsafe()) / 1e6)

/** The same, as the clock of the fiber has it. */
export const millis: Effect.Effect<number> = Clock.clockWith((clock) => Effect.succeed(millisUnsafe(clock)))

/** What a reading is to be added to, to say when it was: milliseconds since the epoch, by the clock on the wall as it is set now. */
export const epoch: Effect.Effect<number> = Clock.clockWith((clock) =>
  Effect.succeed(clock.currentTimeMillisUnsafe() - millisUnsafe(clock))
)
