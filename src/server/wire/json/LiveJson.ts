/**
 * The JSON wire, for any client with JSON and a WebSocket. It uses the same sessions as the RPC wire, and components
 * cannot tell which wire a client uses.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { JsonConnection } from "./JsonConnection.ts"
import * as JsonEncoder from "./JsonEncoder.ts"
import * as LiveConfig from "../../LiveConfig.ts"
import { Sessions } from "../../session/Sessions.ts"
import type { WireProtocol } from "../../transport/Connection.ts"
import * as CachedClock from "../../transport/CachedClock.ts"

/** The token in the query of an upgrade request. One that is not valid counts as missing. */
const decodeToken = Schema.decodeUnknownOption(Schema.String.check(Schema.isMaxLength(256)))

/** The protocol for a connection with this query, for the Transport. */
export class LiveJson extends Context.Service<LiveJson, (query: URLSearchParams) => WireProtocol>()(
  "fibra/server/LiveJson"
) {}

/** The JSON wire. */
export const layer: Layer.Layer<LiveJson, never, Sessions> = Layer.effect(
  LiveJson,
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const config = yield* LiveConfig.LiveConfig
    const now = CachedClock.make(yield* Clock.Clock)
    const host = {
      config,
      limits: JSON.stringify(LiveConfig.clientLimits(config)),
      encoder: JsonEncoder.make(now),
      now,
      sessions
    }
    const first: WireProtocol = {
      open: (connection) => new JsonConnection(host, connection, { sessionToken: undefined, isBatching: false })
    }
    return (query) => {
      if (query.size === 0) return first
      const sessionToken = Option.getOrUndefined(decodeToken(query.get("sessionToken")))
      const options = { sessionToken, isBatching: query.get("batch") === "1" }
      return { open: (connection) => new JsonConnection(host, connection, options) }
    }
  })
)
