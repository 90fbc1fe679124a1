/**
 * Ends a server within `drainTimeout`, whatever user code does meanwhile: it accepts no new work, tells its clients to
 * connect to another server, stores every state, lets handlers finish, stores what they changed, and waits until
 * everything is written. The present states are stored at once, before and beside all other waiting.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Limit from "../actor/Limit.ts"
import * as Log from "../Log.ts"
import { HttpRequests } from "./http/HttpRequests.ts"
import { InstanceRunner } from "./instance/InstanceRunner.ts"
import * as LiveConfig from "./LiveConfig.ts"
import * as ProcessEnd from "./ProcessEnd.ts"
import { Sessions } from "./session/Sessions.ts"
import { Transport } from "./transport/Transport.ts"

/** Ends the server in order when the Scope closes. */
export const layer: Layer.Layer<never, never, InstanceRunner | Sessions | Transport> = Layer.effectDiscard(
  Effect.gen(function* () {
    const instances = yield* InstanceRunner
    const sessions = yield* Sessions
    const transport = yield* Transport
    const requests = yield* HttpRequests
    const { drainTimeout } = yield* LiveConfig.LiveConfig
    yield* ProcessEnd.register(drainTimeout)
    /** Whether a step ended in its share of the time. The next one follows in any case. */
    const within = (share: number, fiber: Fiber.Fiber<void>): Effect.Effect<boolean> =>
      Limit.ended(fiber, Effect.sleep(Duration.times(drainTimeout, share)))
    const start = (effect: Effect.Effect<void>): Effect.Effect<Fiber.Fiber<void>> =>
      Effect.forkDetach(Log.ignore(effect, "The server failed to end in good order", { level: "Error" }), {
        startImmediately: true
      })

    yield* Effect.addFinalizer(() =>
      Effect.gen(function* () {
        requests.begin()
        sessions.drainUnsafe()
        transport.drainUnsafe()
        const keeping = yield* start(instances.keepAll)
        const answering = yield* Effect.forkDetach(within(finishingShare, yield* start(requests.answered)), {
          startImmediately: true
        })
        const finished = yield* within(finishingShare, yield* start(instances.finish))
        // A handler may be uninterruptible.
        if (!finished) yield* within(stoppingShare, yield* start(instances.stopNow))
        const kept = yield* within(
          keepingShare,
          yield* start(
            instances.keepRest.pipe(
              Effect.andThen(Fiber.await(keeping)),
              // A request of a client that has not been told yet is refused: it did not run.
              Effect.andThen(Effect.timeoutOption(transport.known, patience)),
              Effect.andThen(transport.written)
            )
          )
        )
        // What is not stored by now is given up, and what has not ended is left behind.
        yield* instances.close
        const answered = yield* Fiber.join(answering)
        if (finished && kept && answered) return
        yield* Log.warning(
          `The server ended before everything was finished: ${answered ? "" : "HTTP requests, "}handlers or stores took longer than drainTimeout. ` +
            "Shorten them, or raise drainTimeout."
        )
      })
    )
  })
)

/** How long clients may take to confirm that they were told. */
const patience = Duration.seconds(1)

/**
 * The shares of the time: for handlers, for those that have to be interrupted, and for storing and writing what they leave. The rest is
 * for closing the connections.
 */
const finishingShare = 0.7
const stoppingShare = 0.05
const keepingShare = 0.2
