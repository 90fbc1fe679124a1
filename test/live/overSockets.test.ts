import { Effect, Layer } from "effect"
import { LiveClient } from "fibra/client"
import { LiveConfig } from "fibra/server"
import { client, served } from "../support/server.ts"
import { liveSuite, Subject } from "../support/liveSuite.ts"

const overSocket = Layer.effect(Subject, Effect.service(LiveClient)).pipe(
  Layer.provide(client),
  Layer.provideMerge(served)
)

liveSuite("over a socket", overSocket)

liveSuite(
  "over a socket on which every message is compressed",
  Layer.provide(overSocket, LiveConfig.layer({ compression: true, compressionThreshold: 0 }))
)
