/** A server beside a Layer whose finalizer hangs, or ends at once without `HANGS`. `DRAIN_MILLIS` is its `drainTimeout`. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { LiveConfig, LiveServer } from "../../src/server/index.ts"
import { CounterFixture, CounterFixtureLayer } from "./CounterFixture.ts"
import { listening } from "./listening.ts"

const finalizer = process.env["HANGS"] === undefined ? Effect.void : Effect.never

LiveServer.layerHttp({ components: [CounterFixture], port: Number(process.env["PORT"] ?? 0), host: "127.0.0.1" }).pipe(
  (server) => Layer.provideMerge(listening, server),
  Layer.provide(CounterFixtureLayer),
  Layer.provide(LiveConfig.layer({ drainTimeout: Duration.millis(Number(process.env["DRAIN_MILLIS"])) })),
  Layer.provide(Layer.effectDiscard(Effect.addFinalizer(() => finalizer))),
  LiveServer.runMain
)
