/**
 * Lets pages of any origin read why they may not connect: a status and one sentence, which are the same for everybody who
 * asks so. Whether a page may connect is decided elsewhere.
 */
import * as Effect from "effect/Effect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { IncomingHttpHeaders } from "node:http"

/**
 * The origin of the page that asks. A page does not name it to its own host, but says where it comes from; and its host
 * may be another one for the server, behind a proxy.
 */
export const originOf = ({ origin, referer }: IncomingHttpHeaders): string | undefined =>
  origin ?? (referer === undefined ? undefined : URL.parse(referer)?.origin)

/** Lets pages of this origin read the response. */
export const readableBy =
  (origin: string | undefined) =>
  (response: HttpServerResponse.HttpServerResponse): HttpServerResponse.HttpServerResponse =>
    origin === undefined
      ? response
      : HttpServerResponse.setHeaders(response, {
          "access-control-allow-origin": origin,
          "access-control-allow-credentials": "true",
          vary: "origin"
        })

/** Lets pages ask with a token: the answer to the request that browsers send before. */
export const preflight: Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest> = Effect.map(
  Effect.service(HttpServerRequest),
  ({ headers }) =>
    readableBy(headers["origin"])(
      HttpServerResponse.empty({
        status: 204,
        headers: { "access-control-allow-headers": "authorization", "access-control-max-age": "600" }
      })
    )
)
