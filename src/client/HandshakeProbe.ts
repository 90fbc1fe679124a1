/**
 * Asks over HTTP why a handshake was refused, which browsers do not tell their pages: neither the status nor the text. The
 * endpoint answers an ordinary GET as it would answer the handshake, and 426 when it would let the client in. Whatever is
 * in front of the server (a proxy, a balancer, another server) answers for itself. So nobody has to be let in to be told
 * why they are not.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ConnectionFailure } from "../ConnectionFailure.ts"
import * as TimeLimit from "../TimeLimit.ts"
import type { Endpoint } from "./Endpoint.ts"

/** How long the answer may take. */
const patience = Duration.seconds(5)

/** Why a handshake there fails. */
export const ask = (endpoint: Endpoint): Effect.Effect<ConnectionFailure> => {
  const { place: url } = endpoint
  if (typeof fetch !== "function") return Effect.succeed({ kind: "handshake", url })
  return TimeLimit.timeoutOrElse(
    Effect.matchEffect(answerOf(endpoint), { onFailure: () => isThere(endpoint), onSuccess: Effect.succeed }),
    { duration: patience, orElse: () => Effect.succeed<ConnectionFailure>({ kind: "timeout", url }) }
  )
}

/** What an answer with this status means. */
export const ofStatus = (status: number, url: string, text = ""): ConnectionFailure => {
  const failure = { url, status, ...(text === "" ? {} : { text }) }
  if (status === 401) return { kind: "unauthorized", ...failure }
  // What answers a GET there, or takes none, is no live server.
  if (status === 404 || status === 405 || (status >= 200 && status < 300)) return { kind: "notFound", ...failure }
  return { kind: status === 426 ? "noUpgrade" : "refused", ...failure }
}

const httpOf = (url: string): string => url.replace(/^ws/, "http")

const answerOf = ({ place, token, url }: Endpoint): Effect.Effect<ConnectionFailure, unknown> =>
  Effect.gen(function* () {
    const response = yield* Effect.tryPromise((signal) =>
      fetch(httpOf(url), {
        // As with the handshake, whatever the origin.
        credentials: "include",
        cache: "no-store",
        redirect: "manual",
        // For its own host a page sends no `Origin`, which the handshake had.
        referrerPolicy: "origin",
        signal,
        ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
      })
    )
    if (response.type === "opaqueredirect") {
      return { kind: "refused" as const, url: place, status: 302, text: "it leads to another address" }
    }
    return ofStatus(response.status, place, yield* beginningOf(response))
  })

/** Whether anything answers: a page cannot read answers of another origin that do not say it may. */
const isThere = ({ place: url, url: address }: Endpoint): Effect.Effect<ConnectionFailure> =>
  typeof document === "undefined"
    ? Effect.succeed({ kind: "unreachable", url })
    : Effect.match(
        Effect.tryPromise((signal) => fetch(httpOf(address), { mode: "no-cors", cache: "no-store", signal })),
        {
          onFailure: () => ({ kind: "unreachable", url }),
          onSuccess: () => ({ kind: "handshake", url })
        }
      )

/** One sentence is enough, and only if it is one. */
const beginningOf = ({ body, headers }: Response): Effect.Effect<string, unknown> => {
  // React Native has no streams, and the rest of a page is nobody's concern.
  const reader = body?.getReader()
  if (reader === undefined) return Effect.succeed("")
  const first = Effect.tryPromise(() => reader.read())
  const isText = (headers.get("content-type") ?? "").startsWith("text/plain")
  return Effect.ensuring(
    isText ? Effect.map(first, ({ value }) => new TextDecoder().decode(value).trim()) : Effect.succeed(""),
    Effect.sync(() => void reader.cancel().catch(() => {}))
  )
}
