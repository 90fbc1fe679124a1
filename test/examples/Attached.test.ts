/** docs/configuration.md: components within a server that is there already. Real frameworks, real sockets. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer, get, type RequestListener, type Server } from "node:http"
import * as Http2 from "node:http2"
import * as Https from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { serve } from "@hono/node-server"
import { assert, describe, it } from "@effect/vitest"
import { Cause, ConfigProvider, Effect, Exit, Layer, Logger, Option, type Scope } from "effect"
import { Socket } from "effect/socket"
import { LiveClient, StateCache } from "fibra/client"
import * as Link from "../../src/client/Link.ts"
import { LiveConfig, LiveServer } from "fibra/server"
import express from "express"
import fastify from "fastify"
import { Hono } from "hono"
import { createServer as createVite } from "vite"
import { WebSocket } from "ws"
import { Counter } from "../../examples/counter/Counter.ts"
import { CounterLayer } from "../../examples/counter/CounterLayer.ts"
import { knock } from "../support/Handshake.ts"
import { selfSigned } from "../support/Tls.ts"

const options = { components: [Counter], layers: Layer.merge(CounterLayer, Logger.layer([])) } as const

/** A server of a framework, with the components in it. */
interface Application {
  readonly port: number
  /** Ends the components, and then the server. */
  readonly close: () => Promise<void>
}

const portOf = (server: { readonly address: () => unknown }) => (server.address() as AddressInfo).port

const listening = (server: Server) =>
  new Promise<void>((resolve) => void (server.listening ? resolve() : server.once("listening", () => resolve())))

const closed = (server: { readonly close: (done: () => void) => unknown }) =>
  new Promise<void>((resolve) => void server.close(() => resolve()))

const withExpress = async (): Promise<Application> => {
  // #region express
  const app = express()
  app.get("/hello", (_, response) => void response.send("hello"))
  const server = app.listen(0, "127.0.0.1")

  const live = await LiveServer.attach(server, { components: [Counter], layers: CounterLayer })

  const close = async () => {
    await live.close() // first: the server waits until nobody is connected
    server.close()
  }
  // #endregion express
  await listening(server)
  return { port: portOf(server), close }
}

const withFastify = async (): Promise<Application> => {
  // #region fastify
  const app = fastify()
  app.get("/hello", () => "hello")

  const live = await LiveServer.attach(app.server, { components: [Counter], layers: CounterLayer })
  app.addHook("preClose", () => live.close())

  await app.listen({ port: 0, host: "127.0.0.1" })
  // #endregion fastify
  return { port: portOf(app.server), close: async () => void (await app.close()) }
}

const withHono = async (): Promise<Application> => {
  // #region hono
  const app = new Hono()
  app.get("/hello", (context) => context.text("hello"))
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" })

  const live = await LiveServer.attach(server, { components: [Counter], layers: CounterLayer })
  // #endregion hono
  await listening(server as Server)
  return {
    port: portOf(server),
    close: async () => {
      await live.close()
      await closed(server)
    }
  }
}

const withVite = (root: string) => async (): Promise<Application> => {
  // #region vite
  const app = express()
  app.get("/hello", (_, response) => void response.send("hello"))
  const server = createServer(app)

  const vite = await createVite({ root, server: { middlewareMode: true, hmr: { server } } })
  app.use(vite.middlewares)
  const live = await LiveServer.attach(server, { components: [Counter], layers: CounterLayer })

  server.listen(0, "127.0.0.1")
  // #endregion vite
  await listening(server)
  return {
    port: portOf(server),
    close: async () => {
      await live.close()
      await vite.close()
      await closed(server)
    }
  }
}

const running = (start: () => Promise<Application>): Effect.Effect<Application, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.promise(start), ({ close }) => Effect.promise(close))

const ask = (port: number, path: string, headers: Readonly<Record<string, string>> = {}) =>
  Effect.callback<readonly [status: number | undefined, text: string]>((resume) => {
    get({ port, host: "127.0.0.1", path, headers: { connection: "close", ...headers } }, (response) => {
      let text = ""
      response.on("data", (data) => (text += data))
      response.on("end", () => resume(Effect.succeed([response.statusCode, text])))
    })
  })

/** Mounts a counter, and counts. */
const counted = (port: number) =>
  Effect.gen(function* () {
    const client = yield* LiveClient
    const counter = yield* client.mount(Counter, { props: { start: 40 } })
    return yield* counter.call.Increment({ by: 2 })
  }).pipe(
    Effect.scoped,
    Effect.provide(LiveClient.layerWebSocket({ url: `ws://127.0.0.1:${port}/api/live/rpc` }), { local: true })
  )

const folder = Effect.acquireRelease(
  Effect.promise(async () => {
    const root = await mkdtemp(join(tmpdir(), "fibra-vite-"))
    await writeFile(join(root, "index.html"), `<title>Page</title><script type="module" src="./page.ts"></script>`)
    await writeFile(join(root, "page.ts"), `export const count: number = 1`)
    return root
  }),
  (root) => Effect.promise(() => rm(root, { recursive: true, force: true }))
)

const frameworks: ReadonlyArray<
  readonly [name: string, start: Effect.Effect<() => Promise<Application>, never, Scope.Scope>]
> = [
  ["Express", Effect.succeed(withExpress)],
  ["Fastify", Effect.succeed(withFastify)],
  ["Hono", Effect.succeed(withHono)],
  ["Vite's dev server", Effect.map(folder, withVite)]
]

describe("components within a server that is there already", () => {
  for (const [name, start] of frameworks) {
    it.live(
      `a component is mounted and called within ${name}, whose own routes are answered as before`,
      () =>
        Effect.gen(function* () {
          const { close, port } = yield* running(yield* start)
          assert.strictEqual(yield* counted(port), 42)
          assert.deepStrictEqual(yield* ask(port, "/hello"), [200, "hello"])
          // Below the path it is ours; also what is refused.
          assert.strictEqual((yield* ask(port, "/api/live/rpc"))[0], 426)
          assert.strictEqual((yield* ask(port, "/api/live/else"))[0], 404)
          assert.strictEqual((yield* knock(`ws://127.0.0.1:${port}/api/live/else`)).status, 404)
          const foreign = { headers: { origin: "https://evil.example" } }
          assert.strictEqual((yield* knock(`ws://127.0.0.1:${port}/api/live/rpc`, foreign)).status, 403)
          // Java's HttpClient asks for HTTP/2 with every request. Vite has a listener for upgrades, and leaves it waiting.
          const upgrade = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "" }
          if (!name.startsWith("Vite")) assert.deepStrictEqual(yield* ask(port, "/hello", upgrade), [200, "hello"])
          // Nothing is left that would keep the server open.
          const open = yield* knock(`ws://127.0.0.1:${port}/api/live/rpc`)
          yield* Effect.promise(close)
          assert.strictEqual(yield* open.closed, 1001)
        }).pipe(Effect.scoped),
      30_000
    )
  }

  it.live(
    "Vite's page and its socket for hot updates are Vite's, and it tells of a change",
    () =>
      Effect.gen(function* () {
        const root = yield* folder
        const { port } = yield* running(withVite(root))
        assert.include((yield* ask(port, "/", { accept: "text/html" }))[1], "/@vite/client")
        assert.include((yield* ask(port, "/page.ts"))[1], "export const count = 1")
        const [, client] = yield* ask(port, "/@vite/client")
        const token = /wsToken = "([^"]+)"/.exec(client)?.[1]
        const messages: Array<string> = []
        yield* Effect.acquireRelease(
          Effect.callback<WebSocket>((resume) => {
            const socket = new WebSocket(`ws://127.0.0.1:${port}/?token=${token}`, "vite-hmr")
            socket.on("message", (data: Buffer) => {
              messages.push(data.toString())
              if (messages.length === 1) resume(Effect.succeed(socket))
            })
          }),
          (socket) => Effect.sync(() => socket.terminate())
        )
        assert.include(messages[0], `"connected"`)
        // Beside it, on the same server.
        assert.strictEqual(yield* counted(port), 42)
        yield* Effect.promise(() => writeFile(join(root, "page.ts"), `export const count: number = 2`))
        yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => messages.length > 1 })
        assert.match(messages[1] ?? "", /"(full-reload|update)"/)
      }).pipe(Effect.scoped),
    30_000
  )

  it.live("what is below the path is theirs, and what only begins like it is not", () =>
    Effect.gen(function* () {
      const { port } = yield* running(async () => {
        const server = createServer((_, response) => void response.end("hello"))
        const live = await LiveServer.attach(server, options)
        await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", () => resolve()))
        return { port: portOf(server), close: () => live.close().then(() => closed(server)) }
      })
      for (const path of ["/", "/api", "/api/liv", "/api/lively", "/api/live-else/health", "/other/api/live/health"]) {
        assert.deepStrictEqual(yield* ask(port, path), [200, "hello"], path)
      }
      for (const path of ["/api/live", "/api/live?", "/api/live/", "/api/live/else"]) {
        assert.strictEqual((yield* ask(port, path))[0], 404, path)
      }
      assert.include((yield* ask(port, "/api/live/health?now"))[1], `"operational"`)
    }).pipe(Effect.scoped)
  )

  it.live("a variable that nobody reads is said, as by a server of its own", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String([message].flat()[0])))
      const environment = ConfigProvider.layer(ConfigProvider.fromEnv({ env: { FIBRA_RATTE: "20" } }))
      const layers = Layer.mergeAll(CounterLayer, Logger.layer([logger]), environment)
      const live = yield* Effect.promise(() => LiveServer.attach(createServer(), { ...options, layers }))
      yield* Effect.promise(live.close)
      assert.include(lines.join("\n"), "FIBRA_RATTE (is FIBRA_RATE meant?)")
    })
  )

  it.live("components that cannot be served reject the promise, and leave the server as it was", () =>
    Effect.gen(function* () {
      const server = createServer()
      const { emit } = server
      const failing = Layer.merge(options.layers, Layer.effectDiscard(Effect.fail("no database")))
      const exit = yield* Effect.exit(Effect.promise(() => LiveServer.attach(server, { ...options, layers: failing })))
      assert.strictEqual(Exit.isFailure(exit) && Cause.squash(exit.cause), "no database")
      assert.strictEqual(server.emit, emit)
      const live = yield* Effect.promise(() => LiveServer.attach(server, options))
      assert.notStrictEqual(server.emit, emit)
      yield* Effect.promise(live.close)
      yield* Effect.promise(live.close)
      assert.strictEqual(server.emit, emit)
    })
  )

  it.live("components are closed within drainTimeout, though the finalizer of a layer hangs", () =>
    Effect.gen(function* () {
      const hanging = Layer.effectDiscard(Effect.addFinalizer(() => Effect.never))
      const layers = Layer.mergeAll(options.layers, hanging, LiveConfig.layer({ drainTimeout: "200 millis" }))
      const live = yield* Effect.promise(() => LiveServer.attach(createServer(), { ...options, layers }))
      assert.isTrue(Option.isSome(yield* Effect.timeoutOption(Effect.promise(live.close), "10 seconds")))
    })
  )
})

/** What is answered to a GET over HTTP/2. */
const askOverHttp2 = (port: number, path: string) =>
  Effect.callback<readonly [status: number | undefined, text: string]>((resume) => {
    const session = Http2.connect(`https://127.0.0.1:${port}`, { ca: selfSigned.cert })
    session.on("error", (error) => resume(Effect.die(error)))
    const stream = session.request({ ":path": path })
    let status: number | undefined
    let text = ""
    stream.on("response", (headers) => void (status = headers[":status"]))
    stream.setEncoding("utf8").on("data", (data: string) => void (text += data))
    stream.on("error", (error) => resume(Effect.die(error)))
    stream.on("end", () => resume(Effect.sync(() => (session.close(), [status, text] as const))))
    return Effect.sync(() => session.destroy())
  })

describe("components within a server that speaks TLS", () => {
  const hello: RequestListener = (_, response) => void response.end("hello")
  const servers: ReadonlyArray<readonly [name: string, make: () => Https.Server | Http2.Http2SecureServer]> = [
    ["HTTPS", () => Https.createServer(selfSigned, hello)],
    [
      "HTTP/2 that allows HTTP/1.1",
      () => Http2.createSecureServer({ ...selfSigned, allowHTTP1: true }, hello as unknown as () => void)
    ]
  ]
  for (const [name, make] of servers) {
    it.live(`a component is mounted and called over ${name}, whose own routes are answered as before`, () =>
      Effect.gen(function* () {
        const { close, port } = yield* running(async () => {
          const server = make()
          const live = await LiveServer.attach(server, options)
          await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", () => resolve()))
          return {
            port: portOf(server),
            close: async () => {
              await live.close()
              await closed(server)
            }
          }
        })
        const url = `wss://127.0.0.1:${port}/api/live/rpc`
        const made = (url: string) => new WebSocket(url, { ca: selfSigned.cert }) as unknown as globalThis.WebSocket
        const count = yield* Effect.gen(function* () {
          const counter = yield* (yield* LiveClient).mount(Counter, { props: { start: 40 } })
          return yield* counter.call.Increment({ by: 2 })
        }).pipe(
          Effect.scoped,
          Effect.provide(
            LiveClient.layer().pipe(
              Layer.provide(Link.layerWebSocket({ url })),
              Layer.provide(Layer.succeed(Socket.WebSocketConstructor, made)),
              Layer.provide(StateCache.layerMemory)
            )
          )
        )
        assert.strictEqual(count, 42)
        const open = yield* knock(url, { ca: selfSigned.cert })
        assert.strictEqual(open.status, 101)
        const foreign = { headers: { origin: "https://evil.example" }, ca: selfSigned.cert }
        assert.strictEqual((yield* knock(url, foreign)).status, 403)
        if (name.startsWith("HTTP/2")) {
          assert.deepStrictEqual(yield* askOverHttp2(port, "/hello"), [200, "hello"])
          for (const [path, status] of [
            ["health", 200],
            ["stats", 200],
            ["rpc", 426],
            ["else", 404]
          ] as const) {
            assert.strictEqual((yield* askOverHttp2(port, `/api/live/${path}`))[0], status, path)
          }
        }
        yield* Effect.promise(close)
        assert.strictEqual(yield* open.closed, 1001)
      }).pipe(Effect.scoped)
    )
  }

  it.live("a server that speaks HTTP/2 alone is refused, with what to do instead", () =>
    Effect.gen(function* () {
      for (const server of [Http2.createSecureServer(selfSigned), Http2.createServer()]) {
        const exit = yield* Effect.exit(Effect.promise(() => LiveServer.attach(server, options)))
        assert.match(String(Exit.isFailure(exit) && Cause.squash(exit.cause)), /HTTP\/2 alone.*allowHTTP1: true/)
      }
    })
  )
})
