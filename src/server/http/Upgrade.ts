/**
 * Takes WebSocket upgrades out of Effect's HTTP server: it checks the request and makes the handshake itself, and what
 * is left is a WebSocket and its TCP socket. The fiber of the request ends here, so an open connection holds none.
 * Refusals are answered over HTTP, and an ordinary request is answered as its handshake would be: with 426 if that would
 * be accepted.
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import type { ConnectionLimits, Slot } from "../transport/ConnectionLimits.ts"
import * as ClientAddress from "./ClientAddress.ts"
import type { PerMessageDeflate } from "../transport/PerMessageDeflate.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { Principal } from "../../Principal.ts"
import * as Cors from "./Cors.ts"
import { owedBefore } from "./Dismissal.ts"
import * as Handshake from "./Handshake.ts"
import type { OnConnection } from "./Handshake.ts"
import * as Identity from "./Identity.ts"
import * as Origin from "./Origin.ts"
import * as UpgradeRejection from "./UpgradeRejection.ts"

/** Node's request, with what it says about upgrades. */
export interface UpgradeRequest extends IncomingMessage {
  readonly upgrade: boolean
}

/** Who is let in. Endpoints with the same gate count their connections together. */
export interface Gate extends Identity.Identification {
  readonly limits: ConnectionLimits
  readonly config: LiveConfig.Settings
  /** Bytes of the largest frame: that of a message, or of a part of a file. */
  readonly maxPayload: number
  /** Undefined when messages are not compressed. */
  readonly compression: PerMessageDeflate | undefined
  /** Whether the server is about to end. */
  readonly isDraining: () => boolean
  /** A request came in. */
  readonly onRequest: (incoming: IncomingMessage) => void
  /** A request that was accepted is refused with this status after all. */
  readonly onRefused: (status: number) => void
}

/** A WebSocket endpoint. */
export interface UpgradeEndpoint {
  /** The handler of its route. */
  readonly handler: Effect.Effect<HttpServerResponse, never, HttpServerRequest>
  /**
   * Accepts an upgrade that no handler has seen, if nothing is to be waited for and nothing is to be said against it.
   * Otherwise nothing has happened, and the handler answers it. Undefined when clients are authenticated.
   */
  readonly take: ((incoming: IncomingMessage, socket: Socket) => boolean) | undefined
}

/** An endpoint behind this gate. */
export const endpoint = (gate: Gate, onConnection: OnConnection): UpgradeEndpoint => {
  const { limits, config, isDraining, onRequest } = gate
  const handshake = Handshake.make(gate, onConnection)
  const complete = (incoming: IncomingMessage, socket: Socket, principal: Principal | undefined, slot: Slot): void => {
    if (handshake(incoming, socket, principal, slot)) return
    slot.leave()
    gate.onRefused(400)
  }
  const upgrade = (request: HttpServerRequest, { principal, since }: Identity.Identity, slot: Slot): void => {
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
      complete(incoming, socket, principal, slot)
    })
  }
  /** A slot for a request, whoever makes it; or the answer that refuses it. */
  const admit = (
    incoming: IncomingMessage,
    origin: string | undefined
  ): Slot | (() => Effect.Effect<HttpServerResponse>) => {
    const { headers } = incoming
    if (!isAllowedOrigin(config.allowedOrigins, origin, headers.host)) return () => UpgradeRejection.foreign(origin)
    onRequest(incoming)
    if (isDraining()) return () => Effect.succeed(UpgradeRejection.draining)
    const slot = limits.enter(() => ClientAddress.of(incoming, config.trustedProxies))
    if (typeof slot !== "string") return slot
    const isBehindProxy = config.trustedProxies === 0 && headers["x-forwarded-for"] !== undefined
    return () => UpgradeRejection.full(slot, isBehindProxy)
  }
  const answer = (request: HttpServerRequest, isUpgrade: boolean): Effect.Effect<HttpServerResponse> => {
    const incoming = NodeHttpServerRequest.toIncomingMessage(request) as UpgradeRequest
    const slot = admit(incoming, isUpgrade ? incoming.headers.origin : Cors.originOf(incoming.headers))
    if (typeof slot === "function") return slot()
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
  const handler = Effect.flatMap(Effect.service(HttpServerRequest), (request) => {
    const incoming = NodeHttpServerRequest.toIncomingMessage(request) as UpgradeRequest
    if (!isUpgrade(incoming)) {
      if (incoming.upgrade) return Effect.succeed(UpgradeRejection.noUpgrade)
      // A page that was refused asks why: browsers do not tell it what a handshake was answered with.
      return Effect.map(answer(request, false), Cors.readableBy(incoming.headers.origin))
    }
    return isHandshake(incoming) ? answer(request, true) : Effect.succeed(UpgradeRejection.noHandshake)
  })
  if (gate.authenticate !== undefined) return { handler, take: undefined }
  return {
    handler,
    take: (incoming, socket) => {
      if (!isUpgrade(incoming as UpgradeRequest) || !isHandshake(incoming)) return false
      const slot = admit(incoming, incoming.headers.origin)
      if (typeof slot === "function") return false
      complete(incoming, socket, undefined, slot)
      return true
    }
  }
}

/** The header alone is no upgrade: without `Connection: Upgrade` this is an ordinary request. */
const isUpgrade = ({ headers, upgrade }: UpgradeRequest): boolean =>
  upgrade && headers.upgrade?.toLowerCase() === "websocket"

/**
 * Versions before RFC 6455 are not accepted, and neither is HTTP/1.0, which has no upgrades. A request behind one that is
 * not answered yet is no handshake either.
 */
const isHandshake = (incoming: IncomingMessage): boolean => {
  const { headers, httpVersion, method } = incoming
  return (
    owedBefore(incoming) === undefined &&
    method === "GET" &&
    httpVersion !== "1.0" &&
    headers["sec-websocket-version"] === "13" &&
    /^[+/0-9A-Za-z]{22}==$/.test(headers["sec-websocket-key"] ?? "")
  )
}

/** Authenticates a request; fails with the response when it is refused. */
const identify = (gate: Gate, request: HttpServerRequest): Effect.Effect<Identity.Identity, HttpServerResponse> =>
  Identity.identify(gate, request).pipe(
    Effect.catch((unidentified) => {
      switch (unidentified._tag) {
        case "refused":
          return Effect.flip(UpgradeRejection.refused(unidentified.refusal))
        case "signedOut":
          return Effect.flip(UpgradeRejection.signedOut)
        case "late":
          return Effect.flip(UpgradeRejection.late)
        case "failed":
          return Effect.flip(UpgradeRejection.failed(unidentified.cause))
      }
    })
  )

/** Whether a page from `origin` may open a socket on `host`. Clients that are no browser send no origin. */
export const isAllowedOrigin = (
  allowed: LiveConfig.Settings["allowedOrigins"],
  origin: string | undefined,
  host: string | undefined
): boolean => {
  if (allowed === "any" || origin === undefined) return true
  return allowed === "same-origin" ? Origin.isOwn(origin, host) : Origin.isListed(origin, allowed)
}

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
