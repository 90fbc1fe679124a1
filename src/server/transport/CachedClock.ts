/** The time for what is said a thousand times in one turn of the event loop: asked for once in each. */
import type * as Clock from "effect/Clock"

/** Milliseconds since the epoch, as they were when they were first asked for in this turn. */
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
