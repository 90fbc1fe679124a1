/** A clock that is read once per turn of the event loop, for timestamps of which there are thousands in a turn. */
import type * as Clock from "effect/Clock"

/** Milliseconds since the epoch, as of the first call in this turn. */
export const make = (clock: Clock.Clock): (() => number) => {
  let now: number | undefined
  const over = () => {
    now = undefined
  }
  return () => {
    if (now === undefined) {
      now = clock.currentTimeMillisUnsafe()
      setImmediate(over)
    }
    return now
  }
}
