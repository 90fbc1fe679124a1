// The counter's server, and nothing else: `npx tsx examples/counter/main.ts`, then `npx tsx examples/counter/client.ts`.
// #region main
import { createServer } from "node:http"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Layer } from "effect"
import { HttpRouter } from "effect/http"
import { LiveConfig, LiveServer } from "fibra/server"
import { Counter } from "./Counter.ts"
import { CounterLayer } from "./CounterLayer.ts"

const options = {
  port: Config.withDefault(Config.Port("PORT"), 3000),
  // Open sockets would be waited for when the process is to end; LiveServer closes them instead.
  disablePreemptiveShutdown: Config.succeed(true)
}

LiveServer.layer({ components: [Counter] }).pipe(
  Layer.provide([CounterLayer, LiveConfig.layerConfig]),
  HttpRouter.serve,
  Layer.provide(NodeHttpServer.layerConfig(createServer, options)),
  Layer.launch,
  NodeRuntime.runMain
)
// #endregion main
