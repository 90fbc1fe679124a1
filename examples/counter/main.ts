// The counter's server, and nothing else: `npx tsx examples/counter/main.ts`, then `npx tsx examples/counter/client.ts`.
// #region main
import { createServer } from "node:http"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Layer } from "effect"
import { HttpRouter } from "effect/http"
import { LiveServer } from "fibra/server"
import { Counter } from "./Counter.ts"
import { CounterLayer } from "./CounterLayer.ts"

const port = Config.withDefault(Config.Port("PORT"), 3000)

LiveServer.layer({ components: [Counter] }).pipe(
  Layer.provide(CounterLayer),
  HttpRouter.serve,
  Layer.provide(NodeHttpServer.layerConfig(createServer, { port })),
  Layer.launch,
  NodeRuntime.runMain
)
// #endregion main
