/** How much one client, one address and all together may ask of a server: real sockets, and virtual time where time matters. */
import { createServer } from "node:http"
import { connect as connectTcp, type Socket } from "node:net"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Duration, Effect, Exit, Fiber, Layer, Logger } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { TestClock } from "effect/testing"
import { LiveClient } from "fibra/client"
import { Authentication, LiveConfig, LiveServer } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { type Answer, knock, type Request, request } from "../../support/Handshake.ts"
import { behaviors, components, Lab } from "../../support/Lab.ts"
import { connect, type RawSocket } from "../../support/RawSocket.ts"
import { Address, client, served } from "../../support/server.ts"

const configured = (config: Partial<LiveConfig.Settings>) => served.pipe(Layer.provide(LiveConfig.layer(config)))

/** Opens so many, which are all let in. */
const crowd = (url: string, count: number, asked?: Request) =>
  Effect.forEach(Array.from({ length: count }), () =>
    Effect.tap(knock(url, asked), ({ status }) => Effect.sync(() => assert.strictEqual(status, 101)))
  )

/** A place that was given back is there at once, or a little later: a socket closes in its own time. */
const finally101 = (url: string, asked?: Request) =>
  Effect.repeat(
    Effect.tap(knock(url, asked), () => TestClock.withLive(Effect.sleep("2 millis"))),
    { until: ({ status }) => status === 101 }
  )

const refusedWith = ({ headers, status, text }: Answer) => ({ status, retryAfter: headers["retry-after"], text })

layer(configured({ maxConnections: 3 }))("a server with as many connections as it takes", (it) => {
  it.effect("a server with its maximum of connections answers 503, and admits one more for each that goes", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      const [first] = yield* crowd(url, 3)
      const { retryAfter, status, text } = refusedWith(yield* knock(url))
      assert.deepStrictEqual([status, retryAfter], [503, "5"])
      assert.include(text, "The server is full.")
      yield* first?.close ?? Effect.void
      yield* finally101(url)
      assert.strictEqual((yield* knock(url)).status, 503)
    }).pipe(Effect.scoped)
  )
})

/** Who says who they are is believed. */
const trusting = Authentication.layer(({ headers }) =>
  headers["x-account"] === "nobody"
    ? Effect.fail(new Authentication.Unauthorized({}))
    : Effect.succeed(headers["x-account"] === undefined ? undefined : { id: headers["x-account"] })
)

layer(configured({ maxConnections: 2 }).pipe(Layer.provide(trusting)))("requests that come to nothing", (it) => {
  it.effect("requests that are refused, mistaken or no upgrade take up no place", () =>
    Effect.gen(function* () {
      const { port, url } = yield* Address
      for (let turn = 0; turn < 5; turn++) {
        assert.strictEqual((yield* knock(url, { headers: { "x-account": "nobody" } })).status, 401)
        assert.strictEqual((yield* knock(url, { headers: { origin: "https://evil.example" } })).status, 403)
        assert.include(yield* said(yield* tcp(port, mistaken)), "400 Bad Request")
        yield* Effect.promise(() => fetch(url.replace("ws:", "http:")).then((response) => response.text()))
      }
      yield* crowd(url, 2)
    }).pipe(Effect.scoped)
  )

  it.effect("half-open connections take up no place", () =>
    Effect.gen(function* () {
      const { port, url } = yield* Address
      const half = yield* Effect.forEach(
        ["", "GET /api/live/rpc HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n", "GET"],
        (text) => Effect.forEach(Array.from({ length: 20 }), () => tcp(port, text))
      )
      assert.lengthOf(half.flat(), 60)
      yield* finally101(url)
      yield* finally101(url)
      assert.strictEqual((yield* knock(url)).status, 503)
    }).pipe(Effect.scoped)
  )
})

/** A TCP connection that says this and no more. */
const tcp = (port: number, text: string) =>
  Effect.acquireRelease(
    Effect.callback<Socket>((resume) => {
      const socket = connectTcp(port, "127.0.0.1", () => {
        if (text !== "") socket.write(text)
        resume(Effect.succeed(socket))
      })
      socket.on("error", () => {})
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

/** What comes until the end. */
const said = (socket: Socket) =>
  Effect.callback<string>((resume) => {
    let text = ""
    socket.on("data", (data) => void (text += data.toString()))
    socket.on("close", () => resume(Effect.succeed(text)))
  })

/** An upgrade to a WebSocket of another time. */
const mistaken =
  "GET /api/live/rpc HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 7\r\n\r\n"

describe("half-open connections", () => {
  it.live("half-open connections are closed by the timeouts of Node, where the server has some", () =>
    Effect.gen(function* () {
      const defaults = createServer()
      assert.deepStrictEqual([defaults.headersTimeout, defaults.requestTimeout], [60_000, 300_000])
      const http = NodeHttpServer.layer(
        () => createServer({ headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20 }),
        { port: 0, host: "127.0.0.1" }
      )
      const app = LiveServer.layer({ components }).pipe(Layer.provide(behaviors))
      const context = yield* Layer.build(
        HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }).pipe(Layer.provideMerge(http))
      )
      const { address } = Context.get(context, HttpServer.HttpServer)
      const port = "port" in address ? address.port : 0
      const ended = (text: string) =>
        Effect.flatMap(tcp(port, text), (socket) =>
          Effect.callback<void>((resume) => {
            socket.resume()
            socket.on("close", () => resume(Effect.void))
          })
        )
      const open = yield* connect(`ws://127.0.0.1:${port}/api/live/rpc`)
      for (let turn = 0; turn < 2; turn++) {
        yield* ended("")
        yield* ended("GET /api/live/rpc HTTP/1.1\r\nUpgrade: websocket\r\n")
      }
      // One that is open is nothing of Node's any more, though it is older than all of these.
      open.send(request(1, "Ping", null))
      assert.deepNestedInclude(yield* open.answer(1), { "exit._tag": "Success" })
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )
})

layer(configured({ maxConnectionsPerAddress: 2 }))("an address with as many connections as it may have", (it) => {
  it.effect("an address with its maximum of connections is answered 429, others are admitted", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      const [first] = yield* crowd(url, 2)
      const { retryAfter, status, text } = refusedWith(yield* knock(url))
      assert.deepStrictEqual([status, retryAfter], [429, "5"])
      assert.include(text, "your address")
      assert.strictEqual((yield* knock(url, { headers: { "x-forwarded-for": "203.0.113.7" } })).status, 429)
      assert.strictEqual((yield* knock(url, { localAddress: "127.0.0.2" })).status, 101)
      yield* first?.close ?? Effect.void
      yield* finally101(url)
    }).pipe(Effect.scoped)
  )
})

layer(configured({ maxConnectionsPerAddress: 2, trustedProxies: 1 }))("a server behind a proxy", (it) => {
  it.effect("a server behind a proxy counts the addresses that the proxy reports", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      const from = (address: string) => ({ headers: { "x-forwarded-for": `10.0.0.1, ${address}` } })
      yield* crowd(url, 2, from("203.0.113.7"))
      assert.strictEqual((yield* knock(url, from("203.0.113.7"))).status, 429)
      yield* crowd(url, 2, from("203.0.113.8"))
    }).pipe(Effect.scoped)
  )
})

layer(configured({ maxConnectionsPerPrincipal: 2 }).pipe(Layer.provide(trusting)))(
  "a principal with as many connections as it may have",
  (it) => {
    it.effect("a principal with its maximum of connections is answered 429, and nobody else is", () =>
      Effect.gen(function* () {
        const { url } = yield* Address
        const as = (account: string) => ({ headers: { "x-account": account } })
        const [first] = yield* crowd(url, 2, as("ada"))
        const { retryAfter, status, text } = refusedWith(yield* knock(url, as("ada")))
        assert.deepStrictEqual([status, retryAfter], [429, "5"])
        assert.include(text, "You have too many connections.")
        yield* crowd(url, 2, as("bob"))
        yield* crowd(url, 3)
        yield* first?.close ?? Effect.void
        yield* finally101(url, as("ada"))
      }).pipe(Effect.scoped)
    )
  }
)

/** Mounts a lab by hand. */
const mounted = Effect.fnUntraced(function* (socket: RawSocket, key?: string) {
  socket.send(request(0, "Mount", { component: "Lab", props: { start: 0 }, ...(key === undefined ? {} : { key }) }))
  const { exit } = (yield* socket.answer(0)) as {
    readonly exit?: { readonly value?: { readonly componentId: string } }
  }
  return exit?.value?.componentId ?? ""
})

const add = (id: number, componentId: string) => request(id, "Call", { componentId, action: "Add", payload: { by: 1 } })

/** What became of it: the answer, or why there is none. */
const outcome = (answer: unknown): unknown => {
  const { exit } = answer as {
    readonly exit: {
      readonly value?: unknown
      readonly cause?: ReadonlyArray<{ readonly error: { readonly reason: unknown } }>
    }
  }
  return exit.cause?.[0]?.error.reason ?? exit.value
}

layer(configured({ rate: 10, rateBurst: 5, rateTolerance: 8 }))("a client that sends more than it may", (it) => {
  it.effect("a client that sends too much is told when to try again; a pause restores its allowance", () =>
    Effect.gen(function* () {
      const socket = yield* connect((yield* Address).url)
      const id = yield* mounted(socket)
      // In one frame: messages count, not frames.
      socket.send(Array.from({ length: 8 }, (_, index) => add(index + 1, id)))
      const outcomes = yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], (id) => Effect.map(socket.answer(id), outcome))
      const limited = (retryAfter: number) => ({ _tag: "RateLimited", retryAfter })
      assert.deepStrictEqual(outcomes, [1, 2, 3, 4, 5, limited(100), limited(200), limited(300)])
      yield* TestClock.adjust("99 millis")
      socket.send(add(18, id))
      assert.deepInclude(outcome(yield* socket.answer(18)), { _tag: "RateLimited" })
      yield* TestClock.adjust("1 millis")
      socket.send(add(9, id))
      assert.strictEqual(outcome(yield* socket.answer(9)), 6)
      yield* TestClock.adjust("10 seconds")
      socket.send(Array.from({ length: 6 }, (_, index) => add(index + 10, id)))
      const later = yield* Effect.forEach([10, 11, 12, 13, 14, 15], (id) => Effect.map(socket.answer(id), outcome))
      assert.deepStrictEqual(later, [7, 8, 9, 10, 11, limited(100)])
    }).pipe(Effect.scoped)
  )

  it.effect("mounts do not count as messages, and unmounting what is mounted is free", () =>
    Effect.gen(function* () {
      const socket = yield* connect((yield* Address).url)
      const ids = Array.from({ length: 60 }, (_, index) => index + 1)
      socket.send(ids.map((id) => request(id, "Mount", { component: "Lab", props: { start: 0 } })))
      const mounts = yield* Effect.forEach(ids, (id) => Effect.map(socket.answer(id), outcome))
      const componentIds = mounts.map((mounted) => (mounted as { readonly componentId: string }).componentId)
      const [first = ""] = componentIds
      const unmount = (id: number, componentId: string) => request(id, "Unmount", { componentId })
      // Nothing came back meanwhile: the messages are those of the burst.
      socket.send(Array.from({ length: 6 }, (_, index) => add(index + 101, first)))
      const sums = yield* Effect.forEach([101, 102, 103, 104, 105, 106], (id) => Effect.map(socket.answer(id), outcome))
      assert.deepStrictEqual(sums, [1, 2, 3, 4, 5, { _tag: "RateLimited", retryAfter: 100 }])
      socket.send(componentIds.map((componentId, index) => unmount(index + 201, componentId)))
      for (const id of ids) {
        assert.deepNestedInclude(yield* socket.answer(id + 200), { "exit._tag": "Success" })
      }
      // What is not mounted any more counts.
      socket.send(unmount(301, first))
      assert.deepInclude(outcome(yield* socket.answer(301)), { _tag: "RateLimited" })
    }).pipe(Effect.scoped)
  )

  it.effect("a client that keeps sending too much is closed with 1008, and others are not", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      const [greedy, other] = [yield* connect(url), yield* connect(url)]
      for (let id = 1; id <= 13; id++) greedy.send(add(id, "none"))
      assert.deepInclude(outcome(yield* greedy.answer(13)), { _tag: "RateLimited", retryAfter: 800 })
      greedy.send(add(14, "none"))
      assert.strictEqual(yield* greedy.closed, 1008)
      other.send(request(1, "Ping", null))
      assert.deepNestedInclude(yield* other.answer(1), { "exit._tag": "Success" })
    }).pipe(Effect.scoped)
  )

  it.effect("messages that are not valid count as messages, too", () =>
    Effect.gen(function* () {
      const socket = yield* connect((yield* Address).url)
      for (let sent = 0; sent < 14; sent++) socket.sendText(sent % 2 === 0 ? "no JSON" : `{"_tag":"Nothing"}`)
      assert.strictEqual(yield* socket.closed, 1008)
    }).pipe(Effect.scoped)
  )

  it.effect("a client that sends too much may still answer pings, up to the same limit", () =>
    Effect.gen(function* () {
      const socket = yield* connect((yield* Address).url)
      for (let sent = 0; sent < 13; sent++) {
        socket.send({ _tag: "Ping" })
        assert.strictEqual((yield* socket.next("Pong"))._tag, "Pong")
      }
      socket.send({ _tag: "Ping" })
      assert.strictEqual(yield* socket.closed, 1008)
    }).pipe(Effect.scoped)
  )

  it.effect("acknowledging a batch costs nothing, and acknowledging it twice does", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      const socket = yield* connect(url)
      socket.send(request(100, "Connect", {}))
      yield* socket.next("Chunk")
      const id = yield* mounted(socket, "shared")
      const received = (batch: number) => ({ ...request(1000 + batch, "Received", { batch }), isNotification: true })
      const speakers = yield* Effect.forEach([1, 2, 3], () => connect(url))
      yield* Effect.forEach(speakers, (speaker) => mounted(speaker, "shared"))
      // Three batches for each message it may send.
      for (let batch = 2; batch <= 31; batch++) {
        const speaker = speakers[batch % 3] ?? socket
        speaker.send(add(batch, id))
        assert.strictEqual(outcome(yield* speaker.answer(batch)), batch - 1)
        yield* socket.next("Chunk")
        socket.send(received(batch))
        if (batch % 3 === 0) yield* TestClock.adjust("100 millis")
      }
      socket.send(request(2000, "Ping", null))
      assert.deepNestedInclude(yield* socket.answer(2000), { "exit._tag": "Success" })
      for (let again = 0; again < 14; again++) socket.send(received(1))
      assert.strictEqual(yield* socket.closed, 1008)
    }).pipe(Effect.scoped)
  )
})

layer(Layer.provideMerge(client, configured({ rate: 1000, rateBurst: 10 })))(
  "a page with more components than it may mount at once",
  (it) => {
    it.effect("a page with more components than it may mount at once has them all a little later", () =>
      Effect.gen(function* () {
        const live = yield* LiveClient
        const all = yield* Effect.forkChild(
          Effect.forEach(Array.from({ length: 60 }), (_, start) => live.mount(Lab, { props: { start } }), {
            concurrency: "unbounded"
          }),
          { startImmediately: true }
        )
        const passing = Effect.andThen(TestClock.adjust("5 millis"), TestClock.withLive(Effect.sleep("1 millis")))
        yield* Effect.repeat(passing, { until: () => all.pollUnsafe() !== undefined })
        const labs = yield* Effect.flatten(Effect.sync(() => all.pollUnsafe() ?? Exit.die("it waits")))
        assert.deepStrictEqual(
          yield* Effect.forEach(labs, ({ state }) => Effect.map(state, ({ count }) => count)),
          Array.from({ length: 60 }, (_, start) => start)
        )
      }).pipe(Effect.scoped)
    )
  }
)

layer(configured({ firstMessageTimeout: Duration.seconds(4) }))("a client that connects and says nothing", (it) => {
  it.effect("a client that connects and says nothing is closed with 1008, and one that has said something is not", () =>
    Effect.gen(function* () {
      const { url } = yield* Address
      const [silent, other] = [yield* connect(url), yield* connect(url)]
      other.send(request(1, "Ping", null))
      yield* other.answer(1)
      yield* TestClock.adjust("3900 millis")
      const late = yield* connect(url)
      late.send(request(1, "Ping", null))
      yield* late.answer(1)
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(yield* silent.closed, 1008)
      yield* TestClock.adjust("20 seconds")
      other.send(request(2, "Ping", null))
      assert.deepNestedInclude(yield* other.answer(2), { "exit._tag": "Success" })
    }).pipe(Effect.scoped)
  )
})

layer(LiveTest.layer({ components }).pipe(Layer.provide(behaviors)))("a LiveTest", (it) => {
  it.effect("a LiveTest limits nobody, as time stands still in it", () =>
    Effect.gen(function* () {
      const lab = yield* (yield* LiveTest).mount(Lab, { props: { start: -1000 } })
      for (let call = 0; call < 500; call++) yield* lab.call.Add({ by: 1 })
      assert.strictEqual((yield* lab.state).count, -500)
    })
  )
})

layer(
  LiveTest.layer({ components }).pipe(
    Layer.provide(behaviors),
    Layer.provide(LiveConfig.layer({ rate: 10, rateBurst: 20, rateTolerance: 30 }))
  )
)("a LiveTest that says a rate", (it) => {
  it.effect("a LiveTest with a rate lets the calls above it wait, and accepts them later", () =>
    Effect.gen(function* () {
      const lab = yield* (yield* LiveTest).mount(Lab, { props: { start: -1000 } })
      const times = 50
      const calls = yield* Effect.forkChild(Effect.repeat(lab.call.Add({ by: 1 }), { times: times - 1 }), {
        startImmediately: true
      })
      const { count } = yield* lab.state
      assert.isBelow(count, -1000 + times / 2)
      yield* TestClock.adjust("100 millis")
      assert.isAtMost((yield* lab.state).count, count + 2)
      yield* Effect.repeat(Effect.andThen(TestClock.adjust("100 millis"), lab.state), { times: times + 10 })
      assert.strictEqual(yield* Fiber.join(calls), -1000 + times)
    })
  )
})
