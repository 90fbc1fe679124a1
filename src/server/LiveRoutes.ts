/** The endpoints of a live server: a route for each of its wires. They share their limits. */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import type { IncomingMessage } from "node:http"
import { ConnectionLimits } from "./transport/ConnectionLimits.ts"
import * as Authentication from "./security/Authentication.ts"
import type { WireProtocol } from "./transport/Connection.ts"
import * as ComponentRegistry from "./instance/ComponentRegistry.ts"
import * as LiveConfig from "./LiveConfig.ts"
import * as LiveDashboard from "./LiveDashboard.ts"
import type * as LiveCore from "./LiveCore.ts"
import * as MonitorAccess from "./monitor/MonitorAccess.ts"
import * as MonitorGuard from "./monitor/MonitorGuard.ts"
import * as MonitorHttp from "./monitor/MonitorHttp.ts"
import * as LiveJson from "./wire/json/LiveJson.ts"
import * as LiveRpc from "./wire/rpc/LiveRpc.ts"
import * as RejectionLog from "./security/RejectionLog.ts"
import * as Revocations from "./security/Revocations.ts"
import { PerMessageDeflate } from "./transport/PerMessageDeflate.ts"
import * as Transport from "./transport/Transport.ts"
import * as RefusedRequests from "./http/RefusedRequests.ts"
import * as Cors from "./http/Cors.ts"
import * as DirectUpgrades from "./http/DirectUpgrades.ts"
import { PlainRoutes } from "./http/PlainRoute.ts"
import * as Upgrade from "./http/Upgrade.ts"
import * as UpgradeRejection from "./http/UpgradeRejection.ts"
import * as UploadFiles from "./upload/UploadFiles.ts"
import * as WebSocketWriter from "./transport/WebSocketWriter.ts"

/** What is served. */
interface RoutesOptions {
  /** Whether there is a dashboard (false). */
  readonly dashboard?: boolean
  /** Called with each request to a wire. */
  readonly onRequest?: (incoming: IncomingMessage) => void
}

/** Adds the endpoints of the wires and of the monitor to a router. */
export const layer = ({ dashboard = false, onRequest = () => {} }: RoutesOptions = {}): Layer.Layer<
  never,
  LiveCore.StartError,
  HttpRouter.HttpRouter | LiveCore.Core
> => {
  const guarded = Layer.provide(LiveDashboard.layer, Layer.provide(MonitorGuard.layer, RejectionLog.layer))
  const monitor = dashboard ? Layer.merge(MonitorHttp.layer, guarded) : MonitorHttp.layer
  return Layer.mergeAll(wires(onRequest), files, Layer.provide(monitor, MonitorAccess.layerProvided))
}

const takesUploads = ({ all }: ComponentRegistry.ComponentRegistry["Service"]): boolean =>
  all.some(({ component }) => component.codec.uploads.size > 0)

/** Adds the files that were uploaded, where a component takes some. */
const files = Layer.unwrap(
  Effect.map(ComponentRegistry.ComponentRegistry, (registry) =>
    takesUploads(registry) ? UploadFiles.layer : Layer.empty
  )
)

/** Adds `${path}/rpc` and `${path}/ws` to a router. `onRequest` is called with each request to them. */
const wires = (
  onRequest: (incoming: IncomingMessage) => void
): Layer.Layer<
  never,
  never,
  | HttpRouter.HttpRouter
  | Transport.Transport
  | LiveRpc.LiveRpc
  | LiveJson.LiveJson
  | Revocations.Revocations
  | ComponentRegistry.ComponentRegistry
> =>
  HttpRouter.use((router) =>
    Effect.gen(function* () {
      const config = yield* LiveConfig.LiveConfig
      const transport = yield* Transport.Transport
      const rpc = yield* LiveRpc.LiveRpc
      const json = yield* LiveJson.LiveJson
      const authenticate = yield* Authentication.Authentication
      const revocations = yield* Revocations.Revocations
      const registry = yield* ComponentRegistry.ComponentRegistry
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const logged = yield* RejectionLog.bound
      // Shared by all endpoints, which count their connections together.
      const gate: Upgrade.Gate = {
        limits: new ConnectionLimits(config),
        authenticate,
        compression: config.compression ? new PerMessageDeflate(config) : undefined,
        config,
        maxPayload: takesUploads(registry) ? Math.max(config.maxPayload, config.maxUploadPayload) : config.maxPayload,
        hasLeft: revocations.hasLeftUnsafe,
        isDraining: transport.isDraining,
        onRequest,
        onRefused: (status) => void run(UpgradeRejection.count(status))
      }
      const plain = new PlainRoutes(router)
      const direct = (yield* DirectUpgrades.OfServer) ?? new DirectUpgrades.ForeignUpgrades()
      yield* Effect.addFinalizer(() => Effect.sync(() => direct.end()))
      const endpoint = (frontOf: (query: () => URLSearchParams) => WireProtocol) => {
        const { handler, take } = Upgrade.endpoint(gate, (ws, socket, { deflater, principal, query }) =>
          WebSocketWriter.attach(transport, frontOf(query), ws, socket, principal, deflater)
        )
        if (take === undefined) return logged(handler)
        return plain.watched(logged(handler), (request) => {
          const incoming = NodeHttpServerRequest.toIncomingMessage(request) as Upgrade.UpgradeRequest
          if (incoming.upgrade) direct.learn(incoming, take)
        })
      }
      yield* plain.add(RefusedRequests.middleware)
      yield* router.add(
        "GET",
        `${config.path}/rpc`,
        endpoint(() => rpc)
      )
      yield* router.add("OPTIONS", `${config.path}/rpc`, Cors.preflight)
      yield* router.add(
        "GET",
        `${config.path}/ws`,
        endpoint((query) => json(query()))
      )
    })
  ).pipe(Layer.provide(RejectionLog.layer))
