/** Whoever is refused is gone: real sockets, of clients that never close theirs and read only when it is said. */
import { createServer } from "node:http"
import { connect as connectTcp, type Socket } from "node:net"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Logger, Metric, type Scope } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { Socket as EffectSocket } from "effect/socket"
import { Authentication, LiveConfig, LiveServer } from "fibra/server"
import { WebSocket } from "ws"
import { behaviors, components } from "../../support/Lab.ts"

/** Where the server listens, and how many connections Node's own server below has. */
class Listening extends Context.Service<
  Listening,
  { readonly port: number; readonly connections: Effect.Effect<number> }
>()("test/Listening") {}

const authentication = Authentication.layer(({ headers }) => {
  switch (headers["x-account"]) {
    case "nobody":
      return Effect.fail(new Authentication.Unauthorized({}))
    case "banned":
      return Effect.fail(new Authentication.Forbidden({}))
    case "slow":
      return Effect.never
    case "poison":
      return Effect.die(new Error("poison"))
    default:
      return Effect.undefined
  }
})

/** Routes of somebody else, on the same router: one that answers, one that echoes over a WebSocket. */
const others = HttpRouter.use((router) =>
  Effect.gen(function* () {
    yield* router.add("GET", "/hello", HttpServerResponse.text("hello"))
    yield* router.add(
      "GET",
      "/echo",
      Effect.gen(function* () {
        const socket = yield* (yield* HttpServerRequest.HttpServerRequest).upgrade
        const pull = yield* EffectSocket.readerString(socket)
        const { write } = yield* socket.writer
        yield* Effect.ignore(Effect.forever(Effect.flatMap(pull, (texts) => Effect.forEach(texts, write))))
        return HttpServerResponse.empty()
      }).pipe(Effect.scoped, Effect.orDie)
    )
  })
)

const served = (config: Partial<LiveConfig.Settings> = {}) =>
  Layer.unwrap(
    Effect.sync(() => {
      const server = createServer()
      const listening = Layer.sync(Listening, () => ({
        port: (server.address() as { readonly port: number }).port,
        connections: Effect.callback<number>((resume) => {
          server.getConnections((_, count) => resume(Effect.succeed(count)))
        })
      }))
      return Layer.merge(LiveServer.layer({ components }), others).pipe(
        (app) => HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }),
        Layer.merge(listening),
        Layer.provide(
          NodeHttpServer.layer(() => server, { port: 0, host: "127.0.0.1", disablePreemptiveShutdown: true })
        ),
        Layer.provide([behaviors, authentication, LiveConfig.layer(config), Logger.layer([])])
      )
    })
  )

/** A client that says this and never ends its side. */
interface Clinging {
  readonly socket: Socket
  /** Waits until the server has ended its side, and gives what came. */
  readonly ended: Effect.Effect<string>
}

const cling = (port: number, text: string): Effect.Effect<Clinging, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Clinging>((resume) => {
      const socket: Socket = connectTcp({ port, host: "127.0.0.1", allowHalfOpen: true }, () => {
        if (text !== "") socket.write(text)
        resume(Effect.succeed({ socket, ended }))
      })
      let said = ""
      const ended = Effect.callback<string>((resume) => {
        const done = () => resume(Effect.succeed(said))
        if (socket.readableEnded || socket.destroyed) done()
        socket.on("end", done)
        socket.on("close", done)
        socket.on("data", (data) => void (said += data.toString()))
      })
      socket.on("error", () => {})
    }),
    ({ socket }) => Effect.sync(() => socket.destroy())
  )

const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
const handshake = ["Upgrade: websocket", "Connection: Upgrade", key, "Sec-WebSocket-Version: 13"]
const request = (line: string, ...headers: ReadonlyArray<string>) =>
  [`${line} HTTP/1.1`, "Host: localhost", ...headers, "", ""].join("\r\n")
const upgrade = (path: string, ...headers: ReadonlyArray<string>) => request(`GET ${path}`, ...handshake, ...headers)

const path = "/api/live/rpc"

/** As many as there are: all of them are gone. */
const none = Effect.flatMap(Listening, ({ connections }) =>
  Effect.repeat(Effect.delay(connections, "5 millis"), { until: (count) => count === 0 })
)

const refusals: ReadonlyArray<readonly [what: string, said: string, status: number]> = [
  ["an upgrade of somebody who does not say who they are", upgrade(path, "X-Account: nobody"), 401],
  ["an upgrade of somebody who may not connect", upgrade(path, "X-Account: banned"), 403],
  ["an upgrade from a page of another origin", upgrade(path, "Origin: https://evil.example"), 403],
  ["an upgrade to a path that nobody serves", upgrade("/nothing"), 404],
  ["an upgrade by POST", request(`POST ${path}`, ...handshake, "Content-Length: 5"), 404],
  ["an upgrade to a WebSocket of version 8", upgrade(path).replace("Version: 13", "Version: 8"), 400],
  ["an upgrade without a key", upgrade(path).replace("Key: ", "Kex: "), 400],
  ["an upgrade with sub-protocols that are none", upgrade(path, "Sec-WebSocket-Protocol: ,,"), 400],
  ["an upgrade to something else", request(`GET ${path}`, "Upgrade: h2c", "Connection: Upgrade"), 426],
  [
    "an upgrade to something else, with a body",
    request(`GET ${path}`, "Upgrade: x", "Connection: Upgrade", "Transfer-Encoding: chunked"),
    411
  ],
  ["an upgrade that Authentication is too slow for", upgrade(path, "X-Account: slow"), 503],
  ["an upgrade that Authentication fails at", upgrade(path, "X-Account: poison"), 500],
  ["a request that is no upgrade", request(`GET ${path}`), 426],
  ["a POST whose body does not come", request(`POST ${path}`, "Content-Length: 1000000"), 404],
  ["a request to a path that nobody serves", request("GET /nothing"), 404],
  ["a thousand requests in one packet, to a path that nobody serves", request("GET /nothing").repeat(1000), 404],
  ["a request, and an upgrade in the same packet", request("GET /nothing") + upgrade(path), 404],
  ["an upgrade and a thousand frames in the same packet", upgrade("/nothing") + "\x81\x80abcd".repeat(1000), 404]
]

layer(served({ authenticationTimeout: Duration.millis(50), maxConnectionsPerAddress: 5 }), {
  excludeTestServices: true
})("who is refused", (it) => {
  for (const [what, said, status] of refusals) {
    it.effect(`${what} is answered ${status}, and its socket is gone even when the client keeps it open`, () =>
      Effect.gen(function* () {
        const { port } = yield* Listening
        const clients = yield* Effect.forEach(Array.from({ length: 5 }), () => cling(port, said), { concurrency: 5 })
        for (const { ended } of clients) {
          assert.strictEqual((yield* ended).split(" ")[1], String(status))
        }
        yield* none
      }).pipe(Effect.scoped)
    )

    it.effect(`${what} is gone even when the client does not read the answer`, () =>
      Effect.gen(function* () {
        const { port } = yield* Listening
        yield* Effect.forEach(Array.from({ length: 5 }), () => cling(port, said), { concurrency: 5 })
        yield* none
      }).pipe(Effect.scoped)
    )
  }

  for (const [who, second] of [
    ["nobody may make", upgrade(path, "X-Account: nobody")],
    ["anybody may make", upgrade(path)],
    ["nobody serves", upgrade("/nothing")]
  ] as const) {
    it.effect(`a connection that sends a request, and in the same packet an upgrade that ${who}, is gone`, () =>
      Effect.gen(function* () {
        const { port } = yield* Listening
        // As many as there may be of one address, and one more.
        for (let turn = 0; turn < 4; turn++) {
          const { ended } = yield* cling(port, request("GET /hello") + second)
          assert.include(yield* ended, "HTTP/1.1 200 OK")
          yield* none
        }
        const { socket } = yield* cling(port, upgrade(path))
        yield* Effect.callback<void>((resume) => void socket.once("data", () => resume(Effect.void)))
      }).pipe(Effect.scoped, Effect.andThen(none))
    )
  }

  it.effect("refusals are counted by status, whoever refused", () =>
    Effect.gen(function* () {
      const { port } = yield* Listening
      const counts = Effect.map(Metric.snapshot, (metrics) =>
        Object.fromEntries(
          metrics
            .filter(({ id }) => id === "fibra_upgrades_refused")
            .map(({ attributes, state }) => [attributes?.["status"], (state as { readonly count: number }).count])
        )
      )
      const before = yield* counts
      for (const [, said] of refusals) yield* (yield* cling(port, said)).ended
      yield* none
      const after = yield* counts
      const counted: Record<string, number> = {}
      for (const [what, , status] of refusals) {
        // What Effect's server refuses by itself is not counted.
        if (status === 411) continue
        const counts = what.startsWith("an upgrade") ? status : what.includes("upgrade in") ? 400 : undefined
        if (counts !== undefined) counted[counts] = (counted[counts] ?? 0) + 1
      }
      for (const [status, count] of Object.entries(counted)) {
        assert.strictEqual((after[status] ?? 0) - (before[status] ?? 0), count, `status ${status}`)
      }
    }).pipe(Effect.scoped)
  )

  it.effect("refusals do not disturb what others serve on the same router", () =>
    Effect.gen(function* () {
      const { port } = yield* Listening
      const { ended, socket } = yield* cling(
        port,
        request("GET /hello").repeat(2) + request("GET /hello", "Connection: close")
      )
      assert.lengthOf((yield* ended).match(/HTTP\/1\.1 200 OK/g) ?? [], 3)
      socket.destroy()
      const echo = yield* Effect.acquireRelease(
        Effect.sync(() => new WebSocket(`ws://127.0.0.1:${port}/echo`)),
        (ws) => Effect.sync(() => ws.terminate())
      )
      yield* Effect.callback<void>((resume) => void echo.on("open", () => resume(Effect.void)))
      for (const word of ["one", "two"]) {
        const heard = yield* Effect.callback<string>((resume) => {
          echo.once("message", (data: Buffer) => resume(Effect.succeed(data.toString())))
          echo.send(word)
        })
        assert.strictEqual(heard, word)
      }
      const code = yield* Effect.callback<number>((resume) => {
        echo.on("close", (code) => resume(Effect.succeed(code)))
        echo.close(1000)
      })
      assert.strictEqual(code, 1000)
    }).pipe(Effect.scoped)
  )
})

for (const [limit, config, status] of [
  ["address", { maxConnectionsPerAddress: 1 }, 429],
  ["server", { maxConnections: 1 }, 503]
] as const) {
  layer(served(config), { excludeTestServices: true })(`one too many for the ${limit}`, (it) => {
    it.effect(`one too many for the ${limit} is answered ${status}, and its socket is gone`, () =>
      Effect.gen(function* () {
        const { connections, port } = yield* Listening
        yield* cling(port, upgrade(path))
        const clients = yield* Effect.forEach(Array.from({ length: 5 }), () => cling(port, upgrade(path)))
        for (const { ended } of clients) assert.include(yield* ended, `HTTP/1.1 ${status}`)
        yield* Effect.repeat(Effect.delay(connections, "5 millis"), { until: (count) => count === 1 })
      }).pipe(Effect.scoped)
    )
  })
}
