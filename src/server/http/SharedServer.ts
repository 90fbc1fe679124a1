/**
 * The part of somebody else's HTTP server that lies below a path. Its requests and upgrades are taken before any other
 * listener sees them; all others are left alone. Node gives a listener no way to keep an event from the next one, so the
 * `emit` of the server is wrapped.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as NetAddress from "effect/net/NetAddress"
import * as Scope from "effect/Scope"
import type { EventEmitter } from "node:events"
import { type IncomingMessage, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { DirectUpgrades, OfServer } from "./DirectUpgrades.ts"
import { dismissRefused, isBehind } from "./IdleServer.ts"

/** Any server of `node:http`, `node:https` or, with HTTP/1.1 allowed, `node:http2`. */
export type NodeHttpServerLike = EventEmitter

/** What Node asks, from 24.9 on, before it takes a request for an upgrade. */
interface Deciding {
  shouldUpgradeCallback?: (request: IncomingMessage) => boolean
}

/** What is done with the requests below the path. */
interface Handlers {
  readonly request: (request: IncomingMessage, response: ServerResponse) => void
  readonly upgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => void
}

type Serve = Parameters<typeof HttpServer.make>[0]["serve"]

/** Lets a router be served below the path, until the Scope closes. */
export const layer = (server: NodeHttpServerLike, path: string): Layer.Layer<HttpServer.HttpServer> => {
  const direct = new DirectUpgrades()
  const serve: Serve = Effect.fnUntraced(function* (app, middleware) {
    const options = { scope: Scope.forkUnsafe(yield* Effect.scope, "parallel"), middleware: middleware as never }
    const request = yield* NodeHttpServer.makeHandler(app, options)
    const upgrade = direct.before(yield* NodeHttpServer.makeUpgradeHandler(Effect.never, app, options))
    yield* Effect.acquireRelease(
      Effect.sync(() => take(server, path, { request, upgrade })),
      (giveBack) => Effect.sync(giveBack)
    )
  })
  return Layer.effectContext(
    Effect.suspend(() => {
      if (isHttp2Only(server)) return Effect.die(new Error(http2Only))
      // It is not known where the server listens, and when.
      const shared = HttpServer.make({ address: NetAddress.unixPathAddress(""), serve })
      return Effect.succeed(Context.add(Context.make(HttpServer.HttpServer, shared), OfServer, direct))
    })
  )
}

const http2Only =
  "LiveServer.attach was given a server that speaks HTTP/2 alone, over which browsers open no WebSocket. " +
  "Create it with `http2.createSecureServer({ allowHTTP1: true, … })`."

/** Whether nobody can ask a server for an upgrade: what a server of TLS offers, and a server of HTTP/2 without TLS. */
const isHttp2Only = (server: NodeHttpServerLike & { readonly ALPNProtocols?: unknown }): boolean =>
  server.ALPNProtocols instanceof Uint8Array
    ? !Buffer.from(server.ALPNProtocols).includes("http/1.1")
    : server.constructor.name === "Http2Server"

/** Takes what comes below the path, until the returned function is called. */
const take = (server: NodeHttpServerLike & Deciding, path: string, { request, upgrade }: Handlers): (() => void) => {
  let isActive = true
  const isOurs = ({ url = "" }: IncomingMessage) => isActive && isBelow(url, path)
  const hasOthers = () => server.listeners("upgrade").some((listener) => listener !== present)
  const emit = server.emit
  const emitOthers = (event: string | symbol, args: ReadonlyArray<unknown>) => emit.call(server, event, ...args)
  const ours = (event: string | symbol, ...args: ReadonlyArray<unknown>): boolean => {
    if (event === "request" && isOurs(args[0] as IncomingMessage)) {
      request(...(args as Parameters<Handlers["request"]>))
      return true
    }
    if (event !== "upgrade") return emitOthers(event, args)
    const [incoming, socket, head] = args as Parameters<Handlers["upgrade"]>
    if (!isOurs(incoming)) {
      return hasOthers() ? emitOthers(event, args) : emitOthers("request", [incoming, responseOn(socket, incoming)])
    }
    if (isBehind(incoming, socket)) return true
    upgrade(incoming, socket, head)
    dismissRefused(socket)
    return true
  }
  server.emit = ours
  // Node gives upgrades to a server with a listener only, and then all of them, unless it may ask.
  server.on("upgrade", present)
  const { shouldUpgradeCallback } = server
  const decide = (incoming: IncomingMessage) =>
    isOurs(incoming) || (hasOthers() && shouldUpgradeCallback?.call(server, incoming) === true)
  if (shouldUpgradeCallback !== undefined) server.shouldUpgradeCallback = decide
  return () => {
    isActive = false
    server.off("upgrade", present)
    // Others may have wrapped it since; then ours stays, and takes nothing any more.
    if (server.emit === ours) server.emit = emit
    if (shouldUpgradeCallback !== undefined && server.shouldUpgradeCallback === decide) {
      server.shouldUpgradeCallback = shouldUpgradeCallback
    }
  }
}

/** Does nothing: it only has to be there. */
const present = (): void => {}

/** `/api/live`, `/api/live/rpc` and `/api/live?x` are below `/api/live`; `/api/lively` is not. */
const isBelow = (url: string, path: string): boolean => {
  if (!url.startsWith(path)) return false
  const next = url.charAt(path.length)
  return next === "" || next === "/" || next === "?"
}

/** For an upgrade that nobody takes, such as one to HTTP/2: it is a request like any other, and the last of its connection. */
const responseOn = (socket: Socket, incoming: IncomingMessage): ServerResponse => {
  const response = new ServerResponse(incoming)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  response.on("finish", () => socket.end())
  return response
}
