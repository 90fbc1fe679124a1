// The counter's server, and nothing else: `npx tsx examples/counter/main.ts`, then `npx tsx examples/counter/client.ts`.
// #region main
import { Layer } from "effect"
import { LiveConfig, LiveServer } from "fibra/server"
import { Counter } from "./Counter.ts"
import { CounterLayer } from "./CounterLayer.ts"

LiveServer.layerHttp({ components: [Counter] }).pipe(
  Layer.provide([CounterLayer, LiveConfig.layerConfig]),
  LiveServer.runMain
)
// #endregion main
