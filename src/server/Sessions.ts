/** The open sessions of one server, whichever front their connection came through. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ConnectionId } from "../LiveId.ts"
import * as IdGenerator from "./IdGenerator.ts"
import { Instances } from "./Instances.ts"
import * as LiveConfig from "./LiveConfig.ts"
import { type Collector, Session, type SessionHost } from "./Session.ts"

/** The open sessions of one server. */
export class Sessions extends Context.Service<
  Sessions,
  {
    /** Starts the session of a connection, which is asked to collect what it has to say. */
    readonly openUnsafe: (connection: Collector) => Session
    /** Ends it and lets go of what it had mounted. */
    readonly close: (session: Session) => Effect.Effect<void>
    readonly sizeUnsafe: () => number
  }
>()("fibra/server/Sessions") {}

/** No session is open at first; those open when the Scope closes are closed with it. */
export const layer: Layer.Layer<Sessions, never, Instances> = Layer.effect(
  Sessions,
  Effect.gen(function* () {
    const instances = yield* Instances
    const { maxComponents } = yield* LiveConfig.LiveConfig
    const host: SessionHost = { instances, maxComponents }
    const makeId = yield* IdGenerator.make
    const open = new Set<Session>()

    const close = (session: Session): Effect.Effect<void> =>
      Effect.suspend(() => {
        open.delete(session)
        return session.close()
      })

    yield* Effect.addFinalizer(() => Effect.forEach(open, close, { concurrency: "unbounded", discard: true }))

    return Sessions.of({
      openUnsafe: (connection) => {
        const session = new Session(ConnectionId.make(makeId()), host, connection)
        open.add(session)
        return session
      },
      close,
      sizeUnsafe: () => open.size
    })
  })
)
