/** A server that takes files into the folder `STORE`, as a program; it tells its memory when it is asked for it. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as Rpc from "effect/rpc/Rpc"
import { Component, Upload } from "../../src/index.ts"
import { LiveConfig, LiveServer, UploadStore } from "../../src/server/index.ts"
import { listening } from "./listening.ts"

class Depot extends Component.Service<Depot>()("Depot", {
  state: { files: Schema.Int },
  initial: () => ({ files: 0 }),
  actions: [Rpc.make("Memory", { success: Schema.Int })],
  uploads: { file: Upload.policy({ maxFileSize: "2 GiB", maxFiles: 100 }) }
}) {}

const DepotLayer = Depot.toLayer(
  Effect.gen(function* () {
    const self = yield* Depot
    return Depot.of({
      Memory: () => Effect.sync(() => process.memoryUsage.rss()),
      uploads: { file: () => self.update(({ files }) => ({ files: files + 1 })) }
    })
  })
)

const config = LiveConfig.layer({
  rate: Infinity,
  maxUploadsPerPrincipal: 100,
  maxUploadBytesPerPrincipal: Infinity,
  minFreeDisk: 0,
  drainTimeout: Duration.seconds(2)
})

LiveServer.layerHttp({ components: [Depot], port: Number(process.env["PORT"] ?? 0), host: "127.0.0.1" }).pipe(
  (server) => Layer.provideMerge(listening, server),
  Layer.provide([
    DepotLayer,
    UploadStore.layerFileSystem(process.env["STORE"] ?? ""),
    config,
    Logger.layer(process.env["LOUD"] === undefined ? [] : [Logger.consolePretty()])
  ]),
  LiveServer.runMain
)
