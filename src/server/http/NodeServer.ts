/**
 * An HTTP server of Node's that is served before it listens: its routes are there when the first request comes. At the
 * end it answers 503 while requests that have begun are answered, and then closes without waiting for anybody.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { WebSocketServer } from "@effect/platform-node/NodeWS"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as NetAddress from "effect/net/NetAddress"
import * as Scope from "effect/Scope"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import * as Log from "../../Log.ts"
import * as LiveConfig from "../LiveConfig.ts"
import * as Kind from "../SettingKind.ts"
import { withoutStack } from "../StartError.ts"
import { DirectUpgrades, OfServer } from "./DirectUpgrades.ts"
import { HttpRequests, RunningRequests } from "./HttpRequests.ts"
import { attend } from "./IdleServer.ts"
import { ListenError } from "./ListenError.ts"

/** A server of Node's that may not listen yet. */
export class NodeServer extends Context.Service<NodeServer, Server>()("fibra/server/NodeServer") {}

/** Milliseconds that the head of a request may take, and between two looks at that. */
const timeouts = { headersTimeout: 10_000, connectionsCheckingInterval: 2_500 }

/** Provides a server that a router can be served on, and that has no address before it listens. */
export const layer: Layer.Layer<NodeServer | HttpServer.HttpServer> = Layer.effectContext(
  Effect.gen(function* () {
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => createServer(timeouts)),
      (server) =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        })
    )
    attend(server)
    let remove = () => {}
    const direct = new DirectUpgrades()
    const requests = new RunningRequests(() => {
      remove()
      server.closeIdleConnections()
    })
    const sockets = yield* Effect.cached(
      Effect.acquireRelease(
        Effect.sync(() => new WebSocketServer({ noServer: true })),
        (sockets) => Effect.sync(() => sockets.close())
      ).pipe(Scope.provide(yield* Effect.scope))
    )
    const serve: Serve = Effect.fnUntraced(function* (app, middleware) {
      const options = { scope: Scope.forkUnsafe(yield* Effect.scope, "parallel"), middleware: middleware as never }
      const handler = yield* NodeHttpServer.makeHandler(app, options)
      const request = (incoming: IncomingMessage, response: ServerResponse) => {
        requests.see(response)
        handler(incoming, response)
      }
      const upgrade = direct.before(yield* NodeHttpServer.makeUpgradeHandler(sockets, app, options))
      server.on("request", request)
      server.on("upgrade", upgrade)
      remove = () => {
        server.off("request", request)
        server.off("upgrade", upgrade)
      }
      yield* Effect.addFinalizer(() => Effect.sync(() => requests.begin()))
    })
    return Context.make(NodeServer, server).pipe(
      Context.add(HttpServer.HttpServer, HttpServer.make({ address: nowhere, serve })),
      Context.add(HttpRequests, requests),
      Context.add(OfServer, direct)
    )
  })
)

type Serve = Parameters<typeof HttpServer.make>[0]["serve"]

const nowhere = NetAddress.unixPathAddress("")

/** The port that the environment gives as `PORT`, or 3000. */
export const portOfEnvironment: Effect.Effect<number, LiveConfig.LiveConfigError | Config.ConfigError> = Effect.gen(
  function* () {
    const came = (yield* Config.withDefault(Config.String("PORT"), "")).trim()
    if (came === "") return 3000
    const port = Kind.port.fromText(came)
    if (port !== undefined) return port
    const problem = { setting: "PORT", came: JSON.stringify(came), expected: Kind.port.expected }
    return yield* withoutStack(new LiveConfig.LiveConfigError({ problems: [problem] }))
  }
)

/** Lets the server listen; without a host, on every interface. Provides its address. */
export const listening = (options: {
  readonly port: number
  readonly host: string | undefined
}): Layer.Layer<HttpServer.HttpServer, ListenError, NodeServer> =>
  Layer.effect(
    HttpServer.HttpServer,
    Effect.gen(function* () {
      const server = yield* NodeServer
      yield* Effect.callback<void, ListenError>((resume) => {
        const onError = (error: NodeJS.ErrnoException) =>
          resume(Effect.fail(withoutStack(new ListenError({ ...options, code: error.code ?? error.message }))))
        server.once("error", onError)
        server.listen(options, () => {
          server.off("error", onError)
          resume(Effect.void)
        })
      })
      const { address, port } = server.address() as AddressInfo
      const bound = NetAddress.inetAddressFromIpStringUnsafe(address, port)
      const url = NetAddress.isUnspecified(bound.address) ? `http://localhost:${port}` : HttpServer.formatAddress(bound)
      yield* Log.info(`Listening on ${url}`)
      return HttpServer.make({
        address: bound,
        serve: () => Effect.die(new Error("LiveServer.layerHttp serves already. Give it your routes as `routes`."))
      })
    })
  )
