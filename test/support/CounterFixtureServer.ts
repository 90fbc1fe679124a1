/** A server of tallies as a program: `PORT` is any free one unless it is set. */
import * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import { LiveConfig, LiveServer } from "../../src/server/index.ts"
import { listening } from "./listening.ts"
import { CounterFixture, CounterFixtureLayer } from "./CounterFixture.ts"

/** `DRAIN_MILLIS`, where a test knows better how busy its machine may be. */
const drainTimeout = Duration.millis(
  Number(process.env["DRAIN_MILLIS"] ?? Duration.toMillis(LiveConfig.defaults.drainTimeout))
)

LiveServer.layerHttp({ components: [CounterFixture], port: Number(process.env["PORT"] ?? 0), host: "127.0.0.1" }).pipe(
  (server) => Layer.provideMerge(listening, server),
  Layer.provide([
    CounterFixtureLayer,
    // A crowd of one machine, which calls as fast as it can.
    LiveConfig.layer({ maxConnectionsPerAddress: Infinity, rate: Infinity, drainTimeout })
  ]),
  LiveServer.runMain
)
