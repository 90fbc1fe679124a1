/**
 * Who may see and use the monitor of a server. By default: programs on the same machine whose request came over no
 * proxy, and whoever has the token in `FIBRA_MONITOR_TOKEN`. An application can decide in their place.
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { createHash, timingSafeEqual } from "node:crypto"
import * as Authentication from "../security/Authentication.ts"
import { withoutStack } from "../StartError.ts"
import * as DirectRequest from "./DirectRequest.ts"

/** Why somebody may not see the monitor. */
export type Denial = "token" | "noToken" | "denied" | DirectRequest.Indirection

/** Decides on a request: undefined when it is allowed. May fail with a response of its own, such as a redirect. */
export type Check = (request: HttpServerRequest) => Effect.Effect<Denial | undefined, HttpServerResponse>

/** Decides who may see the monitor of a server. */
export class MonitorAccess extends Context.Service<
  MonitorAccess,
  {
    readonly check: Check
    /** Whether this is the token that browsers may sign in with. Left out: there is none. */
    readonly isToken?: (given: string) => boolean
  }
>()("fibra/server/MonitorAccess") {}

const minLength = 32
const variable = "FIBRA_MONITOR_TOKEN"

const texts = {
  tooShort: `has less than ${minLength} characters.`,
  space: "has a space in it, so nobody can send it."
} as const

/**
 * The token of the monitor could be guessed, or cannot be sent.
 *
 * Goes to the program that starts the server.
 */
export class MonitorTokenError extends Schema.TaggedError<MonitorTokenError>()("MonitorTokenError", {
  reason: Schema.Literals(["tooShort", "space"]),
  /** Where the token comes from. */
  source: Schema.Literals([variable, "MonitorAccess.layerToken"])
}) {
  override get message(): string {
    return `${this.source} ${texts[this.reason]}`
  }

  get hint(): string {
    return "Run `node -e \"console.log(require('crypto').randomBytes(32).toString('base64url'))\"`, and set it to what that prints."
  }
}

/**
 * Lets in those for whom this function gives `true`; others are answered with 403, or with the response that it fails
 * with. Neither the token nor the machine they come from counts then. Its services are taken from where this layer is built.
 *
 * <!-- snippet: test/examples/Monitoring.test.ts#access -->
 *
 * ```ts
 * const access = MonitorAccess.layer(
 *   Effect.fnUntraced(function* (request) {
 *     const team = yield* Team // taken from where the layer is provided with it
 *     const role = yield* team.roleOf(request.cookies["session"] ?? "")
 *     if (role === undefined) return yield* Effect.fail(HttpServerResponse.redirect("/login"))
 *     return role === "operations" // others are answered 403
 *   })
 * )
 * ```
 */
export const layer = <R = never>(
  allows: (request: HttpServerRequest) => Effect.Effect<boolean, HttpServerResponse, R>
): Layer.Layer<MonitorAccess, never, Needed<R>> =>
  withContext(
    (context: Context.Context<Needed<R>>) => (request) =>
      allows(request).pipe(
        Effect.map((allowed) => (allowed ? undefined : "denied")),
        Effect.scoped,
        Effect.provideService(HttpServerRequest, request),
        Effect.provideContext(context as Context.Context<R>)
      )
  )

type Needed<R> = Exclude<R, HttpServerRequest | Scope.Scope>

const withContext = <R>(make: (context: Context.Context<R>) => Check): Layer.Layer<MonitorAccess, never, R> =>
  Layer.effect(
    MonitorAccess,
    Effect.contextWith((context: Context.Context<R>) => Effect.succeed(MonitorAccess.of({ check: make(context) })))
  )

/** Lets in whoever sends this token, of at least 32 characters, in `Authorization: Bearer`, and nobody else. */
export const layerToken = (token: Redacted.Redacted | string): Layer.Layer<MonitorAccess, MonitorTokenError> =>
  Layer.effect(
    MonitorAccess,
    Effect.map(
      makeToken(typeof token === "string" ? token : Redacted.value(token), "MonitorAccess.layerToken"),
      (isToken) =>
        MonitorAccess.of({
          isToken,
          check: (request) =>
            Effect.sync(() => {
              const given = bearerOf(request)
              if (given === undefined) return "noToken"
              return isToken(given) ? undefined : "token"
            })
        })
    )
  )

/**
 * Lets in requests from the same machine that came over no proxy, and with `FIBRA_MONITOR_TOKEN` whoever sends that token. A
 * wrong token is refused wherever it comes from.
 */
export const layerConfig: Layer.Layer<MonitorAccess, MonitorTokenError | Config.ConfigError> = Layer.effect(
  MonitorAccess,
  Effect.gen(function* () {
    const token = yield* Config.Redacted(variable).pipe(
      Config.map((token) => Redacted.value(token).trim()),
      Config.withDefault("")
    )
    const isToken = token === "" ? undefined : yield* makeToken(token, variable)
    return MonitorAccess.of({
      ...(isToken === undefined ? {} : { isToken }),
      check: (request) =>
        Effect.sync(() => {
          const given = bearerOf(request)
          if (isToken !== undefined && given !== undefined) return isToken(given) ? undefined : "token"
          const indirection = DirectRequest.indirectionOf(request)
          return indirection !== undefined && isToken !== undefined ? "noToken" : indirection
        })
    })
  })
)

/** The one that is provided, or otherwise `layerConfig`. */
export const layerProvided: Layer.Layer<MonitorAccess, MonitorTokenError | Config.ConfigError> = Layer.unwrap(
  Effect.map(Effect.serviceOption(MonitorAccess), (found) =>
    Option.isSome(found) ? Layer.succeed(MonitorAccess, found.value) : layerConfig
  )
)

const bearerOf = (request: HttpServerRequest): string | undefined =>
  request.headers["authorization"] === undefined ? undefined : (Authentication.token(request) ?? "")

/** Compares texts with a token in a time that does not depend on where they differ. */
const makeToken = (
  token: string,
  source: MonitorTokenError["source"]
): Effect.Effect<(given: string) => boolean, MonitorTokenError> => {
  const reason = token.length < minLength ? "tooShort" : /\s/.test(token) ? "space" : undefined
  if (reason !== undefined) return Effect.fail(withoutStack(new MonitorTokenError({ reason, source })))
  const digest = digestOf(token)
  return Effect.succeed((given) => timingSafeEqual(digestOf(given), digest))
}

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest()
