/**
 * Who connects. It runs once for each connection, with the upgrade request and before the handshake, also when a
 * session is resumed. Sessions and state tokens are valid only for the principal it gives. Refusals are answered over
 * HTTP; when it dies or hangs, nobody is let in. By default there is none, and every client is anonymous.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Handled from "../../actor/Handled.ts"
import type { Principal } from "../../Principal.ts"

/**
 * The client has sent no credentials, or none that the server accepts. Answered with 401.
 *
 * Goes to the client that connects, as the text of the answer, without `detail`.
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {
  /** Why, for the server's log; the client is not told. */
  detail: Schema.optionalKey(Schema.String),
  /** The `WWW-Authenticate` header, which says how to authenticate. `Bearer` by default. */
  challenge: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return "You are not signed in, or not any more. Sign in, then connect again."
  }

  get hint(): string {
    return "Send credentials that Authentication accepts. Its `detail`, in the server's log, says why these were refused."
  }
}

/**
 * The server knows who connects, and does not let them in. Answered with 403.
 *
 * Goes to the client that connects, as the text of the answer, without `detail`.
 */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  /** Why, for the server's log; the client is not told. */
  detail: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return "You are not allowed to connect here. Ask for access, or sign in as somebody else."
  }

  get hint(): string {
    return "Authentication refused this principal. Its `detail`, in the server's log, says why."
  }
}

/** Why a connection is refused. */
export type Refusal = Unauthorized | Forbidden

/** Gives the principal of an upgrade request, from its headers, cookies or query; undefined for an anonymous client. */
export type Authenticate<R = never> = (request: HttpServerRequest) => Effect.Effect<Principal | undefined, Refusal, R>

/** The authentication in force; undefined when every client is anonymous. */
export const Authentication = Context.Reference<Authenticate | undefined>("fibra/server/Authentication", {
  defaultValue: () => undefined
})

/**
 * Authenticates each connection with this function. Its services are taken from where this layer is built; resources it
 * acquires are released when it has answered.
 *
 * <!-- snippet: test/examples/Security.test.ts#authentication -->
 *
 * ```ts
 * const authentication = Authentication.layer(
 *   Effect.fnUntraced(function* (request) {
 *     const accounts = yield* Accounts // taken from where the layer is provided with it
 *     const token = Authentication.token(request) ?? request.cookies["session"]
 *     if (token === undefined) return undefined // anonymous
 *     const account = yield* accounts.find(token)
 *     if (account === undefined) return yield* new Authentication.Unauthorized({ detail: "no such session" }) // 401
 *     if (accounts.isBanned(account.name)) return yield* new Authentication.Forbidden({}) // 403
 *     return { id: account.name, claims: { role: account.role } }
 *   })
 * )
 * ```
 */
export const layer = <R = never>(authenticate: Authenticate<R>): Layer.Layer<never, never, Needed<R>> =>
  withContext((context: Context.Context<Needed<R>>) => (request) => {
    const answer = authenticate(request)
    if (!Effect.isEffect(answer)) return Handled.noEffect("Authentication", answer)
    return answer.pipe(
      Effect.scoped,
      Effect.provideService(HttpServerRequest, request),
      Effect.provideContext(context as Context.Context<R>)
    )
  })

type Needed<R> = Exclude<R, HttpServerRequest | Scope.Scope>

const withContext = <R>(make: (context: Context.Context<R>) => Authenticate): Layer.Layer<never, never, R> =>
  Layer.effect(
    Authentication,
    Effect.contextWith((context: Context.Context<R>) => Effect.succeed(make(context)))
  )

/** Comes before the token in the list of sub-protocols that a client offers. */
const offered = "bearer."

const bearer = /^bearer +(\S+) *$/i

/**
 * The token of an upgrade request: from `Authorization: Bearer <token>`; from a sub-protocol `bearer.<token>`, the only
 * place where a browser can put one (`new WebSocket(url, ["fibra", "bearer.<token>"])`); or from the query parameter of
 * the given name. Proxies and servers log queries, so a token in a query should be valid once, or not for long.
 */
export const token = (
  request: HttpServerRequest,
  options?: { readonly query?: string | undefined }
): string | undefined => {
  const { authorization, "sec-websocket-protocol": protocols } = request.headers
  const header = bearer.exec(authorization ?? "")?.[1]
  if (header !== undefined) return header
  const protocol = protocols
    ?.split(",")
    .map((protocol) => protocol.trim())
    .find((protocol) => protocol.startsWith(offered) && protocol.length > offered.length)
  if (protocol !== undefined) return protocol.slice(offered.length)
  if (options?.query === undefined) return undefined
  const url = request.originalUrl
  const parameters = new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?")) : "")
  return parameters.get(options.query) || undefined
}
