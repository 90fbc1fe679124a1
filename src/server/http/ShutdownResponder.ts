/**
 * Answers for an HTTP server that is about to end. Effect's server removes its handlers first, and later requests would
 * wait until the process ends; they are answered with 503.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { IncomingMessage, Server } from "node:http"
import { attend, isIdle } from "./IdleServer.ts"

/** Answers for the HTTP servers of one live server, and closes them. */
export class ShutdownResponder extends Context.Service<ShutdownResponder, HttpServers>()("fibra/server/Unavailable") {}

/** The HTTP servers that upgrades came through. */
export class HttpServers {
  readonly #servers = new Set<Server>()
  #isEnding = false

  /** An upgrade came through this server. */
  see(incoming: IncomingMessage): void {
    const { server } = incoming.socket as { readonly server?: Server }
    if (server !== undefined) this.#servers.add(server)
  }

  /** Closes all HTTP connections, idle or not; WebSockets are not among them. */
  end(): void {
    if (!this.#isEnding) return
    for (const server of this.#servers) if (isIdle(server, "request")) server.closeAllConnections()
  }

  /** From now on, requests that nobody else answers are answered with 503. */
  begin(): void {
    this.#isEnding = true
    for (const server of this.#servers) attend(server)
  }
}

/** Built before everything else, so it ends last: connections that are open then are not waited for. */
export const layer: Layer.Layer<ShutdownResponder> = Layer.effect(
  ShutdownResponder,
  Effect.acquireRelease(
    Effect.sync(() => new HttpServers()),
    (servers) => Effect.sync(() => servers.end())
  )
)
