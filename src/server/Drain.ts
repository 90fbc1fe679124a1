/**
 * How a server ends, within `drainTimeout`: it accepts no new work, tells its clients to connect to another server,
 * lets handlers finish, stores every state, and waits until everything is written.
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

/** Ends the server in order when the Scope closes. */
export const layer: Layer.Layer<never, never, InstanceRunner | Sessions | Transport> = Layer.effectDiscard(
  Effect.gen(function* () {
    const instances = yield* InstanceRunner
    const sessions = yield* Sessions
    const transport = yield* Transport
    const { drainTimeout } = yield* LiveConfig.LiveConfig
    const finishing = Duration.times(drainTimeout, finishingShare)
    /** Whether the effect ended in time. What comes after it is done in any case. */
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
            // A request of a client that does not know yet is answered: it did not run.
            Effect.andThen(Effect.timeoutOption(transport.known, patience)),
            Effect.andThen(transport.written)
          )
        )
        // What is not stored by now is given up.
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

/** How long clients may take to confirm that they know. */
const patience = Duration.seconds(1)

/** The share of the time that handlers may take; the rest is for storing and writing. */
const finishingShare = 0.75
