/** Why there is no connection to the server: what became of the last attempt to connect, or of the last connection. */
import * as Schema from "effect/Schema"
import { inline, quote } from "./ErrorText.ts"

/** What became of an attempt to connect, or of a connection. */
export const ConnectionFailureKind = Schema.Literals([
  /** The `url` is not one. It is not tried again by itself. */
  "invalidUrl",
  /** The effect that gives the `url` has failed. */
  "url",
  /** The effect that gives the `token` has failed. */
  "token",
  /** The WebSocket could not be made: characters in the token, `ws:` on an `https:` page. */
  "blocked",
  /** Nothing answers there. */
  "unreachable",
  /** There was no answer in time. */
  "timeout",
  /** The server knows no valid credentials of this client, or has signed it out. It is not tried again by itself. */
  "unauthorized",
  /** The server, or what is in front of it, has refused the handshake. */
  "refused",
  /** There is no such path on the server. */
  "notFound",
  /** The server is there, and WebSockets do not get through to it. */
  "noUpgrade",
  /** The handshake failed, and nobody says why. */
  "handshake",
  /** The connection was closed. */
  "closed",
  /** The connection carried nothing any more. */
  "silent",
  /** What answers does not speak the protocol of fibra. */
  "protocol",
  /** The client itself has failed. */
  "client"
])
/** What became of an attempt to connect, or of a connection. */
export type ConnectionFailureKind = typeof ConnectionFailureKind.Type

/** Why there is no connection. */
export const ConnectionFailure = Schema.Struct({
  kind: ConnectionFailureKind,
  /** Where to, without the query. */
  url: Schema.optionalKey(Schema.String),
  /** The HTTP status of the answer. */
  status: Schema.optionalKey(Schema.Int),
  /** The code it was closed with. */
  code: Schema.optionalKey(Schema.Int),
  /** What the server said, or what was thrown. */
  text: Schema.optionalKey(Schema.String)
})
/** Why there is no connection. */
export type ConnectionFailure = typeof ConnectionFailure.Type

/** Whether trying again makes no sense until somebody has done something about it. */
export const isFinal = ({ kind }: ConnectionFailure): boolean => kind === "unauthorized" || kind === "invalidUrl"

/** Whether somebody has to do something about it: time alone does not mend it. */
export const isLasting = (failure: ConnectionFailure): boolean =>
  isFinal(failure) || lasting.has(failure.kind) || (failure.kind === "refused" && failure.status === 403)

const lasting: ReadonlySet<ConnectionFailureKind> = new Set(["blocked", "notFound"])

/** The same for failures that need not be told twice. */
export const fingerprint = ({ code, kind, status }: ConnectionFailure): string => `${kind} ${status ?? code ?? ""}`

/** What happened, as the rest of a sentence. */
export const describe = (failure: ConnectionFailure): string => {
  const { code, kind, status, text = "", url = "the server" } = failure
  const said = text === "" ? "" : `: ${inline(text)}`
  switch (kind) {
    case "invalidUrl":
      return `${quote(url)} is no address of a WebSocket`
    case "url":
      return `its address is not known${said}`
    case "token":
      return `there is no token to connect with${said}`
    case "blocked":
      return `no WebSocket to ${url} can be made${said}`
    case "unreachable":
      return `nothing answers at ${url}`
    case "timeout":
      return `${url} gave no answer in time`
    case "unauthorized":
      return code === undefined ? "it asks to sign in" : "it has signed this client out"
    case "refused":
      return `it was refused with ${status ?? code}${said}`
    case "notFound":
      return `there is no ${url}`
    case "noUpgrade":
      return `${url} answers, but no WebSocket gets through`
    case "handshake":
      return `${url} did not open a WebSocket`
    case "closed":
      return code === undefined || code === 1006 ? "it was lost" : `it was closed with ${code}${said}`
    case "silent":
      return "it was lost: nothing came any more"
    case "protocol":
      return `${url} answers with what is no message of fibra`
    case "client":
      return `the client failed on it${said}`
  }
}

const goesOn = "The client goes on trying."

const hints: { readonly [Kind in ConnectionFailureKind]: string } = {
  invalidUrl: "Give `url` as ws:// or wss:// with the path, such as wss://example.org/api/live/rpc, then `reconnect`.",
  url: `See why the effect given as \`url\` fails. ${goesOn}`,
  token: `See why the effect given as \`token\` fails. ${goesOn}`,
  blocked: `A token may have only characters of a JWT, and a page over https: may connect only to wss:. ${goesOn}`,
  unreachable: `Start the server, or correct the host and port; in a page, see \`connect-src\` of its Content-Security-Policy. ${goesOn}`,
  timeout: `See whether the server is overloaded, or a firewall drops what is sent. ${goesOn}`,
  unauthorized: "Sign in, then call `reconnect`, or give `LiveProvider` another `token`.",
  refused: `403: allow the origin of the page in LiveConfig.allowedOrigins, or see Authentication. 429, 503: wait. ${goesOn}`,
  notFound: `The path is \`/rpc\` below LiveConfig.path: /api/live/rpc by default. ${goesOn}`,
  noUpgrade: `Let the proxy in between pass \`Connection\` and \`Upgrade\` on. ${goesOn}`,
  handshake: `\`npx fibra doctor --url … --origin …\` says why. ${goesOn}`,
  closed: "docs/wire.md says what the codes mean. The client connects again by itself.",
  silent: "The client connects again by itself.",
  protocol: `Give the \`url\` of a server of fibra, /api/live/rpc by default, and of its version. ${goesOn}`,
  client: "The cause is in the client's log. Report it: this is a fault of fibra, or of a Link of your own."
}

/** What to do about it. */
export const hint = ({ kind }: ConnectionFailure): string => hints[kind]
