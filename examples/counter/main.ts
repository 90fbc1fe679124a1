// The counter's server, and nothing else: `npx tsx examples/counter/main.ts`, then `npx tsx examples/counter/client.ts`.
// #region main
import { NodeRuntime } from "@effect/platform-node"
import { Layer } from "effect"
import { LiveConfig, LiveServer } from "fibra/server"
import { Counter } from "./Counter.ts"
import { CounterLayer } from "./CounterLayer.ts"

LiveServer.layerHttp({ components: [Counter] }).pipe(
  Layer.provide([CounterLayer, LiveConfig.layerConfig]),
  Layer.launch,
  NodeRuntime.runMain
)
// #endregion main
