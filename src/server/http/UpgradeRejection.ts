/**
 * What is answered to whoever is not let in. The text says what happened, what was expected and what to do; why it happened is for
 * the log, at a level nobody can flood it at who is not let in.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Metric from "effect/Metric"
import type { Socket } from "node:net"
import type { Full } from "../transport/ConnectionLimits.ts"
import type { Refusal } from "../security/Authentication.ts"
import * as RawHttpResponse from "./RawHttpResponse.ts"

type Answer = Effect.Effect<HttpServerResponse.HttpServerResponse>

const answer = (
  status: number,
  text: string,
  headers: { readonly [name: string]: string } = {}
): HttpServerResponse.HttpServerResponse => HttpServerResponse.text(text + "\n", { status, headers })

/** Upgrade requests that were not let in, by the status they were answered with. */
const refusals = Metric.counter("fibra_upgrades_refused", {
  description: "Upgrade requests that were refused",
  incremental: true
})

/** Answers, counts, and notes what the client is not told. */
const turn = (response: HttpServerResponse.HttpServerResponse, log: Effect.Effect<void>): Answer =>
  Effect.as(
    Effect.andThen(log, Metric.update(Metric.withAttributes(refusals, { status: String(response.status) }), 1)),
    response
  )

/** Seconds after which a place may have become free. */
const whenFull = { "retry-after": "5" }
const soon = { "retry-after": "1" }

/** Nothing: the socket is somebody else's now. */
export const none = HttpServerResponse.empty()

export const noUpgrade = answer(
  426,
  "This is a WebSocket endpoint. Expected an upgrade request. Connect with a WebSocket client."
)

export const draining = answer(503, "The server is shutting down. Connect again.", soon)

/** A page of a host that may not connect. */
export const foreign = (origin: string | undefined): Answer =>
  turn(
    answer(
      403,
      `Pages from "${origin}" may not connect. Expected the server's own origin or one of allowedOrigins. ` +
        "Add it to LiveConfig.allowedOrigins if it is yours."
    ),
    Effect.annotateLogs(Effect.logDebug("A page of another origin was refused"), { origin })
  )

const texts: Record<Full, readonly [status: number, text: string]> = {
  connections: [503, "The server has as many connections as it takes. Expected fewer. Connect again later."],
  address: [
    429,
    "There are as many connections from your address as there may be. Expected fewer. Close some, or connect again later."
  ],
  principal: [429, "You have as many connections as you may have. Expected fewer. Close some, or connect again later."]
}

/** There are too many already. */
export const full = (of: Full, isForwarded: boolean): Answer => {
  const [status, text] = texts[of]
  return turn(
    answer(status, text, whenFull),
    of === "address" && isForwarded
      ? Effect.logWarning(
          "A connection was refused as one too many from its address, and a proxy says that it came from another. " +
            "Expected the address of the client. Set LiveConfig.trustedProxies if the proxy is yours."
        )
      : Effect.annotateLogs(Effect.logDebug("A connection was refused as one too many"), { of })
  )
}

/** `Authentication` has refused it. */
export const refused = (refusal: Refusal): Answer =>
  turn(
    refusal._tag === "Unauthorized"
      ? answer(401, refusal.message, { "www-authenticate": refusal.challenge ?? "Bearer" })
      : answer(403, refusal.message),
    Effect.annotateLogs(Effect.logDebug("A connection was refused by Authentication"), {
      refusal: refusal._tag,
      detail: refusal.detail
    })
  )

const whoever = { "www-authenticate": "Bearer" }
const hasLeft = "You have been signed out. Expected to be signed in. Sign in, then connect again."

/** Its principal has just been signed out. */
export const signedOut: Answer = turn(
  answer(401, hasLeft, whoever),
  Effect.logDebug("A connection was refused, because its principal was signed out meanwhile")
)

/** The same, when the request has been taken over already. */
export const signedOutOn = (socket: Socket): void =>
  RawHttpResponse.end(socket, "401 Unauthorized", whoever, `${hasLeft}\n`)

/** `Authentication` took too long. */
export const late: Answer = turn(
  answer(503, "The server did not find out in time who you are. Expected it to. Connect again.", soon),
  Effect.logError(
    "Authentication gave no answer in time, and the connection was refused. Expected one within authenticationTimeout. " +
      "See what it waits for, or raise LiveConfig.authenticationTimeout."
  )
)

/** `Authentication` failed in a way it does not declare. */
export const failed = (cause: Cause.Cause<unknown>): Answer =>
  turn(
    answer(
      500,
      "The server failed to find out who you are. Expected it to. Connect again later; the cause is in its log."
    ),
    Effect.logError("Authentication failed, and the connection was refused", cause)
  )
