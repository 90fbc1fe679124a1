// The clock's server, and nothing else: `npx tsx examples/clock/main.ts`, then `npx tsx examples/clock/client.ts`.
// #region main
import { Layer } from "effect"
import { LiveConfig, LiveServer } from "fibra/server"
import { Clock } from "./Clock.ts"
import { ClockLayer } from "./ClockLayer.ts"

LiveServer.layerHttp({ components: [Clock] }).pipe(
  Layer.provide([ClockLayer, LiveConfig.layerConfig]),
  LiveServer.runMain
)
// #endregion main
