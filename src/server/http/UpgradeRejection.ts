/**
 * The responses to refused upgrade requests. The client gets one sentence on what happened and what it can do. Why it
 * happened is logged, at a level that strangers cannot flood.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Metric from "effect/Metric"
import type { Socket } from "node:net"
import * as Log from "../../Log.ts"
import { inline } from "../../ErrorText.ts"
import type { Full } from "../transport/ConnectionLimits.ts"
import type { Refusal } from "../security/Authentication.ts"
import * as LiveMetrics from "../LiveMetrics.ts"
import * as RejectionLog from "../security/RejectionLog.ts"
import * as RawHttpResponse from "./RawHttpResponse.ts"

type Answer = Effect.Effect<HttpServerResponse.HttpServerResponse>

/** The text for the client and, for docs/errors.md, the hint for developers. */
interface Text {
  readonly status: number
  readonly message: string
  readonly hint: string
}

const foreignMessage = (origin: string | undefined): string =>
  `Pages of ${inline(origin ?? "no origin")} are not allowed to connect.`

/** All refusals but those of `Authentication`, which has errors of its own. */
export const texts = {
  noUpgrade: {
    status: 426,
    message: "This is a WebSocket endpoint. Connect with a WebSocket client.",
    hint: "Send `Connection: Upgrade` and `Upgrade: websocket`; a proxy in between has to pass both on."
  },
  noHandshake: {
    status: 400,
    message: "This is not a WebSocket handshake of version 13. Connect with another WebSocket client.",
    hint: "Send `GET`, `Sec-WebSocket-Version: 13` and a `Sec-WebSocket-Key` of 16 bytes in base64."
  },
  draining: {
    status: 503,
    message: "The server is restarting. Connect again in a moment.",
    hint: "Connect to another server, or wait for the next one; fibra's client does so automatically."
  },
  foreign: {
    status: 403,
    message: foreignMessage("https://example.org"),
    hint: "Add the origin to LiveConfig.allowedOrigins if the page is yours."
  },
  connections: {
    status: 503,
    message: "The server is full. Try again later.",
    hint: "Raise LiveConfig.maxConnections, or start another server."
  },
  address: {
    status: 429,
    message: "Too many connections from your address. Close some, or try again later.",
    hint: "Raise LiveConfig.maxConnectionsPerAddress. Behind a proxy set LiveConfig.trustedProxies, or all clients count as one."
  },
  principal: {
    status: 429,
    message: "You have too many connections. Close some, or try again later.",
    hint: "Raise LiveConfig.maxConnectionsPerPrincipal."
  },
  signedOut: {
    status: 401,
    message: "You have been signed out. Sign in, then connect again.",
    hint: "The principal was revoked while it was connecting."
  },
  late: {
    status: 503,
    message: "Signing in took too long. Try again.",
    hint: "Authentication gave no answer. See what it waits for, or raise LiveConfig.authenticationTimeout."
  },
  failed: {
    status: 500,
    message: "Internal server error. Try again; if it persists, report it with the time it happened.",
    hint: "Authentication died, or failed with something other than Unauthorized or Forbidden; the cause is in the server's log."
  }
} as const satisfies Record<Full, Text> & Record<string, Text>

const answer = (
  status: number,
  message: string,
  headers: { readonly [name: string]: string } = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(`${message}\n`, { status, headers: { ...headers, connection: "close" } })

const answerOf = (
  { message, status }: Text,
  headers?: { readonly [name: string]: string }
): HttpServerResponse.HttpServerResponse => answer(status, message, headers)

/** Counts one more response with this status. */
export const count = (status: number): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(LiveMetrics.upgradesRefused, { status: String(status) }), 1)

/** Responds, and logs what the client is not told. */
const turn = (response: HttpServerResponse.HttpServerResponse, log: Effect.Effect<void>): Answer =>
  Effect.as(log, response)

/** Seconds after which there may be room again. */
const whenFull = { "retry-after": "5" }
const soon = { "retry-after": "1" }

/** Nothing: the socket is taken over. */
export const none = HttpServerResponse.empty()

export const noUpgrade = answerOf(texts.noUpgrade)

/** Not a handshake, or one of a version before RFC 6455. */
export const noHandshake = answerOf(texts.noHandshake, { "sec-websocket-version": "13" })

export const draining = answerOf(texts.draining, soon)

/** The page is of an origin that may not connect. */
export const foreign = (origin: string | undefined): Answer =>
  turn(
    answer(texts.foreign.status, foreignMessage(origin)),
    RejectionLog.limited(
      "upgrade origin",
      Log.warning("An upgrade was refused: its origin is not allowed", {
        origin: inline(origin ?? ""),
        hint: texts.foreign.hint
      })
    )
  )

/** A limit of connections is reached. */
export const full = (of: Full, isForwarded: boolean): Answer =>
  turn(
    answerOf(texts[of], whenFull),
    of === "address" && isForwarded
      ? RejectionLog.limited(
          "upgrade proxy",
          Log.warning(
            "An upgrade was refused: too many connections from the address of a proxy. " +
              "Set LiveConfig.trustedProxies if the proxy is yours."
          )
        )
      : Log.debug("An upgrade was refused: too many connections", {
          of,
          hint: texts[of].hint
        })
  )

const hints: { readonly [Tag in Refusal["_tag"]]: string } = {
  Unauthorized: "The client has no valid credentials. Sign it in, and give its page the token (`LiveProvider token`).",
  Forbidden: "The client is known and may not connect. Change what Authentication.layer checks if it should."
}

/** Refused by `Authentication`. */
export const refused = (refusal: Refusal): Answer =>
  turn(
    refusal._tag === "Unauthorized"
      ? answer(401, refusal.message, { "www-authenticate": refusal.challenge ?? "Bearer" })
      : answer(403, refusal.message),
    RejectionLog.limited(
      `upgrade ${refusal._tag}`,
      Log.warning("An upgrade was refused by Authentication", {
        refusal: refusal._tag,
        detail: refusal.detail,
        hint: hints[refusal._tag]
      })
    )
  )

const bearer = { "www-authenticate": "Bearer" }

/** The principal was signed out meanwhile. */
export const signedOut: Answer = turn(
  answerOf(texts.signedOut, bearer),
  RejectionLog.limited(
    "upgrade signed out",
    Log.warning("An upgrade was refused: its principal was signed out meanwhile", { hint: texts.signedOut.hint })
  )
)

/** The same, when the socket is taken over already. */
export const signedOutOn = (socket: Socket): void =>
  RawHttpResponse.end(socket, "401 Unauthorized", bearer, `${texts.signedOut.message}\n`)

/** `Authentication` took too long. */
export const late: Answer = turn(
  answerOf(texts.late, soon),
  RejectionLog.limited(
    "upgrade late",
    Log.error(
      "Authentication gave no answer within authenticationTimeout, and the upgrade was refused. " +
        "See what it waits for, or raise LiveConfig.authenticationTimeout."
    )
  )
)

/** `Authentication` failed in a way it does not declare. */
export const failed = (cause: Cause.Cause<unknown>): Answer =>
  turn(
    answerOf(texts.failed),
    RejectionLog.limited("upgrade failed", Log.error("Authentication failed, and the upgrade was refused", { cause }))
  )
