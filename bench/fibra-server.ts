/** The product under test, as a user runs it: LiveServer over Effect's router and HTTP server on Node. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import { createServer } from "node:http"
import { existsSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { LiveConfig, LiveServer, Secrets, UploadStore } from "../src/server/index.ts"
import {
  Board,
  BoardLayer,
  Counter,
  CounterLayer,
  Depot,
  DepotLayer,
  Later,
  LaterLayer,
  Talk,
  TalkLayer
} from "./components.ts"
import * as server from "./server.ts"

/** Files of memory, where there are such: what a disk costs is not fibra's. */
const folder = join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), `fibra-bench-${process.pid}`)
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))

const App = LiveServer.layer({ components: [Counter, Board, Depot, Later, Talk] }).pipe(
  Layer.provide([CounterLayer, BoardLayer, DepotLayer, LaterLayer, TalkLayer]),
  Layer.provide(UploadStore.layerFileSystem(folder)),
  Layer.provide(Secrets.layerRandom),
  // The other servers say nothing either, whoever connects, and whatever they mount.
  Layer.provide(Layer.succeed(References.MinimumLogLevel, "Error")),
  // The load comes from one machine, as fast as it can.
  Layer.provide(LiveConfig.layer({ maxConnections: Infinity, maxConnectionsPerAddress: Infinity, rate: Infinity }))
)

const Measured = Layer.effectDiscard(
  Effect.map(Effect.service(HttpServer.HttpServer), ({ address }) => {
    server.answer("port" in address ? address.port : 0)
  })
)

HttpRouter.serve(App, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.merge(Measured),
  Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
  Layer.launch,
  NodeRuntime.runMain
)
