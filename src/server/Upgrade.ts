/**
 * Takes a WebSocket upgrade out of Effect's HTTP server: the request is checked, the handshake is ours, and what is left is a
 * WebSocket and its TCP socket. The request's fiber ends here; an open connection holds none.
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { type WebSocket, WebSocketServer } from "ws"
import type { Authenticate } from "./Authentication.ts"
import type * as LiveConfig from "./LiveConfig.ts"
import type { Principal } from "../Principal.ts"

/** What Node says of a request it has taken for an upgrade. */
interface UpgradeRequest extends IncomingMessage {
  readonly upgrade: boolean
}

/** Called with each connection that was let in. */
export type OnConnection = (ws: WebSocket, socket: Socket, principal: Principal | undefined) => void

/** Whom to let in. */
export interface Gate {
  readonly config: LiveConfig.Service
  readonly authenticate: Authenticate
  /** Whether the server is about to end. */
  readonly isDraining: () => boolean
  /** Somebody came. */
  readonly onRequest: (incoming: IncomingMessage) => void
}

/** The handler of a route that is a WebSocket endpoint. */
export const handler = (
  { authenticate, config, isDraining, onRequest }: Gate,
  onConnection: OnConnection
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest> => {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: config.maxPayload
  })
  const upgrade = (request: HttpServerRequest, principal: Principal | undefined) => {
    const incoming = NodeHttpServerRequest.toIncomingMessage(request) as UpgradeRequest
    const { socket } = incoming
    abandon(NodeHttpServerRequest.toServerResponse(request) as ServerResponse, socket)
    // Effect's server adds its listeners when this fiber has ended, and they would hold the request as long as the socket.
    process.nextTick(() => {
      removeListeners(socket)
      server.handleUpgrade(incoming, socket, noHead, (ws) => onConnection(ws, socket, principal))
    })
    return HttpServerResponse.empty()
  }
  return Effect.flatMap(Effect.service(HttpServerRequest), (request) => {
    const incoming = NodeHttpServerRequest.toIncomingMessage(request) as UpgradeRequest
    // The header alone makes no upgrade: without `Connection: Upgrade` this is an exchange of requests and answers like any other.
    if (!incoming.upgrade || incoming.headers.upgrade?.toLowerCase() !== "websocket") {
      return Effect.succeed(
        refuse(426, "This is a WebSocket endpoint. Expected an upgrade request. Connect with a WebSocket client.")
      )
    }
    const { host, origin } = incoming.headers
    if (!isAllowedOrigin(config.allowedOrigins, origin, host)) {
      return Effect.succeed(
        refuse(
          403,
          `Pages from "${origin}" may not connect. Expected the server's own origin or one of allowedOrigins. ` +
            "Add it to LiveConfig.allowedOrigins if it is yours."
        )
      )
    }
    onRequest(incoming)
    const unavailable = refuse(503, "The server is shutting down. Connect again.", { "retry-after": "1" })
    if (isDraining()) return Effect.succeed(unavailable)
    return Effect.map(authenticate(request), (principal) => (isDraining() ? unavailable : upgrade(request, principal)))
  })
}

/** Whether a page from `origin` may open a socket on `host`; what is not a browser sends no origin. */
export const isAllowedOrigin = (
  allowed: LiveConfig.Service["allowedOrigins"],
  origin: string | undefined,
  host: string | undefined
): boolean => {
  if (allowed === "any" || origin === undefined) return true
  if (allowed !== "same-origin") return allowed.includes(origin)
  return URL.canParse(origin) && new URL(origin).host === host
}

const refuse = (
  status: number,
  text: string,
  headers: { readonly [name: string]: string } = {}
): HttpServerResponse.HttpServerResponse => HttpServerResponse.text(text + "\n", { status, headers })

/** A client has nothing to send before it has the answer, so there is no head to pass on. */
const noHead = Buffer.alloc(0)

/** An ended response without a socket is one that Effect's server leaves alone. */
const abandon = (response: ServerResponse, socket: Socket): void => {
  response.detachSocket(socket)
  response.end()
}

/** One by one: `removeAllListeners` of a name turns the table of listeners into a slower and larger one. */
const removeListeners = (socket: Socket): void => {
  for (const name of ["close", "error"]) {
    for (const listener of socket.listeners(name)) socket.off(name, listener as () => void)
  }
}
