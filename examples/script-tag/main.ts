// Serves a page without a build: `npx vite build --config vite.script.config.ts --outDir examples/script-tag/public`, which puts fibra.js
// beside the page, then `npx tsx examples/script-tag/main.ts`.
// #region main
import { fileURLToPath } from "node:url"
import { NodeServices } from "@effect/platform-node"
import { Layer } from "effect"
import { HttpStaticServer } from "effect/http"
import { LiveConfig, LiveServer } from "fibra/server"
import { Counter } from "../counter/Counter.ts"
import { CounterLayer } from "../counter/CounterLayer.ts"

// index.html, and a copy of node_modules/fibra/dist/fibra.js
const root = fileURLToPath(new URL("public", import.meta.url))

LiveServer.layerHttp({ components: [Counter], routes: HttpStaticServer.layer({ root }) }).pipe(
  Layer.provide([CounterLayer, LiveConfig.layerConfig, NodeServices.layer]),
  LiveServer.runMain
)
// #endregion main
