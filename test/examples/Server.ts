/** A configured server on a port of its own, for docs/configuration.md and for the clients of docs/wire.md. */
// #region server
import { Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import { LiveConfig, LiveServer } from "fibra/server"
import { Counter } from "../../examples/counter/Counter.ts"
import { CounterLayer } from "../../examples/counter/CounterLayer.ts"

const config = LiveConfig.layer({
  allowedOrigins: ["https://app.example.org", "https://example.org"],
  heartbeat: "20 seconds",
  maxComponents: 3
})

/** What is left out has its default; what is not provided at all has all of them. */
export const server = LiveServer.layerHttp({ components: [Counter], port: 0, host: "127.0.0.1" }).pipe(
  Layer.provide([CounterLayer, config])
)
// #endregion server

/** Where it listens. */
export const url = Effect.map(Effect.service(HttpServer.HttpServer), ({ address }) =>
  "port" in address ? `ws://127.0.0.1:${address.port}/api/live/rpc` : ""
)
