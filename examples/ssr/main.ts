// Builds the page's script, then serves: `npx vite build examples/ssr`, then `npx tsx examples/ssr/main.ts`.
// #region main
import { fileURLToPath } from "node:url"
import { NodeServices } from "@effect/platform-node"
import { Console, Layer } from "effect"
import { HttpServer } from "effect/http"
import { LiveConfig, LiveServer } from "fibra/server"
import * as Site from "./Site.tsx"

const ready = HttpServer.HttpServer.use(({ address }) =>
  Console.log(`The page is at http://localhost:${"port" in address ? address.port : ""}`)
)

Layer.effectDiscard(ready).pipe(
  Layer.provide(Site.layer(fileURLToPath(new URL("./dist", import.meta.url)))),
  Layer.provide([LiveConfig.layerConfig, NodeServices.layer]),
  LiveServer.runMain
)
// #endregion main
