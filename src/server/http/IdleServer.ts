/**
 * Answers for an HTTP server that listens while nobody serves it: Effect's server listens before its routes are there,
 * and removes them before it closes. Without this, requests in between would wait for an answer that never comes; they
 * get 503.
 */
import * as Effect from "effect/Effect"
import type { EventEmitter } from "node:events"
import type { IncomingMessage, Server } from "node:http"
import type { Duplex } from "node:stream"
import { dismiss, owedBefore } from "./Dismissal.ts"
import * as RawHttpResponse from "./RawHttpResponse.ts"
import * as UpgradeRejection from "./UpgradeRejection.ts"

const text = `${UpgradeRejection.texts.draining.message}\n`
const headers = { "content-type": "text/plain; charset=utf-8", "retry-after": "1" }

/** Marks servers that have these listeners, whichever copy of this library added them: has the one for upgrades. */
const attended = Symbol.for("fibra/server/attended")

/** From now on, requests that nobody else answers are answered with 503. */
export const attend = (server: Server): void => {
  if (Object.hasOwn(server, attended)) return
  const onUpgrade = (request: IncomingMessage, socket: Duplex): void => {
    if (isIdle(server, "upgrade")) {
      Effect.runFork(UpgradeRejection.count(503))
      return RawHttpResponse.end(socket, "503 Service Unavailable", headers, text)
    }
    if (isBehind(request, socket)) return
    dismissRefused(socket)
  }
  Object.defineProperty(server, attended, { value: onUpgrade })
  server.on("request", (_request, response) => {
    if (isIdle(server, "request")) response.writeHead(503, { ...headers, connection: "close" }).end(text)
  })
  // Node would answer that, too, and leave the connection open to whoever expects what nobody does.
  server.on("checkExpectation", (_request, response) => {
    response.writeHead(417, { connection: "close", "content-length": 0 }).end()
  })
  server.on("upgrade", onUpgrade)
}

/** The listeners for upgrades that serve a server, without the one that answers when nobody does. */
export const servingUpgrades = (server: EventEmitter & { readonly [attended]?: unknown }): ReadonlyArray<unknown> =>
  server.listeners("upgrade").filter((listener) => listener !== server[attended])

/** Whether an earlier request of the connection is not answered yet; then this one is refused, and the connection ends after that answer. */
export const isBehind = (request: IncomingMessage, socket: Duplex): boolean => {
  const before = owedBefore(request)
  if (before === undefined) return false
  Effect.runFork(UpgradeRejection.count(400))
  before.once("close", () => socket.end())
  dismiss(socket)
  return true
}

/** Effect's handlers refuse some upgrades by themselves. Those are refused by the end of this turn. */
export const dismissRefused = (socket: Duplex): void =>
  process.nextTick(() => {
    if (socket.writableEnded) dismiss(socket)
  })

/** Whether there is no other listener. */
export const isIdle = (server: Server, event: "request" | "upgrade"): boolean => server.listenerCount(event) === 1
