/** Serves the counter, and pages that were built into a folder, as a program. */
import { NodeServices } from "@effect/platform-node"
import { Layer } from "effect"
import { HttpStaticServer } from "effect/http"
import { LiveServer } from "fibra/server"
import { Counter } from "../../examples/counter/Counter.ts"
import { CounterLayer } from "../../examples/counter/CounterLayer.ts"
import { listening } from "./listening.ts"

listening.pipe(
  Layer.provide(
    LiveServer.layerHttp({
      components: [Counter],
      port: 0,
      host: "127.0.0.1",
      routes: HttpStaticServer.layer({ root: process.env["DIST"] ?? "" })
    })
  ),
  Layer.provide([CounterLayer, NodeServices.layer]),
  LiveServer.runMain
)
