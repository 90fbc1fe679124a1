/** A program with an HTTP server of Effect's, which live components are a part of. */
// #region router
import { createServer } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { LiveServer } from "fibra/server"
import { Counter } from "../../examples/counter/Counter.ts"
import { CounterLayer } from "../../examples/counter/CounterLayer.ts"

const live = LiveServer.layer({ components: [Counter] }).pipe(Layer.provide(CounterLayer))
const hello = HttpRouter.add("GET", "/hello", HttpServerResponse.text("hello"))

// Open sockets would be waited for when the process is to end; LiveServer closes them instead.
const http = NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1", disablePreemptiveShutdown: true })

export const server = HttpRouter.serve(Layer.merge(live, hello), { disableLogger: true }).pipe(Layer.provideMerge(http))
// #endregion router
