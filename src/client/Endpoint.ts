/** Where an attempt to connect goes to, and with which token. Both are asked for anew for each attempt. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { ConnectionFailure } from "../ConnectionFailure.ts"
import { time } from "../ErrorText.ts"
import * as Thrown from "../Thrown.ts"
import * as TimeLimit from "../TimeLimit.ts"

/** A text, or an effect that gives it for each attempt to connect. When it fails, so does the attempt. */
export type Given<A> = A | Effect.Effect<A, unknown>

/** Where an attempt goes to. */
export interface Endpoint {
  /** `ws:` or `wss:`. */
  readonly url: string
  /** The same, without the query: for logs. */
  readonly place: string
  readonly origin: string
  readonly token: string | undefined
}

/** How long the effects of a program may take, in milliseconds. */
const patience = 30_000

/** Asks for the address and the token. */
export const resolve = (
  url: Given<string>,
  token: Given<string | undefined>
): Effect.Effect<Endpoint, ConnectionFailure> =>
  Effect.flatMap(ask(url, "url"), (text): Effect.Effect<Endpoint, ConnectionFailure> => {
    const address = parse(text)
    if (address === undefined) return Effect.fail({ kind: "invalidUrl", url: String(text) })
    const { href, origin } = address
    const place = placeOf(address)
    return Effect.mapBoth(ask(token, "token"), {
      onFailure: (failure) => ({ ...failure, url: place }),
      // A fetched token may end in a line break, and an absent one be null.
      onSuccess: (token) => ({ url: href, place, origin, token: token?.trim() || undefined })
    })
  })

/** The origin of the server; empty when its address is none. */
export const origin = (url: Given<string>): Effect.Effect<string> =>
  Effect.match(resolve(url, undefined), { onFailure: () => "", onSuccess: ({ origin }) => origin })

const ask = <A>(given: Given<A>, kind: "url" | "token"): Effect.Effect<A, ConnectionFailure> => {
  if (!Effect.isEffect(given)) return Effect.succeed(given)
  const late = () => Effect.fail(`no answer within ${time(patience)}`)
  return Effect.flatMap(
    Effect.exit(TimeLimit.timeoutOrElse(given, { duration: patience, orElse: late })),
    (exit): Effect.Effect<A, ConnectionFailure> =>
      Exit.isSuccess(exit)
        ? Effect.succeed(exit.value)
        : Effect.fail({ kind, text: Thrown.describe(Cause.squash(exit.cause)) })
  )
}

/** The address of a WebSocket, relative to the page if there is one; undefined for anything else. */
const parse = (text: string): URL | undefined => {
  try {
    const url = new URL(text, typeof location === "undefined" ? undefined : location.href)
    url.protocol = url.protocol.replace(/^http/, "ws")
    url.hash = ""
    return url.protocol === "ws:" || url.protocol === "wss:" ? url : undefined
  } catch {
    return undefined
  }
}

/** Without what may be secret. */
const placeOf = ({ host, pathname, protocol }: URL): string => `${protocol}//${host}${pathname}`
