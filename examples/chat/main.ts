// The chat's server, and nothing else: `npx tsx examples/chat/main.ts`, then `npx tsx examples/chat/client.ts Ada general`.
// #region main
import { Layer } from "effect"
import { LiveConfig, LiveServer } from "fibra/server"
import { Chat, History } from "./Chat.ts"
import { ChatLayer } from "./ChatLayer.ts"
import { HistoryLayer } from "./HistoryLayer.ts"

LiveServer.layerHttp({ components: [Chat, History] }).pipe(
  Layer.provide([ChatLayer, HistoryLayer, LiveConfig.layerConfig]),
  LiveServer.runMain
)
// #endregion main
