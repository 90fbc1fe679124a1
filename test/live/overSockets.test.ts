import { Effect, Layer } from "effect"
import { LiveClient } from "fibra/client"
import { client, served } from "../support/server.ts"
import { liveSuite, Subject } from "../support/liveSuite.ts"

liveSuite(
  "over a socket",
  Layer.effect(Subject, Effect.service(LiveClient)).pipe(Layer.provide(client), Layer.provideMerge(served))
)
