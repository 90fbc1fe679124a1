/** A real server on a port of its own, for tests that want sockets. */
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { Context, Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { LiveClient } from "fibra/client"
import { LiveConfig, LiveServer } from "fibra/server"
import { behaviors, components } from "./Lab.ts"

/** Where the server listens. */
export class Address extends Context.Service<Address, { readonly port: number; readonly url: string }>()(
  "test/Address"
) {}

const http = NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })

const address = Layer.effect(
  Address,
  Effect.map(Effect.service(HttpServer.HttpServer), ({ address }) => {
    const port = "port" in address ? address.port : 0
    return { port, url: `ws://127.0.0.1:${port}/api/live/rpc` }
  })
)

/** As much at once as a test likes, unless it says another rate than the default. */
const unhurried = Layer.effect(
  LiveConfig.LiveConfig,
  Effect.map(LiveConfig.LiveConfig, (config) => ({
    ...config,
    rate: config.rate === LiveConfig.defaults.rate ? Infinity : config.rate
  }))
)

/** The components of the lab, served. */
export const served = LiveServer.layer({ components }).pipe(
  (app) => HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }),
  Layer.merge(address),
  Layer.provide(http),
  Layer.provide(unhurried),
  Layer.provideMerge(behaviors)
)

/** A client of that server. */
export const client = Layer.unwrap(Effect.map(Effect.service(Address), ({ url }) => LiveClient.layerWebSocket({ url })))
