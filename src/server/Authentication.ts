/**
 * Who is connecting. Asked once for each connection, before the handshake, with the upgrade request; sessions and state tokens
 * are good for the principal it gives and nobody else. By default everyone is anonymous.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import type { Principal } from "../Principal.ts"

/** Gives the principal of an upgrade request, from its headers, cookies or query; undefined for an anonymous one. */
export type Authenticate = (request: HttpServerRequest) => Effect.Effect<Principal | undefined>

/** Who is connecting. */
export const Authentication = Context.Reference<Authenticate>("fibra/server/Authentication", {
  defaultValue: () => () => Effect.undefined
})

/** Asks this for each connection. */
export const layer = (authenticate: Authenticate): Layer.Layer<never> => Layer.succeed(Authentication, authenticate)
