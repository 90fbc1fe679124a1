/**
 * The entry point: serves components over a router of Effect's HTTP server. That every listed component has its
 * behaviour is checked when the program is compiled.
 */
import "effect/schema/SchemaJITCompiler/enable"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import type * as Component from "../Component.ts"
import { ConnectionLimits } from "./transport/ConnectionLimits.ts"
import * as Authentication from "./security/Authentication.ts"
import type { WireProtocol } from "./transport/Connection.ts"
import * as LiveConfig from "./LiveConfig.ts"
import * as LiveCore from "./LiveCore.ts"
import * as LiveJson from "./wire/json/LiveJson.ts"
import * as LiveRpc from "./wire/rpc/LiveRpc.ts"
import * as Principals from "./security/Principals.ts"
import * as RejectionLog from "./security/RejectionLog.ts"
import * as Revocations from "./security/Revocations.ts"
import { PerMessageDeflate } from "./transport/PerMessageDeflate.ts"
import * as Transport from "./transport/Transport.ts"
import "./http/Listening.ts"
import * as RefusedRequests from "./http/RefusedRequests.ts"
import * as ShutdownResponder from "./http/ShutdownResponder.ts"
import * as Upgrade from "./http/Upgrade.ts"
import * as UpgradeRejection from "./http/UpgradeRejection.ts"
import * as WebSocketWriter from "./transport/WebSocketWriter.ts"

export type { Requirements, StartError } from "./LiveCore.ts"

/**
 * Serves the components at `${path}/rpc` (by default `/api/live/rpc`) and, for clients in any language, at
 * `${path}/ws`, until the Scope closes. It requires a router and the behaviour of each component. These services are
 * optional, which its type cannot say: `LiveConfig`, `Authentication`, `Authorization`, `Secrets` (otherwise
 * `FIBRA_SECRET` signs the state tokens), `SnapshotStore` (otherwise states are stored in memory) and `Principals`,
 * which it provides to the rest of the program, such as a route that signs somebody out.
 *
 * <!-- snippet: examples/counter/main.ts#main -->
 *
 * ```ts
 * import { createServer } from "node:http"
 * import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
 * import { Config, Layer } from "effect"
 * import { HttpRouter } from "effect/http"
 * import { LiveConfig, LiveServer } from "fibra/server"
 * import { Counter } from "./Counter.ts"
 * import { CounterLayer } from "./CounterLayer.ts"
 *
 * const options = {
 *   port: Config.withDefault(Config.Port("PORT"), 3000),
 *   // Open sockets would be waited for when the process is to end; LiveServer closes them instead.
 *   disablePreemptiveShutdown: Config.succeed(true)
 * }
 *
 * LiveServer.layer({ components: [Counter] }).pipe(
 *   Layer.provide([CounterLayer, LiveConfig.layerConfig]),
 *   HttpRouter.serve,
 *   Layer.provide(NodeHttpServer.layerConfig(createServer, options)),
 *   Layer.launch,
 *   NodeRuntime.runMain
 * )
 * ```
 */
export const layer = <const Components extends ReadonlyArray<Component.Any>>(options: {
  readonly components: Components
}): Layer.Layer<
  Principals.Principals,
  LiveCore.StartError,
  HttpRouter.HttpRouter | LiveCore.Requirements<Components>
> =>
  Layer.effect(Principals.Principals, Principals.Principals).pipe(
    Layer.merge(routes),
    Layer.provide(Layer.provideMerge(LiveCore.layer(options), ShutdownResponder.layer)),
    Layer.provide(RejectionLog.layer)
  )

const routes = HttpRouter.use((router) =>
  Effect.gen(function* () {
    const config = yield* LiveConfig.LiveConfig
    const transport = yield* Transport.Transport
    const rpc = yield* LiveRpc.LiveRpc
    const json = yield* LiveJson.LiveJson
    const authenticate = yield* Authentication.Authentication
    const revocations = yield* Revocations.Revocations
    const shutdownResponder = yield* ShutdownResponder.ShutdownResponder
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const logged = yield* RejectionLog.bound
    // Shared by all endpoints, which count their connections together.
    const gate: Upgrade.Gate = {
      limits: new ConnectionLimits(config),
      authenticate,
      compression: config.compression ? new PerMessageDeflate(config) : undefined,
      config,
      hasLeft: revocations.hasLeftUnsafe,
      isDraining: transport.isDraining,
      onRequest: (incoming) => shutdownResponder.see(incoming),
      onRefused: (status) => void run(UpgradeRejection.count(status))
    }
    const endpoint = (frontOf: (query: () => URLSearchParams) => WireProtocol) =>
      logged(
        Upgrade.handler(gate, (ws, socket, { deflater, principal, query }) =>
          WebSocketWriter.attach(transport, frontOf(query), ws, socket, principal, deflater)
        )
      )
    yield* Effect.addFinalizer(() => Effect.sync(() => shutdownResponder.begin()))
    yield* router.addGlobalMiddleware(RefusedRequests.middleware)
    yield* router.add(
      "GET",
      `${config.path}/rpc`,
      endpoint(() => rpc)
    )
    yield* router.add(
      "GET",
      `${config.path}/ws`,
      endpoint((query) => json(query()))
    )
  })
)
