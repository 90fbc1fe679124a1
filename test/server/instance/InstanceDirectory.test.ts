/** The directory of one process. */
import { layer } from "@effect/vitest"
import { Layer, Logger } from "effect"
import { LiveConfig, Secrets } from "fibra/server"
import { instanceDirectorySuite } from "../../support/instanceDirectorySuite.ts"
import { behaviors, Lab, Ticker } from "../../support/Lab.ts"
import * as LiveCore from "../../../src/server/LiveCore.ts"

const local = LiveCore.layer({ components: [Lab, Ticker] }).pipe(
  Layer.provideMerge(behaviors),
  Layer.provide([Secrets.layerRandom, LiveConfig.layer({ maxKeyed: 3 }), Logger.layer([])])
)

layer(local)("a directory of one process", instanceDirectorySuite)
