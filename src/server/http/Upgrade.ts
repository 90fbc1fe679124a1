/**
 * Takes a WebSocket upgrade out of Effect's HTTP server: the request is checked, the handshake is ours, and what is left is a
 * WebSocket and its TCP socket. The request's fiber ends here; an open connection holds none. Whoever is not let in is answered
 * over HTTP: with what was refused, and not with why.
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { WebSocketServer } from "ws"
import type { ConnectionLimits, Slot } from "../transport/ConnectionLimits.ts"
import type { Authenticate } from "../security/Authentication.ts"
import * as ClientAddress from "./ClientAddress.ts"
import { ConnectionSocket } from "../transport/ConnectionSocket.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import { copy, type Principal } from "../../Principal.ts"
import { owedBefore } from "./Dismissal.ts"
import * as TimeLimit from "../../TimeLimit.ts"
import * as UpgradeRejection from "./UpgradeRejection.ts"

/** What Node says of a request it has taken for an upgrade. */
interface UpgradeRequest extends IncomingMessage {
  readonly upgrade: boolean
}

/** Called with each connection that was let in, and the query it was asked for with. */
export type OnConnection = (
  ws: ConnectionSocket,
  socket: Socket,
  principal: Principal | undefined,
  query: () => URLSearchParams
) => void

/** Whom to let in. Endpoints with the same gate count their connections together. */
export interface Gate {
  readonly limits: ConnectionLimits
  readonly config: LiveConfig.Settings
  /** Undefined: everyone is anonymous. */
  readonly authenticate: Authenticate | undefined
  /** Whether a principal was signed out at this time, in milliseconds since the epoch, or later. */
  readonly hasLeft: (principal: string, since: number) => boolean
  /** Whether the server is about to end. */
  readonly isDraining: () => boolean
  /** Somebody came. */
  readonly onRequest: (incoming: IncomingMessage) => void
  /** Somebody was refused with this status who had been let in. */
  readonly onRefused: (status: number) => void
}

/** The sub-protocol of every endpoint; others a client offers, such as one with a token, are not answered. */
const protocol = "fibra"

/** Milliseconds that a peer may take to answer the closing handshake. */
const closeTimeout = 2000

/** Frames one message may come in: a message of 1 MiB in pieces of 2 KiB. Each holds what it was read with. */
const maxFragments = 512

/** The handler of a route that is a WebSocket endpoint. */
export const handler = (
  gate: Gate,
  onConnection: OnConnection
): Effect.Effect<HttpServerResponse, never, HttpServerRequest> => {
  const { limits, config, isDraining, onRequest } = gate
  const options = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: config.maxPayload,
    maxFragments,
    closeTimeout,
    WebSocket: ConnectionSocket,
    handleProtocols: (offered: ReadonlySet<string>) => offered.has(protocol) && protocol
  }
  const server = new WebSocketServer(options)
  const upgrade = (request: HttpServerRequest, { principal, since }: Identity, slot: Slot): void => {
    const incoming = NodeHttpServerRequest.toIncomingMessage(request) as UpgradeRequest
    const { socket } = incoming
    abandon(NodeHttpServerRequest.toServerResponse(request) as ServerResponse, socket)
    // Effect's server adds its listeners when this fiber has ended, and they would hold the request as long as the socket.
    process.nextTick(() => {
      removeListeners(socket)
      if (principal !== undefined && gate.hasLeft(principal.id, since)) {
        slot.leave()
        gate.onRefused(401)
        return UpgradeRejection.signedOutOn(socket)
      }
      let isOpen = false
      // The handshake and what is said at once leave together.
      socket.cork()
      server.handleUpgrade(incoming, socket, noHead, (ws) => {
        isOpen = true
        ws.slot = slot
        onConnection(ws, socket, principal, () => queryOf(incoming))
      })
      socket.uncork()
      if (isOpen) return
      // Sub-protocols that are none were answered there, with 400.
      slot.leave()
      gate.onRefused(400)
    })
  }
  return Effect.flatMap(Effect.service(HttpServerRequest), (request) => {
    const incoming = NodeHttpServerRequest.toIncomingMessage(request) as UpgradeRequest
    // The header alone makes no upgrade: without `Connection: Upgrade` this is an exchange of requests and answers like any other.
    if (!incoming.upgrade || incoming.headers.upgrade?.toLowerCase() !== "websocket") {
      return Effect.succeed(UpgradeRejection.noUpgrade)
    }
    if (owedBefore(incoming) !== undefined || !isHandshake(incoming))
      return Effect.succeed(UpgradeRejection.noHandshake)
    const { host, origin } = incoming.headers
    if (!isAllowedOrigin(config.allowedOrigins, origin, host)) return UpgradeRejection.foreign(origin)
    onRequest(incoming)
    if (isDraining()) return Effect.succeed(UpgradeRejection.draining)
    const slot = limits.enter(() => ClientAddress.of(incoming, config.trustedProxies))
    if (typeof slot === "string") {
      return UpgradeRejection.full(
        slot,
        config.trustedProxies === 0 && incoming.headers["x-forwarded-for"] !== undefined
      )
    }
    let isIn = false
    return identify(gate, request).pipe(
      Effect.flatMap((identity) => {
        const { principal } = identity
        if (isDraining()) return Effect.succeed(UpgradeRejection.draining)
        if (principal !== undefined && !slot.belongsTo(principal.id)) return UpgradeRejection.full("principal", false)
        upgrade(request, identity, slot)
        isIn = true
        return Effect.succeed(UpgradeRejection.none)
      }),
      Effect.catch(Effect.succeed),
      Effect.ensuring(
        Effect.sync(() => {
          if (!isIn) slot.leave()
        })
      )
    )
  })
}

/** A version of before RFC 6455 is none. */
const isHandshake = ({ headers, method }: IncomingMessage): boolean =>
  method === "GET" &&
  headers["sec-websocket-version"] === "13" &&
  /^[+/0-9A-Za-z]{22}==$/.test(headers["sec-websocket-key"] ?? "")

const queryOf = ({ url = "" }: IncomingMessage): URLSearchParams =>
  new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?") + 1) : "")

/** Who is connecting, and since when that was asked: it may change until they are in. */
interface Identity {
  readonly principal: Principal | undefined
  readonly since: number
}

const anonymous: Identity = { principal: undefined, since: 0 }

/** Who is connecting; fails with what is answered when that cannot be known, or is nobody who may. */
const identify = (
  { authenticate, config, hasLeft }: Gate,
  request: HttpServerRequest
): Effect.Effect<Identity, HttpServerResponse> => {
  if (authenticate === undefined) return Effect.succeed(anonymous)
  return Effect.flatMap(Clock.currentTimeMillis, (since) =>
    TimeLimit.timeoutOrElse(
      Effect.suspend(() => authenticate(request)),
      { duration: config.authenticationTimeout, orElse: () => Effect.flip(UpgradeRejection.late) }
    ).pipe(
      Effect.matchCauseEffect({
        onFailure: (cause) => {
          const failure = cause.reasons.find(Cause.isFailReason)?.error
          if (failure === undefined) return Effect.flip(UpgradeRejection.failed(cause))
          return "_tag" in failure ? Effect.flip(UpgradeRejection.refused(failure)) : Effect.fail(failure)
        },
        onSuccess: (principal) => {
          if (principal === undefined) return Effect.succeed(anonymous)
          // What was asked for here may have been answered before it was signed out.
          if (hasLeft(principal.id, since)) return Effect.flip(UpgradeRejection.signedOut)
          return Effect.succeed({ principal: copy(principal), since })
        }
      })
    )
  )
}

/** Whether a page from `origin` may open a socket on `host`; what is not a browser sends no origin. */
export const isAllowedOrigin = (
  allowed: LiveConfig.Settings["allowedOrigins"],
  origin: string | undefined,
  host: string | undefined
): boolean => {
  if (allowed === "any" || origin === undefined) return true
  if (allowed !== "same-origin") return allowed.includes(origin)
  return URL.canParse(origin) && new URL(origin).host === host
}

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
