/**
 * An HTTP server that listens and that nobody serves: Effect's server listens before its routes are there, and takes them away before
 * it closes. Whoever comes in between would wait for an answer that nobody gives; so they are told to come again.
 */
import * as Effect from "effect/Effect"
import type { Server } from "node:http"
import { dismiss, owedBefore } from "./Dismissal.ts"
import * as RawHttpResponse from "./RawHttpResponse.ts"
import * as UpgradeRejection from "./UpgradeRejection.ts"

const text = `${UpgradeRejection.texts.draining.message}\n`
const headers = { "content-type": "text/plain; charset=utf-8", "retry-after": "1" }

/** On a server that has such listeners already, whichever copy of this library gave them to it. */
const attended = Symbol.for("fibra/server/attended")

/** From now on, what nobody else answers is answered with 503. */
export const attend = (server: Server): void => {
  if (Object.hasOwn(server, attended)) return
  Object.defineProperty(server, attended, { value: true })
  server.on("request", (_request, response) => {
    if (isIdle(server, "request")) response.writeHead(503, { ...headers, connection: "close" }).end(text)
  })
  server.on("upgrade", (request, socket) => {
    if (isIdle(server, "upgrade")) {
      Effect.runFork(UpgradeRejection.count(503))
      return RawHttpResponse.end(socket, "503 Service Unavailable", headers, text)
    }
    const before = owedBefore(request)
    if (before !== undefined) {
      Effect.runFork(UpgradeRejection.count(400))
      before.once("close", () => socket.end())
      return dismiss(socket)
    }
    // Effect's server refuses some by itself: who is refused by the time all have looked at the request is done with.
    process.nextTick(() => {
      if (socket.writableEnded) dismiss(socket)
    })
  })
}

/** Whether nobody else listens. */
export const isIdle = (server: Server, event: "request" | "upgrade"): boolean => server.listenerCount(event) === 1
