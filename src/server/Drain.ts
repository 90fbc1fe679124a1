/**
 * How a server ends: it lets nobody in, tells its clients to come back to another, lets what was begun be finished, keeps every
 * state, and waits until all of that is written. All within `drainTimeout`.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { InstanceRunner } from "./instance/InstanceRunner.ts"
import * as LiveConfig from "./LiveConfig.ts"
import { Sessions } from "./session/Sessions.ts"
import { Transport } from "./transport/Transport.ts"

/** Drains when the Scope closes. */
export const layer: Layer.Layer<never, never, InstanceRunner | Sessions | Transport> = Layer.effectDiscard(
  Effect.gen(function* () {
    const instances = yield* InstanceRunner
    const sessions = yield* Sessions
    const transport = yield* Transport
    const { drainTimeout } = yield* LiveConfig.LiveConfig
    const finishing = Duration.times(drainTimeout, finishingShare)
    /** Whether this ended in its time; what comes after it is done anyway. */
    const within = (time: Duration.Duration, effect: Effect.Effect<void>): Effect.Effect<boolean> =>
      Effect.flatMap(Effect.forkDetach(effect, { startImmediately: true }), (fiber) =>
        Effect.map(Effect.timeoutOption(Effect.interruptible(Fiber.await(fiber)), time), Option.isSome)
      )

    yield* Effect.addFinalizer(() =>
      Effect.gen(function* () {
        sessions.drainUnsafe()
        transport.drainUnsafe()
        const finished = yield* within(finishing, instances.finish)
        if (!finished) yield* instances.stopNow
        const kept = yield* within(
          Duration.subtract(drainTimeout, finishing),
          instances.keepAll.pipe(
            // What a client asks before it knows is still answered: that it did not run.
            Effect.andThen(Effect.timeoutOption(transport.known, patience)),
            Effect.andThen(transport.written)
          )
        )
        // What could not be kept by now is not waited for.
        yield* instances.close
        if (finished && kept) return
        yield* Effect.logWarning(
          "The server ended before everything was finished: handlers or stores took longer than drainTimeout. " +
            "Shorten them, or raise drainTimeout."
        )
      })
    )
  })
)

/** How long a client may take to say that it knows. */
const patience = Duration.seconds(1)

/** The part of the time that handlers may take; the rest is for what they leave. */
const finishingShare = 0.75
