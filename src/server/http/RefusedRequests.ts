/**
 * Counts requests that are refused, whatever their path, and closes their connections. Requests that are served are
 * left alone.
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpEffect from "effect/http/HttpEffect"
import { HttpServerError } from "effect/http/HttpServerError"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { IncomingMessage } from "node:http"
import { dismiss, owedBefore } from "./Dismissal.ts"
import * as UpgradeRejection from "./UpgradeRejection.ts"

type App<E, R> = Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>

/** Middleware for all routes of a router, and for requests without a route. */
export const middleware = <E, R>(app: App<E, R>): App<E, R | HttpServerRequest> =>
  Effect.suspend(() => {
    let isServed = true
    const noting = Effect.onError(app, (cause) => Effect.sync(() => void (isServed = !hasNoRoute(cause))))
    return HttpEffect.withPreResponseHandler(noting, (request, response) => {
      const incoming = NodeHttpServerRequest.toIncomingMessage(request) as IncomingMessage & {
        readonly upgrade: boolean
      }
      if (!incoming.upgrade) return Effect.succeed(isServed ? response : last(response))
      // Nothing is answered there; the socket is closed already.
      if (owedBefore(incoming) !== undefined) return Effect.interrupt
      // The response of an upgrade that was accepted has ended already.
      if (NodeHttpServerRequest.toServerResponse(request).writableEnded) return Effect.succeed(response)
      dismiss(incoming.socket)
      return Effect.as(UpgradeRejection.count(response.status), last(response))
    })
  })

/** The last response of its connection. */
const last = HttpServerResponse.setHeader("connection", "close")

const hasNoRoute = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.some(
    (reason) =>
      Cause.isFailReason(reason) &&
      reason.error instanceof HttpServerError &&
      reason.error.reason._tag === "RouteNotFound"
  )
