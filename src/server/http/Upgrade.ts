/**
 * Takes WebSocket upgrades out of Effect's HTTP server: it checks the request and makes the handshake itself, and what
 * is left is a WebSocket and its TCP socket. The fiber of the request ends here, so an open connection holds none.
 * Refusals are answered over HTTP, and an ordinary request is answered as its handshake would be: with 426 if that would
 * be accepted.
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { WebSocketServer } from "ws"
import type { ConnectionLimits, Slot } from "../transport/ConnectionLimits.ts"
import { type Authenticate, Forbidden, Unauthorized } from "../security/Authentication.ts"
import * as ClientAddress from "./ClientAddress.ts"
import { ConnectionSocket } from "../transport/ConnectionSocket.ts"
import type { Deflater } from "../transport/Deflater.ts"
import { type AcceptedOffer, Inflater, type PerMessageDeflate } from "../transport/PerMessageDeflate.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import { copy, type Principal } from "../../Principal.ts"
import * as Cors from "./Cors.ts"
import { owedBefore } from "./Dismissal.ts"
import * as Origin from "./Origin.ts"
import * as Monotonic from "../../actor/Monotonic.ts"
import * as Thrown from "../../Thrown.ts"
import * as TimeLimit from "../../TimeLimit.ts"
import * as UpgradeRejection from "./UpgradeRejection.ts"

/** Node's request, with what it says about upgrades. */
interface UpgradeRequest extends IncomingMessage {
  readonly upgrade: boolean
}

/** A connection that was accepted. */
export interface AcceptedConnection {
  readonly principal: Principal | undefined
  /** Compresses messages for this client. Undefined when the client takes no compressed messages. */
  readonly deflater: Deflater | undefined
  /** The query of its request. */
  readonly query: () => URLSearchParams
}

/** Called with each connection that is accepted. */
export type OnConnection = (ws: ConnectionSocket, socket: Socket, accepted: AcceptedConnection) => void

/** Who is let in. Endpoints with the same gate count their connections together. */
export interface Gate {
  readonly limits: ConnectionLimits
  readonly config: LiveConfig.Settings
  /** Bytes of the largest frame: that of a message, or of a part of a file. */
  readonly maxPayload: number
  /** Undefined when messages are not compressed. */
  readonly compression: PerMessageDeflate | undefined
  /** Undefined when every client is anonymous. */
  readonly authenticate: Authenticate | undefined
  /** Whether a principal was signed out at this time (milliseconds since the epoch) or later. */
  readonly hasLeft: (principal: string, since: number) => boolean
  /** Whether the server is about to end. */
  readonly isDraining: () => boolean
  /** A request came in. */
  readonly onRequest: (incoming: IncomingMessage) => void
  /** A request that was accepted is refused with this status after all. */
  readonly onRefused: (status: number) => void
}

/** The sub-protocol of every endpoint. Others that a client offers, such as one with a token, are never selected. */
const protocol = "fibra"

/** Milliseconds that a peer may take to answer the closing handshake. */
const closeTimeout = 2000

/**
 * How many frames one message may consist of: 1 MiB in pieces of 2 KiB. Each frame holds the buffer it was read into.
 */
const maxFragments = 512

/** The handler of a route that is a WebSocket endpoint. */
export const handler = (
  gate: Gate,
  onConnection: OnConnection
): Effect.Effect<HttpServerResponse, never, HttpServerRequest> => {
  const { compression, limits, config, isDraining, onRequest } = gate
  const options = {
    noServer: true,
    clientTracking: false,
    // Negotiated here: `ws` would refuse a client whose offer it cannot accept.
    perMessageDeflate: false,
    maxPayload: gate.maxPayload,
    maxFragments,
    closeTimeout,
    WebSocket: ConnectionSocket,
    handleProtocols: (offered: ReadonlySet<string>) => offered.has(protocol) && protocol
  }
  const server = new WebSocketServer(options)
  /** The offer accepted in the current handshake. */
  let accepted: AcceptedOffer | undefined
  server.on("headers", (headers) => {
    if (accepted !== undefined) headers.push(`Sec-WebSocket-Extensions: ${accepted.response}`)
  })
  const upgrade = (request: HttpServerRequest, { principal, since }: Identity, slot: Slot): void => {
    const incoming = NodeHttpServerRequest.toIncomingMessage(request) as UpgradeRequest
    const { socket } = incoming
    abandon(NodeHttpServerRequest.toServerResponse(request) as ServerResponse, socket)
    // Effect's server adds its listeners when this fiber has ended, and they would hold the request for as long as the
    // socket.
    process.nextTick(() => {
      removeListeners(socket)
      if (principal !== undefined && gate.hasLeft(principal.id, since)) {
        slot.leave()
        gate.onRefused(401)
        return UpgradeRejection.signedOutOn(socket)
      }
      let isOpen = false
      accepted = compression?.accept(incoming.headers["sec-websocket-extensions"])
      // The handshake and the first messages are written together.
      socket.cork()
      server.handleUpgrade(incoming, socket, noHead, (ws) => {
        isOpen = true
        ws.slot = slot
        ws.options = server.options
        if (accepted !== undefined) new Inflater(ws, gate.maxPayload).attach()
        onConnection(ws, socket, { principal, deflater: accepted?.deflater, query: () => queryOf(incoming) })
      })
      socket.uncork()
      if (isOpen) return
      // Invalid sub-protocols were answered there, with 400.
      slot.leave()
      gate.onRefused(400)
    })
  }
  const answer = (request: HttpServerRequest, isUpgrade: boolean): Effect.Effect<HttpServerResponse> => {
    const incoming = NodeHttpServerRequest.toIncomingMessage(request) as UpgradeRequest
    const { host } = incoming.headers
    const origin = isUpgrade ? incoming.headers.origin : Cors.originOf(incoming.headers)
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
        if (!isUpgrade) return Effect.succeed(UpgradeRejection.noUpgrade)
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
  }
  return Effect.flatMap(Effect.service(HttpServerRequest), (request) => {
    const incoming = NodeHttpServerRequest.toIncomingMessage(request) as UpgradeRequest
    // The header alone is no upgrade: without `Connection: Upgrade` this is an ordinary request.
    const isUpgrade = incoming.upgrade && incoming.headers.upgrade?.toLowerCase() === "websocket"
    if (!isUpgrade) {
      if (incoming.upgrade) return Effect.succeed(UpgradeRejection.noUpgrade)
      // A page that was refused asks why: browsers do not tell it what a handshake was answered with.
      return Effect.map(answer(request, false), Cors.readableBy(incoming.headers.origin))
    }
    return owedBefore(incoming) !== undefined || !isHandshake(incoming)
      ? Effect.succeed(UpgradeRejection.noHandshake)
      : answer(request, true)
  })
}

/** Versions before RFC 6455 are not accepted, and neither is HTTP/1.0, which has no upgrades. */
const isHandshake = ({ headers, httpVersion, method }: IncomingMessage): boolean =>
  method === "GET" &&
  httpVersion !== "1.0" &&
  headers["sec-websocket-version"] === "13" &&
  /^[+/0-9A-Za-z]{22}==$/.test(headers["sec-websocket-key"] ?? "")

const queryOf = ({ url = "" }: IncomingMessage): URLSearchParams =>
  new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?") + 1) : "")

/** The principal of a request, and when authentication began, by `Monotonic`: the principal may be signed out before the handshake. */
interface Identity {
  readonly principal: Principal | undefined
  readonly since: number
}

/** Authentication gave no answer in time. */
const late = Symbol("late")

const anonymous: Identity = { principal: undefined, since: 0 }

/** Authenticates a request; fails with the response when it is refused. */
const identify = (
  { authenticate, config, hasLeft }: Gate,
  request: HttpServerRequest
): Effect.Effect<Identity, HttpServerResponse> => {
  if (authenticate === undefined) return Effect.succeed(anonymous)
  return Effect.flatMap(Monotonic.millis, (since) =>
    TimeLimit.timeoutOrElse(
      Effect.map(
        Effect.suspend(() => authenticate(request)),
        (principal) => (principal === undefined ? undefined : copy(principal))
      ),
      { duration: config.authenticationTimeout, orElse: () => Effect.fail(late) }
    ).pipe(
      Effect.matchCauseEffect({
        onFailure: (cause) => {
          const failure = cause.reasons.find(Cause.isFailReason)?.error
          if (Thrown.isA(failure, Unauthorized) || Thrown.isA(failure, Forbidden)) {
            return Effect.flip(UpgradeRejection.refused(failure))
          }
          // Too late, or something that it does not declare.
          return failure === late ? Effect.flip(UpgradeRejection.late) : Effect.flip(UpgradeRejection.failed(cause))
        },
        onSuccess: (principal) => {
          if (principal === undefined) return Effect.succeed(anonymous)
          // It may have been signed out since authentication answered.
          if (hasLeft(principal.id, since)) return Effect.flip(UpgradeRejection.signedOut)
          return Effect.succeed({ principal, since })
        }
      })
    )
  )
}

/** Whether a page from `origin` may open a socket on `host`. Clients that are no browser send no origin. */
export const isAllowedOrigin = (
  allowed: LiveConfig.Settings["allowedOrigins"],
  origin: string | undefined,
  host: string | undefined
): boolean => {
  if (allowed === "any" || origin === undefined) return true
  return allowed === "same-origin" ? Origin.isOwn(origin, host) : Origin.isListed(origin, allowed)
}

/** A client sends nothing before it has the answer, so there is no head to pass on. */
const noHead = Buffer.alloc(0)

/** Effect's server leaves a response alone that has ended and has no socket. */
const abandon = (response: ServerResponse, socket: Socket): void => {
  response.detachSocket(socket)
  response.end()
}

/** One by one: `removeAllListeners` of a name makes the table of listeners slower and larger. */
const removeListeners = (socket: Socket): void => {
  for (const name of ["close", "error"]) {
    for (const listener of socket.listeners(name)) socket.off(name, listener as () => void)
  }
}
