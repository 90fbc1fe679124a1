/**
 * Answers for an HTTP server that is about to end. Effect's server takes its handlers away first of all, and whoever comes after
 * that would wait for an answer until the end; so it is said that there is none to be had here.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import * as RawHttpResponse from "./RawHttpResponse.ts"
import { texts } from "./UpgradeRejection.ts"

const text = `${texts.draining.message}\n`
const headers = { "content-type": "text/plain; charset=utf-8", "retry-after": "1", connection: "close" }

/** On a server that has such listeners already. */
const isEnding = Symbol("fibra/server/isEnding")

/** Answers for the HTTP servers of one live server, and closes them. */
export class ShutdownResponder extends Context.Service<ShutdownResponder, HttpServers>()("fibra/server/Unavailable") {
  /** Built before everything else, and so the last to end: who is connected then is not waited for. */
  static readonly layer: Layer.Layer<ShutdownResponder> = Layer.effect(
    ShutdownResponder,
    Effect.acquireRelease(
      Effect.sync(() => new HttpServers()),
      (servers) => Effect.sync(() => servers.end())
    )
  )
}

/** The HTTP servers that upgrades came through. */
export class HttpServers {
  readonly #servers = new Set<Server>()

  /** An upgrade came through this server. */
  see(incoming: IncomingMessage): void {
    const { server } = incoming.socket as { readonly server?: Server }
    if (server !== undefined) this.#servers.add(server)
  }

  /** Closes what is open, idle or not; WebSockets are not among it. */
  end(): void {
    for (const server of this.#servers) if (Object.hasOwn(server, isEnding)) server.closeAllConnections()
  }

  /** From now on, what nobody else answers is answered with 503. */
  begin(): void {
    for (const server of this.#servers) {
      if (Object.hasOwn(server, isEnding)) continue
      Object.defineProperty(server, isEnding, { value: true })
      server.on("request", (_request, response) => {
        if (server.listenerCount("request") === 1) refuse(response)
      })
      server.on("upgrade", (_request, socket) => {
        if (server.listenerCount("upgrade") === 1) RawHttpResponse.end(socket, "503 Service Unavailable", headers, text)
      })
    }
  }
}

const refuse = (response: ServerResponse): void => void response.writeHead(503, headers).end(text)
