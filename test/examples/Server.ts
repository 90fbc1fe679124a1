/** A configured server on a port of its own, for docs/configuration.md and for the clients of docs/wire.md. */
// #region server
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { LiveConfig, LiveServer } from "fibra/server"
import { Counter } from "../../examples/counter/Counter.ts"
import { CounterLayer } from "../../examples/counter/CounterLayer.ts"

const config = LiveConfig.layer({
  allowedOrigins: ["https://app.example.org", "https://example.org"],
  heartbeat: "20 seconds",
  maxComponents: 3
})

const app = LiveServer.layer({ components: [Counter] }).pipe(Layer.provide(CounterLayer), Layer.provide(config))

const http = NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1", disablePreemptiveShutdown: true })

/** What is left out has its default; what is not provided at all has all of them. */
export const server = HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provideMerge(http)
)
// #endregion server

/** Where it listens. */
export const url = Effect.map(Effect.service(HttpServer.HttpServer), ({ address }) =>
  "port" in address ? `ws://127.0.0.1:${address.port}/api/live/rpc` : ""
)
