/** Serves the endpoints of the monitor over the router of a server, with their description as OpenAPI. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpServer from "effect/http/HttpServer"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as LiveConfig from "../LiveConfig.ts"
import type { InstanceRunner } from "../instance/InstanceRunner.ts"
import * as RejectionLog from "../security/RejectionLog.ts"
import type { Transport } from "../transport/Transport.ts"
import type { Monitor } from "./Monitor.ts"
import type { MonitorAccess } from "./MonitorAccess.ts"
import * as MonitorApi from "./MonitorApi.ts"
import * as MonitorGuard from "./MonitorGuard.ts"
import * as MonitorHandlers from "./MonitorHandlers.ts"
import { headers } from "./MonitorRefusal.ts"
import type { Performance } from "./Performance.ts"

const guarded = Layer.effect(
  MonitorApi.Guarded,
  Effect.map(
    MonitorGuard.MonitorGuard,
    ({ admit }) =>
      (app) =>
        Effect.contextWith((context: Context.Context<HttpServerRequest>) =>
          Effect.matchEffect(admit(Context.get(context, HttpServerRequest)), {
            onFailure: Effect.succeed,
            onSuccess: () => Effect.map(app, HttpServerResponse.setHeaders(headers))
          })
        )
  )
)

/** Adds `${path}/health` and all others to a router, `${path}/openapi.json`, and the metrics at `metricsPath`. */
export const layer: Layer.Layer<
  never,
  never,
  HttpRouter.HttpRouter | InstanceRunner | Monitor | MonitorAccess | Performance | Transport
> = Layer.unwrap(
  Effect.map(LiveConfig.LiveConfig, ({ metricsPath, path }) => {
    const api = MonitorApi.make(path, metricsPath)
    return HttpApiBuilder.layer(api, { openapiPath: `${path}/openapi.json` }).pipe(
      Layer.provide(MonitorHandlers.layer(api)),
      Layer.provide(guarded),
      Layer.provide(MonitorGuard.layer),
      Layer.provide([HttpServer.layerServices, RejectionLog.layer])
    )
  })
)
