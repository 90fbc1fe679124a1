/**
 * Front A: the RPC wire over connections of the Transport. What is asked goes straight to the session, and its answers and the one
 * stream of events straight to the outbox. On the wire all of it is what a stock `RpcClient` of `LiveProtocol` expects.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LiveConfig from "../../LiveConfig.ts"
import { Sessions } from "../../session/Sessions.ts"
import type { WireProtocol } from "../../transport/Connection.ts"
import { RpcConnection, type RpcHost } from "./RpcConnection.ts"

/** The front, to be given to the Transport with each connection. */
export class LiveRpc extends Context.Service<LiveRpc, WireProtocol>()("fibra/server/LiveRpc") {}

/** The front. */
export const layer: Layer.Layer<LiveRpc, never, Sessions> = Layer.effect(
  LiveRpc,
  Effect.gen(function* () {
    const config = yield* LiveConfig.LiveConfig
    const clock = yield* Clock.Clock
    const host: RpcHost = {
      sessions: yield* Sessions,
      tokenAge: Duration.toMillis(config.tokenAge),
      reconnectWithin: Duration.toMillis(config.reconnectWithin),
      now: () => clock.currentTimeMillisUnsafe()
    }
    return { open: (connection) => new RpcConnection(host, connection) }
  })
)
