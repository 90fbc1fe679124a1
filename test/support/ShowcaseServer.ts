/** The showcase as a program, as `npm start` runs it, with a page that was built and a folder for what it keeps of its test's. */
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Layer } from "effect"
import { LiveServer, SnapshotStore, UploadStore } from "fibra/server"
import * as Secret from "../../examples/showcase/Secret.ts"
import * as Site from "../../examples/showcase/Site.ts"
import { listening } from "./listening.ts"

const { DATA = "", DIST = "", PORT = "0" } = process.env

listening.pipe(
  Layer.provide(Site.layer(DIST, { port: Number(PORT), host: "127.0.0.1" })),
  Layer.provide([
    SnapshotStore.layerFolder(join(DATA, "states")),
    UploadStore.layerFileSystem(join(DATA, "uploads")),
    Secret.layer(join(DATA, "secret"))
  ]),
  Layer.provide(NodeServices.layer),
  LiveServer.runMain
)
