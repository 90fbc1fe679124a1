/** Values that replace each other, as a Stream: a slow reader gets the latest one, and misses those between. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"

/**
 * The values that `listen` gives while the Stream runs. `listen` may begin with the current value, and returns a
 * function that stops it.
 */
export const make = <A>(listen: (tell: (value: A) => void) => () => void): Stream.Stream<A> =>
  Stream.callback<A>(
    (queue) =>
      Effect.acquireRelease(
        Effect.sync(() => listen((value) => void Queue.offerUnsafe(queue, value))),
        (stop) => Effect.sync(stop)
      ),
    { bufferSize: 1, strategy: "sliding" }
  )
