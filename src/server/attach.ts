/** Serves components within an HTTP server that is there already, such as that of Express, Fastify, Hono or Vite. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type * as Component from "../Component.ts"
import * as Log from "../Log.ts"
import * as TimeLimit from "../TimeLimit.ts"
import * as Drain from "./Drain.ts"
import * as SharedServer from "./http/SharedServer.ts"
import * as LiveConfig from "./LiveConfig.ts"
import * as LiveCore from "./LiveCore.ts"
import * as LiveRoutes from "./LiveRoutes.ts"
import type * as LiveSsr from "./LiveSsr.ts"
import * as Observation from "./Observation.ts"
import * as ProcessEnd from "./ProcessEnd.ts"
import type * as Principals from "./security/Principals.ts"

/** Components that are served within a server. */
export interface Attached {
  /**
   * Ends them in order: finishes what has begun, stores the states, and tells every client to connect to another
   * server. It is done within `drainTimeout`, and does not close the server.
   */
  readonly close: () => Promise<void>
}

type AttachedLayer<Components extends ReadonlyArray<Component.Any>> = Layer.Layer<
  Principals.Principals | LiveSsr.LiveSsr,
  LiveCore.StartError,
  LiveCore.Requirements<Components>
>

/**
 * Serves the components within an HTTP server, below `path` of `LiveConfig`, until the Scope closes. It takes the same
 * services as `LiveServer.layerHttp`.
 */
export const layerAttached = <const Components extends ReadonlyArray<Component.Any>>(
  server: SharedServer.NodeHttpServerLike,
  options: { readonly components: Components; readonly dashboard?: boolean }
): AttachedLayer<Components> => {
  const core = Layer.provide(LiveCore.layerUndrained(options), Observation.layer)
  const live = Layer.provideMerge(LiveRoutes.layer(options), core)
  const served = HttpRouter.serve(live, { disableLogger: true, disableListenLog: true })
  const shared = Layer.unwrap(Effect.map(LiveConfig.LiveConfig, ({ path }) => SharedServer.layer(server, path)))
  const layer = Layer.provideMerge(Drain.layer, served).pipe(Layer.provide(shared))
  // The requirements of components that are not known yet are not known to exclude the router.
  return layer as AttachedLayer<[]> as AttachedLayer<Components>
}

/**
 * Serves the components within an HTTP server that somebody else made: of Express, Fastify, Hono, Vite or Node itself.
 * Requests and upgrades below `/api/live` (`path` of `LiveConfig`) are theirs, all others are left alone. `layers` has
 * their behaviours and, as far as they are not the defaults, `LiveConfig`, `SnapshotStore`, `Authentication` and the
 * other services of a server. Call `close` before the server is closed, which would wait for their connections.
 *
 * The promise is rejected when they cannot be served: `SecretsError`, or whatever one of the layers fails with.
 *
 * <!-- snippet: test/examples/Attached.test.ts#express -->
 *
 * ```ts
 * const app = express()
 * app.get("/hello", (_, response) => void response.send("hello"))
 * const server = app.listen(0, "127.0.0.1")
 *
 * const live = await LiveServer.attach(server, { components: [Counter], layers: CounterLayer })
 *
 * const close = async () => {
 *   await live.close() // first: the server waits until nobody is connected
 *   server.close()
 * }
 * ```
 */
export const attach = <const Components extends ReadonlyArray<Component.Any>, E>(
  server: SharedServer.NodeHttpServerLike,
  options: {
    readonly components: Components
    /** Whether there is a dashboard at `${path}/dashboard`, for those whom `MonitorAccess` lets in (false). */
    readonly dashboard?: boolean
    readonly layers: Layer.Layer<LiveCore.Requirements<Components>, E>
  }
): Promise<Attached> => {
  const end = new ProcessEnd.ProcessEnd()
  const starting = Effect.gen(function* () {
    const scope = yield* Scope.make()
    yield* Layer.buildWithScope(Layer.provide(layerAttached(server, options), options.layers), scope).pipe(
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
    return yield* Effect.cached(closeInTime(scope, end))
  })
  return Effect.runPromise(ProcessEnd.provide(starting, end)).then((closing) => ({
    close: () => Effect.runPromise(closing)
  }))
}

const closeInTime = (scope: Scope.Closeable, end: ProcessEnd.ProcessEnd): Effect.Effect<void> =>
  Effect.gen(function* () {
    const closed = yield* TimeLimit.timeoutOption(Scope.close(scope, Exit.void), end.drainTimeout)
    if (Option.isSome(closed)) return
    yield* Effect.provideContext(
      Log.error(
        `Not everything had ended ${Duration.format(end.drainTimeout)} after the components were to be closed: ` +
          "the finalizer of a Layer hangs, or waits for a service."
      ),
      end.context
    )
  })
