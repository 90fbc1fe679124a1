/** A live server with an HTTP server of its own: `LiveServer.layerHttp`. Over real sockets. */
import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { Agent, type IncomingMessage, request as httpRequest, type Server } from "node:http"
import { connect } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Context, Deferred, Effect, Exit, Fiber, Latch, Layer, Logger, Option, Scope } from "effect"
import { HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import { LiveClient } from "fibra/client"
import { LiveConfig, LiveServer, Principals, Secrets, SnapshotStore } from "fibra/server"
import { Counter } from "../../../examples/counter/Counter.ts"
import { CounterLayer } from "../../../examples/counter/CounterLayer.ts"
import { knock } from "../../support/Handshake.ts"

const live = (options: Partial<LiveServer.HttpOptions<[], never, HttpRouter.HttpRouter>> = {}) =>
  LiveServer.layerHttp({ port: 0, host: "127.0.0.1", ...options, components: [Counter] }).pipe(
    Layer.provide([CounterLayer, Logger.layer([])])
  )

const portOf = (context: Context.Context<HttpServer.HttpServer>) => {
  const { address } = Context.get(context, HttpServer.HttpServer)
  return "port" in address ? address.port : 0
}

/** A program that runs until its Scope is closed, which `end` does. */
const running = <E>(layer: Layer.Layer<HttpServer.HttpServer, E>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.fork(yield* Effect.scope)
    const context = yield* Layer.buildWithScope(layer, scope)
    return { port: portOf(context), end: Scope.close(scope, Exit.void) }
  })

const ask = (port: number, path: string, agent?: Agent) =>
  Effect.callback<{ readonly status: number | undefined; readonly headers: IncomingMessage["headers"] }>((resume) => {
    const request = httpRequest({ port, host: "127.0.0.1", path, ...(agent && { agent }) })
    request.on("response", (response) => {
      response.resume()
      response.on("end", () => resume(Effect.succeed({ status: response.statusCode, headers: response.headers })))
    })
    request.on("error", () => resume(Effect.succeed({ status: undefined, headers: {} })))
    request.end()
  })

/** The next server of this process that begins to listen, in the moment in which it does. */
const nextToListen = Effect.gen(function* () {
  const listens = yield* Deferred.make<Server>()
  const channel = "tracing:net.server.listen:asyncEnd"
  const onListen = (message: unknown) =>
    Deferred.doneUnsafe(listens, Effect.succeed((message as { readonly server: Server }).server))
  subscribe(channel, onListen)
  yield* Effect.addFinalizer(() => Effect.sync(() => unsubscribe(channel, onListen)))
  return { first: Deferred.await(listens) }
})

describe("a server of its own that starts", () => {
  it.live("a server of its own does not listen before it is served, and serves whoever comes first", () =>
    Effect.gen(function* () {
      const opened = Latch.makeUnsafe(false)
      const store = Layer.unwrap(Effect.as(opened.await, SnapshotStore.layerMemory))
      const listens = yield* nextToListen
      const first = yield* listens.first.pipe(
        Effect.flatMap((server) => {
          const { port } = server.address() as { readonly port: number }
          return Effect.all([knock(`ws://127.0.0.1:${port}/api/live/rpc`), ask(port, "/hello")], {
            concurrency: "unbounded"
          })
        }),
        Effect.forkChild({ startImmediately: true })
      )
      const routes = HttpRouter.add("GET", "/hello", HttpServerResponse.text("hello"))
      yield* Layer.build(live({ routes }).pipe(Layer.provide(store))).pipe(
        Effect.forkScoped({ startImmediately: true })
      )
      yield* Effect.repeat(Effect.yieldNow, { times: 100 })
      assert.isUndefined(first.pollUnsafe())
      yield* opened.open
      const [upgrade, hello] = yield* Fiber.join(first)
      assert.deepStrictEqual([upgrade.status, hello.status], [101, 200])
    }).pipe(Effect.scoped)
  )

  it.live(
    "a server of its own listens on the port of the environment, and says in one line what is wrong with it",
    () =>
      Effect.gen(function* () {
        const withPort = (PORT: string) =>
          LiveServer.layerHttp({ components: [Counter], host: "127.0.0.1" }).pipe(
            Layer.provide([CounterLayer, Logger.layer([]), ConfigProvider.layer(ConfigProvider.fromUnknown({ PORT }))])
          )
        const taken = yield* running(withPort("0"))
        assert.isAbove(taken.port, 0)
        const wrong = yield* Effect.flip(Layer.build(withPort("8o")))
        assert.strictEqual(wrong.message, 'PORT is "8o". Expected a port from 0 to 65535.')
        const late = yield* Effect.flip(Layer.build(withPort(String(taken.port))))
        assert.strictEqual(
          late.message,
          `The server cannot listen on port ${taken.port} of 127.0.0.1: another process listens there.`
        )
        assert.notInclude(String(Reflect.get(late, "stack")), "\n")
      }).pipe(Effect.scoped)
  )

  it.live("a server of its own says in one line of the log where it listens", () =>
    Effect.gen(function* () {
      const said: Array<unknown> = []
      const logger = Logger.layer([Logger.make(({ message }) => void said.push(message))])
      const { port } = yield* running(
        LiveServer.layerHttp({ components: [Counter], port: 0 }).pipe(
          Layer.provide([CounterLayer, logger, Secrets.layerRandom])
        )
      )
      assert.deepStrictEqual(said.flat(), [`Listening on http://localhost:${port}`])
    }).pipe(Effect.scoped)
  )
})

describe("a server of its own that serves", () => {
  it.live("a server of its own serves other routes, which may sign somebody out, and refuses what no route takes", () =>
    Effect.gen(function* () {
      const signOut = HttpRouter.use((router) =>
        Effect.gen(function* () {
          const principals = yield* Principals.Principals
          yield* router.add(
            "GET",
            "/leave",
            Effect.as(Effect.ignore(principals.disconnect({ id: "ada" })), HttpServerResponse.text("bye"))
          )
        })
      )
      const { port } = yield* running(
        LiveServer.layerHttp({ components: [Counter], port: 0, host: "127.0.0.1", routes: signOut }).pipe(
          Layer.provide([CounterLayer, Logger.layer([])])
        )
      )
      assert.strictEqual((yield* ask(port, "/leave")).status, 200)
      assert.strictEqual((yield* ask(port, "/elsewhere")).status, 404)
      assert.strictEqual((yield* ask(port, "/api/live/rpc")).status, 426)
      assert.strictEqual((yield* knock(`ws://127.0.0.1:${port}/elsewhere`)).status, 404)
      const state = yield* Effect.flatMap(LiveClient, (client) => client.mount(Counter, { props: { start: 7 } })).pipe(
        Effect.flatMap((counter) => counter.state),
        Effect.scoped,
        Effect.provide(LiveClient.layerWebSocket({ url: `ws://127.0.0.1:${port}/api/live/rpc` }))
      )
      assert.deepStrictEqual(state, { count: 7 })
    }).pipe(Effect.scoped)
  )
})

describe("a server of its own that is asked for what no server does", () => {
  const expecting = Effect.fnUntraced(function* (port: number) {
    return yield* Effect.callback<string>((resume) => {
      const socket = connect(port, "127.0.0.1")
      let text = ""
      socket.on("data", (data) => void (text += data.toString()))
      // Only the server may close it.
      socket.on("end", () => resume(Effect.succeed(text)))
      socket.write("POST /api/live/health HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 200-ok\r\nContent-Length: 9\r\n\r\n")
      return Effect.sync(() => socket.destroy())
    })
  })

  it.live("a request with an expectation that is not known is answered 417, and its connection is closed", () =>
    Effect.gen(function* () {
      const { port } = yield* running(live())
      const text = yield* expecting(port)
      assert.match(text, /^HTTP\/1\.1 417 /)
      assert.match(text, /\r\nconnection: close\r\n/i)
    }).pipe(Effect.scoped)
  )
})

describe("a server of its own that ends", () => {
  it.live("a server of its own that ends waits for no connection that says nothing, whatever it has said before", () =>
    Effect.gen(function* () {
      const { end, port } = yield* running(live())
      const agent = new Agent({ keepAlive: true })
      yield* ask(port, "/", agent)
      yield* Effect.forEach(["", "GET / HTTP/1.1\r\nHost: x\r\n"], (text) =>
        Effect.callback<void>((resume) => {
          const socket = connect(port, "127.0.0.1", () => {
            socket.write(text)
            resume(Effect.void)
          })
          socket.on("error", () => {})
        })
      )
      yield* knock(`ws://127.0.0.1:${port}/api/live/rpc`)
      yield* ask(port, "/")
      assert.isTrue(Option.isSome(yield* Effect.timeoutOption(end, "5 seconds")))
      assert.isUndefined((yield* ask(port, "/")).status)
      agent.destroy()
    }).pipe(Effect.scoped)
  )

  it.live("a server of its own that ends lets requests finish that have begun, and answers others 503", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const may = Latch.makeUnsafe(false)
      const slow = HttpRouter.add(
        "GET",
        "/slow",
        Effect.andThen(Deferred.succeed(begun, undefined), Effect.as(may.await, HttpServerResponse.text("done")))
      )
      const { end, port } = yield* running(live({ routes: slow }))
      const answer = yield* Effect.forkChild(ask(port, "/slow"), { startImmediately: true })
      yield* Deferred.await(begun)
      const ending = yield* Effect.forkChild(end, { startImmediately: true })
      const refused = yield* ask(port, "/slow")
      assert.deepInclude({ status: refused.status, ...refused.headers }, { status: 503, "retry-after": "1" })
      assert.strictEqual((yield* knock(`ws://127.0.0.1:${port}/api/live/rpc`)).status, 503)
      assert.isUndefined(ending.pollUnsafe())
      yield* may.open
      assert.strictEqual((yield* Fiber.join(answer)).status, 200)
      yield* Fiber.join(ending)
    }).pipe(Effect.scoped)
  )

  it.live("a server of its own that ends does not wait longer for a request than drainTimeout says", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const stuck = HttpRouter.add("GET", "/stuck", Effect.andThen(Deferred.succeed(begun, undefined), Effect.never))
      const config = LiveConfig.layer({ drainTimeout: "200 millis" })
      const { end, port } = yield* running(live({ routes: stuck }).pipe(Layer.provide(config)))
      yield* Effect.forkChild(ask(port, "/stuck"), { startImmediately: true })
      yield* Deferred.await(begun)
      assert.isTrue(Option.isSome(yield* Effect.timeoutOption(end, "5 seconds")))
    }).pipe(Effect.scoped)
  )
})
