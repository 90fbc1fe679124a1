import { Effect, Layer } from "effect"
import { LiveClient } from "fibra/client"
import { client, served } from "./server.ts"
import { liveSuite, Subject } from "./suite.ts"

liveSuite(
  "over a socket",
  Layer.effect(Subject, Effect.service(LiveClient)).pipe(Layer.provide(client), Layer.provideMerge(served))
)
