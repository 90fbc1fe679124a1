/** What somebody is told who may not see the monitor, and what the log says about it: what to change, if it should be. */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Schema from "effect/Schema"
import { inline } from "../../ErrorText.ts"
import * as Log from "../../Log.ts"
import * as RejectionLog from "../security/RejectionLog.ts"
import type { Denial } from "./MonitorAccess.ts"

/** Why a request is refused: who sends it, or that a page of another origin has made a browser send it. */
export type Refused = Denial | "origin" | "form"

/** The text for the client and, for the log and docs/errors.md, what to change. */
interface Text {
  readonly status: 401 | 403
  readonly message: string
  readonly hint: string
}

const closed = "The monitor of this server is not open to you."
const open = "Set FIBRA_MONITOR_TOKEN, and send it in `Authorization: Bearer`, or provide MonitorAccess.layer."

/** All refusals. */
export const texts: { readonly [Why in Refused]: Text } = {
  noToken: {
    status: 401,
    message: "The monitor of this server needs a token. Send it in `Authorization: Bearer`.",
    hint: "Send the FIBRA_MONITOR_TOKEN of this server. Without it only programs on the same machine are let in, over no proxy."
  },
  token: {
    status: 401,
    message: "That is not the token of this server's monitor. Send it in `Authorization: Bearer`.",
    hint: "Send the FIBRA_MONITOR_TOKEN of this server; other servers may have others."
  },
  peer: { status: 403, message: closed, hint: `The request does not come from this machine. ${open}` },
  proxy: { status: 403, message: closed, hint: `The request came over a proxy, so it may be from anywhere. ${open}` },
  host: {
    status: 403,
    message: closed,
    hint: `The request names another host than localhost, so it may be from a page that was made to resolve to this machine. ${open}`
  },
  denied: { status: 403, message: closed, hint: "MonitorAccess.layer of this server does not allow it." },
  origin: {
    status: 403,
    message: "Pages of other origins may not use the monitor.",
    hint: "Send the request from a page of this server, or add the origin of the page to LiveConfig.allowedOrigins."
  },
  form: {
    status: 403,
    message: "A form cannot use the monitor. Send JSON, or no body.",
    hint: "Send `Content-Type: application/json`, or leave it out. Any page can send a form without being asked."
  }
}

/** The body of every refusal, as its schema says. */
export const MonitorRefusal = <const Code extends string>(code: Code, status: number) =>
  Schema.Struct({
    success: Schema.Literal(false),
    error: Schema.String.annotate({ description: "One sentence for people." }),
    code: Schema.Literal(code)
  }).pipe(HttpApiSchema.status(status))

const codes = { 401: "Unauthorized", 403: "Forbidden" } as const

const respond = (
  status: number,
  code: string,
  error: string,
  own: { readonly [name: string]: string } = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe({ success: false, error, code }, { status, headers: { ...own, ...headers } })

/** Nothing the monitor says is for caches, or for a part of somebody else's page. */
export const headers = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "x-frame-options": "DENY"
}

/** Refuses a request, and says so in the log. */
export const refuse = (why: Refused, details: Log.LogDetails): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const { hint, message, status } = texts[why]
  const warning = Log.warning("A request to the monitor was refused", { why, hint, ...details })
  return Effect.as(
    RejectionLog.limited(`monitor ${why}`, warning),
    respond(status, codes[status], message, status === 401 ? { "www-authenticate": "Bearer" } : {})
  )
}

/** The check of the application has failed, so nobody is let in. */
export const failed = (cause: Cause.Cause<unknown>): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.as(
    RejectionLog.limited("monitor failed", Log.error("MonitorAccess failed, and a request was refused", { cause })),
    respond(500, "Failed", "Internal server error. Try again; if it persists, report it with the time it happened.")
  )

/** What the log says of a request. Not its query, in which somebody may have sent a token. */
export const detailsOf = (url: string, origin: string | undefined): Log.LogDetails => ({
  path: inline(url.split("?", 1)[0] ?? ""),
  origin: origin === undefined ? undefined : inline(origin)
})
