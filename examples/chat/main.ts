// The chat's server, and nothing else: `npx tsx examples/chat/main.ts`, then `npx tsx examples/chat/client.ts Ada general`.
// #region main
import { createServer } from "node:http"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Config, Layer } from "effect"
import { HttpRouter } from "effect/http"
import { LiveConfig, LiveServer } from "fibra/server"
import { Chat, History } from "./Chat.ts"
import { ChatLayer } from "./ChatLayer.ts"
import { HistoryLayer } from "./HistoryLayer.ts"

const options = {
  port: Config.withDefault(Config.Port("PORT"), 3000),
  // Open sockets would be waited for when the process is to end; LiveServer closes them instead.
  disablePreemptiveShutdown: Config.succeed(true)
}

LiveServer.layer({ components: [Chat, History] }).pipe(
  Layer.provide([ChatLayer, HistoryLayer, LiveConfig.layerConfig]),
  HttpRouter.serve,
  Layer.provide(NodeHttpServer.layerConfig(createServer, options)),
  Layer.launch,
  NodeRuntime.runMain
)
// #endregion main
