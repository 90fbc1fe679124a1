/**
 * The RPC wire. Requests go directly to the session; their replies, and the stream of events, go directly to the
 * outbox. A stock `RpcClient` of `LiveProtocol` understands it.
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

/** The RPC wire, for the Transport. */
export class LiveRpc extends Context.Service<LiveRpc, WireProtocol>()("fibra/server/LiveRpc") {}

/** The RPC wire. */
export const layer: Layer.Layer<LiveRpc, never, Sessions> = Layer.effect(
  LiveRpc,
  Effect.gen(function* () {
    const config = yield* LiveConfig.LiveConfig
    const clock = yield* Clock.Clock
    const host: RpcHost = {
      sessions: yield* Sessions,
      limits: JSON.stringify(LiveConfig.clientLimits(config)),
      tokenAge: Duration.toMillis(config.tokenAge),
      reconnectWithin: Duration.toMillis(config.reconnectWithin),
      now: () => clock.currentTimeMillisUnsafe()
    }
    return { open: (connection) => new RpcConnection(host, connection) }
  })
)
