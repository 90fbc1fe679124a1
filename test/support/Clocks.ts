/** Takes the clock of a test apart: its wall is set, and its event loop stands still, while nothing that sleeps is woken. */
import { Effect } from "effect"
import { TestClock } from "effect/testing"

/** What can be done to the clocks of a test. */
export interface Clocks {
  /** Sets the clock on the wall by so many milliseconds, back if that is negative. */
  readonly setWall: (millis: number) => void
  /** The event loop stands still for so many milliseconds: both clocks go on, and nobody does anything. */
  readonly stall: (millis: number) => void
}

/** The clocks of the test that runs. */
export const apart: Effect.Effect<Clocks> = TestClock.testClockWith((clock) =>
  Effect.sync(() => {
    const { currentTimeMillisUnsafe, monotonicTimeNanosUnsafe } = clock
    let [wall, monotonic] = [0, 0]
    const millis = () => currentTimeMillisUnsafe() + wall
    const nanos = () => monotonicTimeNanosUnsafe() + BigInt(monotonic) * 1_000_000n
    Object.assign(clock, {
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      monotonicTimeNanosUnsafe: nanos,
      monotonicTimeNanos: Effect.sync(nanos)
    })
    return {
      setWall: (by) => void (wall += by),
      stall: (by) => {
        wall += by
        monotonic += by
      }
    }
  })
)
