/** The showcase as a program, much as `npm start` runs it: with a page that was built, and a folder for states, of its test's. */
import { createServer } from "node:http"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Layer } from "effect"
import { SnapshotStore } from "fibra/server"
import * as Site from "../../examples/showcase/Site.ts"
import { listening } from "../process/listening.ts"

const { DIST = "", PORT = "0", STATES = "" } = process.env

listening.pipe(
  Layer.provide(Site.layer(DIST)),
  Layer.provide(SnapshotStore.layerFolder(STATES)),
  Layer.provide(
    NodeHttpServer.layer(createServer, { port: Number(PORT), host: "127.0.0.1", disablePreemptiveShutdown: true })
  ),
  Layer.launch,
  NodeRuntime.runMain
)
