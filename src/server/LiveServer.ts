/**
 * The entry points: serve components with an HTTP server of their own, over a router of Effect's HTTP server, or within
 * a server that is there already. That every listed component has its behaviour is checked when the program is compiled.
 */
import "effect/schema/SchemaJITCompiler/enable"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import type * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import type * as Component from "../Component.ts"
import * as Drain from "./Drain.ts"
import "./http/Listening.ts"
import type { ListenError } from "./http/ListenError.ts"
import * as NodeServer from "./http/NodeServer.ts"
import * as ShutdownResponder from "./http/ShutdownResponder.ts"
import type { LiveConfigError } from "./LiveConfig.ts"
import * as LiveCore from "./LiveCore.ts"
import * as LiveRoutes from "./LiveRoutes.ts"
import * as LiveSsr from "./LiveSsr.ts"
import * as Observation from "./Observation.ts"
import * as Principals from "./security/Principals.ts"

export { attach, type Attached, layerAttached } from "./attach.ts"
export { ListenError } from "./http/ListenError.ts"
export type { Requirements, StartError } from "./LiveCore.ts"
export { runMain } from "./runMain.ts"

/** What `routes` of `layerHttp` may use without asking for it: the router, files, sign-outs, and pages that are rendered. */
export type Provided =
  | HttpRouter.HttpRouter
  | LiveSsr.LiveSsr
  | Principals.Principals
  | Layer.Success<typeof NodeHttpServer.layerHttpServices>

/** What routes require of those that serve them: what they are built with, and what their handlers use. */
export type RoutesRequirements<R> = Exclude<
  | HttpRouter.Request.Without<R>
  | Exclude<
      HttpRouter.Request.Only<"Requires", R> | HttpRouter.Request.Only<"GlobalRequires", R>,
      HttpRouter.GlobalProvided
    >,
  Provided
>

/** A server of its own. */
export interface HttpOptions<Components extends ReadonlyArray<Component.Any>, E, R> {
  readonly components: Components
  /** Whether there is a dashboard at `${path}/dashboard`, for those whom `MonitorAccess` lets in (false). */
  readonly dashboard?: boolean
  /** Where it listens; 0 is any free port. Left out: `PORT` of the environment, or 3000. */
  readonly port?: number | Config.Config<number>
  /** The address that it listens on. Left out: all of them. */
  readonly host?: string | Config.Config<string>
  /** Other routes of the server, such as those of `HttpRouter.add` or `HttpStaticServer.layer`. */
  readonly routes?: Layer.Layer<never, E, R>
}

type HttpLayer<Components extends ReadonlyArray<Component.Any>, E, R> = Layer.Layer<
  Principals.Principals | LiveSsr.LiveSsr | HttpServer.HttpServer,
  LiveCore.StartError | LiveConfigError | ListenError | HttpRouter.Request.Without<E>,
  LiveCore.Requirements<Components> | RoutesRequirements<R>
>

/**
 * Serves the components with an HTTP server of their own, until the Scope closes: at `${path}/rpc` (by default
 * `/api/live/rpc`) and, for clients in any language, at `${path}/ws`. It listens when everything is there to be served.
 * At the end new requests are answered 503 while everything that has begun is finished, and nobody who is connected is
 * waited for.
 *
 * It requires the behaviour of each component. These services are optional, which its type cannot say: `LiveConfig`,
 * `Authentication`, `Authorization`, `Secrets` (otherwise `FIBRA_SECRET` signs the state tokens), `SnapshotStore`
 * (otherwise states are stored in memory) and `Principals`, which it provides to its routes and to the rest of the
 * program. Its `HttpServer` tells the address.
 *
 * <!-- snippet: examples/counter/main.ts#main -->
 *
 * ```ts
 * import { Layer } from "effect"
 * import { LiveConfig, LiveServer } from "fibra/server"
 * import { Counter } from "./Counter.ts"
 * import { CounterLayer } from "./CounterLayer.ts"
 *
 * LiveServer.layerHttp({ components: [Counter] }).pipe(
 *   Layer.provide([CounterLayer, LiveConfig.layerConfig]),
 *   LiveServer.runMain
 * )
 * ```
 */
export const layerHttp = <const Components extends ReadonlyArray<Component.Any>, E = never, R = never>(
  options: HttpOptions<Components, E, R>
): HttpLayer<Components, E, R> => {
  const live = Layer.provideMerge(
    LiveRoutes.layer(options),
    Layer.provide(LiveCore.layerUndrained(options), Observation.layer)
  )
  const routes = HttpRouter.provideRequest(ofRequests)((options.routes ?? Layer.empty) as Layer.Layer<never, E, R>)
  const served = HttpRouter.serve(Layer.provideMerge(routes, live), quiet)
  const listening = Layer.unwrap(Effect.map(place(options), NodeServer.listening))
  const layer = Layer.provideMerge(Drain.layer, Layer.provideMerge(listening, served)).pipe(
    Layer.provide([NodeServer.layer, NodeHttpServer.layerHttpServices])
  )
  // What is excluded from an R that is not known yet is not known either.
  return layer as HttpLayer<Components, E, never> as HttpLayer<Components, E, R>
}

/**
 * Serves the components over a router, for a program whose HTTP server is one of Effect's; otherwise `layerHttp` is
 * shorter. It takes the same services, and requires the router, too.
 *
 * <!-- snippet: test/examples/Router.ts#router -->
 *
 * ```ts
 * import { createServer } from "node:http"
 * import { NodeHttpServer } from "@effect/platform-node"
 * import { Layer } from "effect"
 * import { HttpRouter, HttpServerResponse } from "effect/http"
 * import { LiveServer } from "fibra/server"
 * import { Counter } from "../../examples/counter/Counter.ts"
 * import { CounterLayer } from "../../examples/counter/CounterLayer.ts"
 *
 * const live = LiveServer.layer({ components: [Counter] }).pipe(Layer.provide(CounterLayer))
 * const hello = HttpRouter.add("GET", "/hello", HttpServerResponse.text("hello"))
 *
 * // Open sockets would be waited for when the process is to end; LiveServer closes them instead.
 * const http = NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1", disablePreemptiveShutdown: true })
 *
 * export const server = HttpRouter.serve(Layer.merge(live, hello), { disableLogger: true }).pipe(Layer.provideMerge(http))
 * ```
 */
export const layer = <const Components extends ReadonlyArray<Component.Any>>(options: {
  readonly components: Components
  readonly dashboard?: boolean
}): Layer.Layer<
  Principals.Principals | LiveSsr.LiveSsr,
  LiveCore.StartError,
  HttpRouter.HttpRouter | LiveCore.Requirements<Components>
> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const responder = yield* ShutdownResponder.ShutdownResponder
      yield* Effect.addFinalizer(() => Effect.sync(() => responder.begin()))
      return LiveRoutes.layer({ ...options, onRequest: (incoming) => responder.see(incoming) })
    })
  ).pipe(Layer.provideMerge(LiveCore.layer(options)), Layer.provide([ShutdownResponder.layer, Observation.layer]))

/** What handlers of routes use, and not only the layers that add them. */
const ofRequests = Layer.effectContext(
  Effect.gen(function* () {
    const principals = yield* Principals.Principals
    return Context.make(LiveSsr.LiveSsr, yield* LiveSsr.LiveSsr).pipe(Context.add(Principals.Principals, principals))
  })
)

const quiet = { disableLogger: true, disableListenLog: true }

/** Where to listen. */
const place = Effect.fnUntraced(function* ({ host, port }: Pick<HttpOptions<[], never, never>, "host" | "port">) {
  return {
    port: typeof port === "number" ? port : yield* port ?? NodeServer.portOfEnvironment,
    host: typeof host === "object" ? yield* host : host
  }
})
