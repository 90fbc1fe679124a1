/**
 * Serves the dashboard of a live server at `${path}/dashboard`: its page, and its components at an endpoint of their
 * own. These run apart from those of the application, with limits, sessions, secrets and metrics of their own, so that
 * neither can reach the other; and only while somebody looks.
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpRouter from "effect/http/HttpRouter"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as RcRef from "effect/RcRef"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import * as DeadLetters from "../actor/DeadLetters.ts"
import { CloseCode } from "../LiveProtocol.ts"
import * as ClientAddress from "./http/ClientAddress.ts"
import * as Upgrade from "./http/Upgrade.ts"
import * as UpgradeRejection from "./http/UpgradeRejection.ts"
import * as LiveConfig from "./LiveConfig.ts"
import * as LiveCore from "./LiveCore.ts"
import * as DashboardComponents from "./monitor/dashboard/DashboardComponents.ts"
import * as DashboardFiles from "./monitor/dashboard/DashboardFiles.ts"
import * as DashboardGate from "./monitor/dashboard/DashboardGate.ts"
import * as DashboardSource from "./monitor/dashboard/DashboardSource.ts"
import * as Recorder from "./monitor/Recorder.ts"
import * as RecordingFile from "./monitor/dashboard/RecordingFile.ts"
import type { MonitorAccess } from "./monitor/MonitorAccess.ts"
import type { MonitorGuard } from "./monitor/MonitorGuard.ts"
import * as Authentication from "./security/Authentication.ts"
import * as RightsInForce from "./security/RightsInForce.ts"
import * as Principals from "./security/Principals.ts"
import * as RejectionLog from "./security/RejectionLog.ts"
import * as Secrets from "./security/Secrets.ts"
import * as SnapshotStore from "./store/SnapshotStore.ts"
import { ConnectionLimits } from "./transport/ConnectionLimits.ts"
import { Transport } from "./transport/Transport.ts"
import * as WebSocketWriter from "./transport/WebSocketWriter.ts"
import { LiveRpc } from "./wire/rpc/LiveRpc.ts"

/** How long the components stay after the last viewer has left: long enough for a reload. */
const idleTime = "10 seconds"

/** Sessions end at once: a page that comes back mounts anew. */
const settingsOf = ({ allowedOrigins, trustedProxies }: LiveConfig.Settings): LiveConfig.Settings => ({
  ...LiveConfig.defaults,
  allowedOrigins: allowedOrigins === "any" ? "same-origin" : allowedOrigins,
  trustedProxies,
  maxConnections: 64,
  maxConnectionsPerAddress: 64,
  linger: Duration.zero,
  maxIdleTime: Duration.seconds(10),
  healthInterval: Duration.infinity
})

/** The components of the dashboard with all that runs them. */
const privateCore = (config: LiveConfig.Settings) =>
  LiveCore.layerUndrained({ components: DashboardComponents.components }).pipe(
    Layer.provide(DashboardComponents.layer),
    Layer.provide([
      SnapshotStore.layerMemory,
      Secrets.layerRandom,
      Principals.layer,
      DeadLetters.layer(),
      Recorder.layer(),
      Layer.succeed(Authentication.Authentication, undefined),
      Layer.succeed(RightsInForce.Override, RightsInForce.none),
      Layer.succeed(LiveConfig.LiveConfig, config),
      // Neither counted nor traced with the application, and only what goes wrong is logged.
      Layer.sync(Metric.MetricRegistry, () => new Map()),
      Layer.succeed(References.MinimumLogLevel, "Warn"),
      Layer.succeed(Tracer.Tracer, Tracer.nativeTracer)
    ])
  )

const routes = (path: `/${string}`) =>
  HttpRouter.use((router) =>
    Effect.gen(function* () {
      const scope = yield* Effect.scope
      const settings = settingsOf(yield* LiveConfig.LiveConfig)
      const folder = yield* DashboardFiles.DashboardFolder
      const gate = yield* DashboardGate.DashboardGate
      const server = yield* Transport
      const source = yield* DashboardSource.DashboardSource
      const logged = yield* RejectionLog.bound
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const limits = new ConnectionLimits(settings)
      const core = yield* RcRef.make({
        acquire: Effect.flatMap(Layer.makeMemoMap, (memo) =>
          Effect.flatMap(Effect.scope, (scope) =>
            Layer.buildWithMemoMap(
              Layer.provide(privateCore(settings), Layer.succeed(DashboardSource.DashboardSource, source)),
              memo,
              scope
            )
          )
        ),
        idleTimeToLive: idleTime
      })

      /** Keeps the components for as long as the socket is open, and the socket for as long as its ticket is valid. */
      const connect = Effect.fnUntraced(function* (ticket: string | undefined) {
        const held = yield* Scope.fork(scope)
        const release = () => void run(Scope.close(held, Exit.void))
        const services = yield* Effect.orDie(Scope.provide(RcRef.get(core), held))
        const [transport, rpc] = [Context.get(services, Transport), Context.get(services, LiveRpc)]
        const { handler: upgrade } = Upgrade.endpoint(
          {
            limits,
            authenticate: undefined,
            compression: undefined,
            config: settings,
            maxPayload: settings.maxPayload,
            hasLeft: () => false,
            isDraining: server.isDraining,
            onRequest: () => {},
            onRefused: (status) => {
              run(UpgradeRejection.count(status))
              release()
            }
          },
          (ws, socket) => {
            socket.once("close", release)
            if (ticket !== undefined)
              socket.once(
                "close",
                gate.opened(ticket, () => ws.close(CloseCode.signedOut))
              )
            // What somebody does is logged with the address.
            const principal = { id: ws.slot?.address ?? "unknown" }
            WebSocketWriter.attach(transport, rpc, ws, socket, principal, undefined)
          }
        )
        return yield* Effect.onExit(upgrade, (exit) =>
          Effect.sync(() => {
            if (Exit.isFailure(exit) || exit.value !== UpgradeRejection.none) release()
          })
        )
      })

      const admitted = <R>(
        request: HttpServerRequest,
        answer: (ticket: string | undefined) => Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>
      ) => Effect.matchEffect(gate.admit(request), { onFailure: Effect.succeed, onSuccess: answer })

      const addressOf = (request: HttpServerRequest) =>
        ClientAddress.of(NodeHttpServerRequest.toIncomingMessage(request), settings.trustedProxies)

      const file = (request: HttpServerRequest, name: string) =>
        DashboardFiles.respond(folder, name, request.headers["if-none-match"])

      // The names of its files are relative to the page, which is a folder for them.
      yield* router.add("GET", path, (request) =>
        admitted(request, () =>
          DashboardGate.isFolder(request)
            ? file(request, "")
            : Effect.succeed(HttpServerResponse.redirect("dashboard/", { headers: DashboardFiles.headers }))
        )
      )
      yield* router.add("GET", `${path}/assets/:name`, (request) =>
        admitted(request, () => Effect.flatMap(HttpRouter.params, ({ name = "" }) => file(request, `assets/${name}`)))
      )
      yield* router.add("GET", `${path}/recordings/:id`, (request) =>
        admitted(request, () =>
          Effect.flatMap(HttpRouter.params, ({ id = "" }) =>
            RecordingFile.respond(source, id, request, addressOf(request))
          )
        )
      )
      yield* router.add("GET", `${path}/rpc`, (request) => logged(admitted(request, connect)))
      yield* router.add("POST", `${path}/sign-in`, (request) => logged(gate.signIn(request)))
      yield* router.add("POST", `${path}/sign-out`, gate.signOut)
    })
  )

/** Adds the dashboard to a router. */
export const layer: Layer.Layer<never, never, HttpRouter.HttpRouter | LiveCore.Core | MonitorGuard | MonitorAccess> =
  Layer.unwrap(
    Effect.map(LiveConfig.LiveConfig, ({ path }) =>
      routes(`${path}/dashboard`).pipe(
        Layer.provide([DashboardGate.layer, DashboardSource.layer]),
        Layer.provide(RejectionLog.layer)
      )
    )
  )
