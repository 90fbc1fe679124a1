/**
 * How a server ends: it lets nobody in, tells its clients to come back to another, lets what was begun be finished, keeps every
 * state, and waits until all of that is written. All within `drainTimeout`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Instances } from "./Instances.ts"
import * as LiveConfig from "./LiveConfig.ts"
import { Sessions } from "./Sessions.ts"
import { Transport } from "./Transport.ts"

/** Drains when the Scope closes. */
export const layer: Layer.Layer<never, never, Instances | Sessions | Transport> = Layer.effectDiscard(
  Effect.gen(function* () {
    const instances = yield* Instances
    const sessions = yield* Sessions
    const transport = yield* Transport
    const { drainTimeout } = yield* LiveConfig.LiveConfig
    const drain = Effect.suspend(() => {
      sessions.drainUnsafe()
      transport.drainUnsafe()
      return Effect.andThen(instances.drain, transport.written)
    })
    yield* Effect.addFinalizer(() =>
      Effect.flatMap(Effect.timeoutOption(Effect.interruptible(drain), drainTimeout), (done) =>
        done._tag === "Some"
          ? Effect.void
          : Effect.logWarning("The server ended before everything was finished. Raise drainTimeout, or shorten handlers.")
      )
    )
  })
)
