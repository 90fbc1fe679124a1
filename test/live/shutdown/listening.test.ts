/** An HTTP server that listens, and does not serve yet: the programs of the README, with a store that takes its time to open. */
import { createServer, request as httpRequest, type IncomingMessage, type Server } from "node:http"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Config, Deferred, Effect, Fiber, Latch, Layer, Logger } from "effect"
import { HttpRouter } from "effect/http"
import { LiveClient } from "fibra/client"
import { LiveServer, SnapshotStore } from "fibra/server"
import { Counter } from "../../../examples/counter/Counter.ts"
import { CounterLayer } from "../../../examples/counter/CounterLayer.ts"
import { knock } from "../../support/Handshake.ts"

const options = {
  port: Config.succeed(0),
  host: Config.succeed("127.0.0.1"),
  disablePreemptiveShutdown: Config.succeed(true)
}

/** The program of the README, before its store is open. */
const starting = Effect.gen(function* () {
  const opened = Latch.makeUnsafe(false)
  const listens = yield* Deferred.make<Server>()
  const create = () =>
    createServer().on("listening", function (this: Server) {
      Deferred.doneUnsafe(listens, Effect.succeed(this))
    })
  const store = Layer.unwrap(Effect.as(opened.await, SnapshotStore.layerMemory))
  const serves = yield* Deferred.make<void>()
  const running = yield* LiveServer.layer({ components: [Counter] }).pipe(
    Layer.provide(CounterLayer),
    HttpRouter.serve,
    Layer.tap(() => Deferred.succeed(serves, undefined)),
    Layer.provide(store),
    Layer.provide(NodeHttpServer.layerConfig(create, options)),
    Layer.provide(Logger.layer([])),
    Layer.launch,
    Effect.forkScoped({ startImmediately: true })
  )
  const server = yield* Deferred.await(listens)
  const { port } = server.address() as { readonly port: number }
  return { opened, port, running, server, serves: Deferred.await(serves) }
})

const ask = (port: number, method: string, path: string) =>
  Effect.callback<IncomingMessage>((resume) => {
    const request = httpRequest({ port, host: "127.0.0.1", method, path, headers: { "content-length": 1000 } })
    request.on("response", (response) => resume(Effect.succeed(response)))
    request.on("error", () => {})
    request.flushHeaders()
  })

describe("a server that listens, and whose store is not open yet", () => {
  it.live("a server whose store is not open yet answers 503, and when to come again, on any path", () =>
    Effect.gen(function* () {
      const { opened, port, serves, server } = yield* starting
      const connections = Effect.callback<number>((resume) => {
        server.getConnections((_, count) => resume(Effect.succeed(count)))
      })
      for (const path of ["/api/live/rpc", "/api/live/ws", "/"]) {
        for (const method of ["GET", "POST"]) {
          const { headers, statusCode } = yield* ask(port, method, path)
          assert.deepInclude(
            { status: statusCode, ...headers },
            { status: 503, "retry-after": "1", connection: "close" }
          )
        }
        const { headers, status, text } = yield* knock(`ws://127.0.0.1:${port}${path}`)
        assert.deepStrictEqual([status, headers["retry-after"]], [503, "1"])
        assert.include(text, "Connect again")
      }
      // Nobody is kept waiting, and nothing is kept of them.
      yield* Effect.repeat(Effect.delay(connections, "5 millis"), { until: (count) => count === 0 })
      yield* opened.open
      yield* serves
      assert.strictEqual((yield* knock(`ws://127.0.0.1:${port}/api/live/rpc`)).status, 101)
      assert.strictEqual((yield* ask(port, "GET", "/")).statusCode, 404)
    }).pipe(Effect.scoped)
  )

  it.live("a server whose store is not open yet has its clients when it is open, though they came before", () =>
    Effect.gen(function* () {
      const { opened, port } = yield* starting
      const client = LiveClient.layerWebSocket({ url: `ws://127.0.0.1:${port}/api/live/rpc`, maxBackoff: "50 millis" })
      const mounted = yield* Effect.flatMap(LiveClient, (client) =>
        client.mount(Counter, { props: { start: 41 } })
      ).pipe(
        Effect.flatMap((counter) => counter.state),
        Effect.scoped,
        Effect.provide(client),
        Effect.forkChild({ startImmediately: true })
      )
      yield* Effect.repeat(Effect.delay(knock(`ws://127.0.0.1:${port}/api/live/rpc`), "10 millis"), { times: 5 })
      yield* opened.open
      assert.deepInclude(yield* Fiber.join(mounted), { count: 41 })
    }).pipe(Effect.scoped)
  )
})

describe("the HTTP server of a program", () => {
  const listen = (server: Server) =>
    Layer.build(NodeHttpServer.layer(() => server, { port: 0, host: "127.0.0.1" })).pipe(
      Effect.as(server),
      Effect.scoped
    )

  it.live("an HTTP server waits ten seconds for the head of a request, unless another time was set", () =>
    Effect.gen(function* () {
      const timeouts = (server: Server) => [
        server.headersTimeout,
        (server as Server & { readonly connectionsCheckingInterval: number }).connectionsCheckingInterval
      ]
      assert.deepStrictEqual(timeouts(yield* listen(createServer())), [10_000, 2500])
      const own = createServer({ headersTimeout: 5000, connectionsCheckingInterval: 1000 })
      assert.deepStrictEqual(timeouts(yield* listen(own)), [5000, 1000])
      const other = createServer()
      yield* Effect.callback<void>((resume) => void other.listen(0, () => resume(Effect.void)))
      assert.deepStrictEqual(timeouts(other), [60_000, 30_000])
      assert.deepStrictEqual([other.listenerCount("request"), other.listenerCount("upgrade")], [0, 0])
      other.close()
    })
  )

  it.live("an HTTP server answers 503 when its routes are gone and it still listens", () =>
    Effect.gen(function* () {
      const server = createServer()
      const context = yield* Layer.build(
        NodeHttpServer.layer(() => server, { port: 0, disablePreemptiveShutdown: true })
      )
      const routes = HttpRouter.serve(LiveServer.layer({ components: [Counter] }).pipe(Layer.provide(CounterLayer)), {
        disableLogger: true,
        disableListenLog: true
      })
      const { port } = server.address() as { readonly port: number }
      const url = `ws://127.0.0.1:${port}/api/live/rpc`
      const open = Effect.provideContext(Layer.build(Layer.provide(routes, Logger.layer([]))), context)
      yield* Effect.scoped(
        Effect.andThen(
          open,
          Effect.map(knock(url), ({ status }) => assert.strictEqual(status, 101))
        )
      )
      assert.strictEqual((yield* knock(url)).status, 503)
      assert.strictEqual((yield* ask(port, "GET", "/")).statusCode, 503)
      // It may serve again.
      yield* open
      assert.strictEqual((yield* knock(url)).status, 101)
    }).pipe(Effect.scoped)
  )
})
