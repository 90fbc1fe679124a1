/**
 * What a page or a program meets at a live server: its handshake is sent as a browser would send it, and what comes back
 * is explained, with a remedy. Nothing is mounted.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { request as http, type IncomingMessage } from "node:http"
import { request as https } from "node:https"
import { describe, hint } from "../ConnectionFailure.ts"
import * as HandshakeProbe from "../client/HandshakeProbe.ts"
import * as TimeLimit from "../TimeLimit.ts"
import { Finding } from "./Finding.ts"

/** How long an answer may take. */
const patience = Duration.seconds(5)

/** Milliseconds that clocks may differ by: a token from further ahead is refused. */
const maxSkew = 60_000

/** What a handshake was answered with. */
interface Answer {
  readonly status: number
  readonly text: string
  /** Milliseconds since the epoch, by the clock of the server or of what is in front of it. */
  readonly date: number | undefined
}

const answerOf = ({ headers, statusCode = 0 }: IncomingMessage, text: string): Answer => {
  const date = Date.parse(headers.date ?? "")
  return { status: statusCode, text: text.trim(), date: Number.isNaN(date) ? undefined : date }
}

/** Sends a GET, with the headers of a handshake or without. */
const send = (url: URL, headers: Record<string, string>): Effect.Effect<Answer, Finding> =>
  TimeLimit.timeoutOrElse(
    Effect.callback<Answer, Finding>((resume) => {
      const target = new URL(url)
      target.protocol = url.protocol === "wss:" ? "https:" : "http:"
      const sent = (url.protocol === "wss:" ? https : http)(target, { headers, agent: false })
      sent.on("response", (response) => {
        let text = ""
        response.setEncoding("utf8")
        response.on("data", (part: string) => {
          if (text.length < 1000) text += part
        })
        const done = () => resume(Effect.succeed(answerOf(response, text)))
        response.on("end", done).on("close", done)
      })
      sent.on("upgrade", (response, socket) => {
        socket.destroy()
        resume(Effect.succeed(answerOf(response, "")))
      })
      sent.on("error", (error: NodeJS.ErrnoException) => resume(Effect.fail(unreachable(url, error))))
      sent.end()
      return Effect.sync(() => sent.destroy())
    }),
    {
      duration: patience,
      orElse: () =>
        Effect.fail(
          new Finding({
            message: `${url.href} did not answer within ${Duration.format(patience)}.`,
            hint: "See whether the server hangs, or a firewall drops what is sent to it."
          })
        )
    }
  )

const reasons: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ECONNREFUSED: ["nothing listens there", "Start the server, or correct the host and the port."],
  ENOTFOUND: ["there is no host of that name", "Correct the host."],
  ECONNRESET: [
    "the connection was cut",
    "A proxy in between, or another server, does not take this request. See its log."
  ],
  EPROTO: ["it does not speak TLS", "Connect with ws:// there, or to the port that has TLS."]
}

const unreachable = (url: URL, { code = "", message }: NodeJS.ErrnoException): Finding => {
  const isTls = /certificate|self.signed/i.test(`${code} ${message}`)
  const [what, hint] = reasons[code] ?? [
    message,
    isTls ? "Give it a certificate that clients trust, or set NODE_EXTRA_CA_CERTS for programs." : "See the network."
  ]
  return new Finding({ message: `${url.href} cannot be reached: ${what}.`, hint })
}

const handshake = (origin: string | undefined): Record<string, string> => ({
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "ZmlicmEgZG9jdG9yIGFza3M=".slice(0, 22) + "==",
  "sec-websocket-protocol": "fibra",
  ...(origin === undefined ? {} : { origin })
})

/** What is wrong with a handshake that was not answered with 101. */
const explain = Effect.fnUntraced(function* (url: URL, origin: string | undefined, answer: Answer) {
  const { status, text } = answer
  if (status === 403 && origin !== undefined && (yield* send(url, handshake(undefined))).status === 101) {
    return URL.parse(origin)?.host === url.host
      ? new Finding({
          message: `Pages of ${origin} are refused, though ${url.href} is the same host: it gets another \`Host\`.`,
          hint: "Let the proxy in front pass the `Host` header on (nginx: `proxy_set_header Host $http_host`), or list the origin in LiveConfig.allowedOrigins."
        })
      : new Finding({
          message: `Pages of ${origin} are not allowed to connect to ${url.href}.`,
          hint: "Add the origin to LiveConfig.allowedOrigins (FIBRA_ALLOWED_ORIGINS) if the page is yours."
        })
  }
  // The server itself answers 426 when it would accept: what is in front of it has dropped the upgrade.
  const failure = HandshakeProbe.ofStatus(status, url.href, text)
  const what = describe(failure)
  return new Finding({ message: `${what.charAt(0).toUpperCase()}${what.slice(1)} (${status}).`, hint: hint(failure) })
})

/** Whether pages of this origin, or programs, can connect there. */
export const checkHandshake = Effect.fnUntraced(function* (address: string, origin: string | undefined) {
  const url = URL.parse(address.replace(/^http/, "ws"))
  if (url === null || !/^wss?:$/.test(url.protocol)) {
    return yield* new Finding({
      message: `"${address}" is no address of a WebSocket.`,
      hint: "Give it as ws:// or wss:// with the path, such as wss://example.org/api/live/rpc."
    })
  }
  const answer = yield* send(url, handshake(origin))
  if (answer.status !== 101) return yield* Effect.fail(yield* explain(url, origin, answer))
  return `${url.href} takes ${origin === undefined ? "programs" : `pages of ${origin}`}`
})

/** Whether the clock of the server is about that of this machine. */
export const checkClock = Effect.fnUntraced(function* (address: string) {
  const url = URL.parse(address.replace(/^http/, "ws"))
  const { date } = url === null ? { date: undefined } : yield* send(url, {})
  const skew = date === undefined ? 0 : date - (yield* Clock.currentTimeMillis)
  if (Math.abs(skew) <= maxSkew) return "The clocks agree"
  return yield* new Finding({
    message: `The clock there is ${Duration.format(Duration.seconds(Math.round(Math.abs(skew) / 1000)))} ${skew > 0 ? "ahead of" : "behind"} this one.`,
    hint: "Set both by NTP. Servers refuse tokens of a server whose clock is more than a minute ahead."
  })
})
