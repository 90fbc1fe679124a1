/** The directory of one process. */
import { layer } from "@effect/vitest"
import { Layer, Logger } from "effect"
import { LiveConfig, LiveServer, Secrets } from "fibra/server"
import { instanceDirectorySuite } from "../../support/instanceDirectorySuite.ts"
import { behaviors, Lab, Ticker } from "../../support/Lab.ts"

const local = LiveServer.layerCore({ components: [Lab, Ticker] }).pipe(
  Layer.provideMerge(behaviors),
  Layer.provide([Secrets.layerRandom, LiveConfig.layer({ maxKeyed: 3 }), Logger.layer([])])
)

layer(local)("a directory of one process", instanceDirectorySuite)
