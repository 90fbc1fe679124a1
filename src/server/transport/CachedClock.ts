/** A clock that is read once per turn of the event loop, for timestamps of which there are thousands in a turn. */
import type * as Clock from "effect/Clock"

/** Milliseconds since the epoch, as of the first call in this turn. */
export const make = (clock: Clock.Clock): (() => number) => of(() => clock.currentTimeMillisUnsafe())

/** Any clock, as of the first call in this turn. */
export const of = (read: () => number): (() => number) => {
  let now: number | undefined
  const over = () => {
    now = undefined
  }
  return () => {
    if (now === undefined) {
      now = read()
      setImmediate(over)
    }
    return now
  }
}
