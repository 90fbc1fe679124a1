// `npm start`: builds the page, then serves it with its components. PORT is 3000 unless it is set;
// every setting of the server may be set, too: `FIBRA_RATE=20 npm start`.
// #region main
import { fileURLToPath } from "node:url"
import { NodeServices } from "@effect/platform-node"
import { Console, Layer } from "effect"
import { HttpServer } from "effect/http"
import { LiveConfig, LiveServer, SnapshotStore, UploadStore } from "fibra/server"
import * as Secret from "./Secret.ts"
import * as Site from "./Site.ts"

const beside = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const ready = HttpServer.HttpServer.use(({ address }) =>
  Console.log(`The showcase is at http://localhost:${"port" in address ? address.port : ""}`)
)

Layer.effectDiscard(ready).pipe(
  Layer.provide(Site.layer(beside("./dist"))),
  Layer.provide([
    // What is there again after a restart. Remove the folder to begin anew.
    SnapshotStore.layerFolder(beside("./data/states")),
    UploadStore.layerFileSystem(beside("./data/uploads")),
    Secret.layer(beside("./data/secret")),
    // Every setting may come from the environment.
    LiveConfig.layerConfig
  ]),
  Layer.provide(NodeServices.layer),
  LiveServer.runMain
)
// #endregion main
