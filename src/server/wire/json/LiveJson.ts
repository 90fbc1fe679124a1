/**
 * Front B: the open wire, which any client speaks that has JSON and a WebSocket. It stands on the same sessions as the RPC wire; no
 * component can tell which of them a client came through.
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

/** The token in the query of an upgrade request; one that cannot be one counts as not there. */
const decodeToken = Schema.decodeUnknownOption(Schema.String.check(Schema.isMaxLength(256)))

/** The front for a connection that was asked for with this query, to be given to the Transport. */
export class LiveJson extends Context.Service<LiveJson, (query: URLSearchParams) => WireProtocol>()(
  "fibra/server/LiveJson"
) {}

/** The front. */
export const layer: Layer.Layer<LiveJson, never, Sessions> = Layer.effect(
  LiveJson,
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const config = yield* LiveConfig.LiveConfig
    const now = CachedClock.make(yield* Clock.Clock)
    const host = { config, encoder: JsonEncoder.make(now), now, sessions }
    return (query) => {
      const sessionToken = Option.getOrUndefined(decodeToken(query.get("sessionToken")))
      const options = { sessionToken, isBatching: query.get("batch") === "1" }
      return { open: (connection) => new JsonConnection(host, connection, options) }
    }
  })
)
