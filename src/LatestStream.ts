/** Values that replace each other, as a Stream: a slow reader gets the latest and misses what lay between. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"

/**
 * What is told from the moment the Stream runs until it ends. `listen` tells the value of now, if it is to come first, and gives back
 * how to stop.
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
