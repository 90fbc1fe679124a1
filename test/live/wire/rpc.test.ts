/** The RPC wire as a client sees it that is not ours, or not well. */
import { createConnection } from "node:net"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Queue, Stream } from "effect"
import { Rpc, RpcClient, RpcSerialization } from "effect/rpc"
import { Socket } from "effect/socket"
import { ComponentId, LiveError, LiveProtocol } from "fibra"
import { Gate } from "../../support/Lab.ts"
import { Address, served } from "../../support/server.ts"
import { connect, type RawSocket } from "../../support/RawSocket.ts"

const request = (id: number, tag: string, payload: unknown) => ({ _tag: "Request", id, tag, payload, headers: [] })

const failure = (answer: unknown): { readonly _tag: string; readonly reason?: { readonly _tag: string } } =>
  (answer as { exit: { cause: [{ error: never }] } }).exit.cause[0].error

const mount = Effect.fnUntraced(function* (socket: RawSocket, id: number, props: unknown = { start: 0 }) {
  socket.send(request(id, "Mount", { component: "Lab", props }))
  const answer = yield* socket.answer(id)
  return (answer as unknown as { exit: { value: { componentId: string } } }).exit.value.componentId
})

const call = (socket: RawSocket, id: number, componentId: string, action: string, payload: unknown = null) =>
  Effect.suspend(() => {
    socket.send(request(id, "Call", { componentId, action, payload }))
    return socket.answer(id)
  })

/** Says this to the server, byte by byte, and gives what comes back until the server closes or says no more for a while. */
const talk = (port: number, text: string): Effect.Effect<string> =>
  Effect.callback((resume) => {
    let heard = ""
    const socket = createConnection({ port, host: "127.0.0.1" }, () => socket.write(text))
    socket.on("data", (data) => {
      heard += data.toString()
      if (heard.includes("426")) resume(Effect.succeed(heard))
    })
    socket.on("close", () => resume(Effect.succeed(heard)))
    return Effect.sync(() => socket.destroy())
  })

/** The connection, and an instance that was there before, are as they were. */
const alive = Effect.fnUntraced(function* (socket: RawSocket, componentId: string) {
  const answer = yield* call(socket, 9999, componentId, "Add", { by: 1 })
  assert.deepNestedInclude(answer, { "exit._tag": "Success" })
})

describe("the RPC wire", () => {
  layer(served)((it) => {
    it.effect("a stock RpcClient with JSON mounts, calls and reads its events", () =>
      Effect.gen(function* () {
        const { url } = yield* Address
        const protocol = RpcClient.layerProtocolSocket().pipe(
          Layer.provide(Socket.layerWebSocket(url)),
          Layer.provide(Socket.layerWebSocketConstructorGlobal),
          Layer.provide(RpcSerialization.layerJson)
        )
        yield* Effect.gen(function* () {
          const client = yield* RpcClient.make(LiveProtocol.LiveProtocol.add(Rpc.make("Explode")))
          const events = yield* Queue.unbounded<LiveProtocol.LiveEvent>()
          yield* client.Connect({}).pipe(
            Stream.runForEach((event) => Queue.offer(events, event)),
            Effect.forkScoped
          )
          assert.strictEqual((yield* Queue.take(events))._tag, "ConnectionEstablished")
          const { componentId, state } = yield* client.Mount({ component: "Lab", props: { start: 1 } })
          assert.strictEqual(state["count"], 1)
          // More than the window holds: the acknowledgements of a stock client keep it open.
          for (let count = 2; count <= 60; count++) {
            assert.strictEqual(yield* client.Call({ componentId, action: "Add", payload: { by: 1 } }), count)
            const event = yield* Queue.take(events)
            assert.deepStrictEqual(event._tag === "Patched" ? event.patch : event, [["set", ["count"], count]])
          }
          const refused = yield* Effect.flip(client.Call({ componentId, action: "Add", payload: { by: 1000 } }))
          assert.strictEqual(refused._tag, "ActionFailure")
          assert.isAbove((yield* client.Ping()).time, -1)
          yield* client.Ping(undefined, { discard: true })
          yield* client.Call({ componentId, action: "Add", payload: { by: 0 } }, { discard: true })
          const hanging = yield* Effect.forkChild(client.Call({ componentId, action: "Hang" }))
          yield* client.Ping()
          assert.isTrue(Exit.hasInterrupts(yield* Fiber.interrupt(hanging).pipe(Effect.andThen(Fiber.await(hanging)))))
          yield* client.Resync({ componentId })
          const snapshot = yield* Queue.take(events)
          assert.deepInclude(snapshot, { _tag: "Snapshot", componentId })
          const strange = yield* Effect.flip(client.Resync({ componentId: ComponentId.make("of another") }))
          assert.strictEqual(strange.reason._tag, "NotMounted")
          const unheard = yield* Effect.exit(client.Explode())
          assert.isTrue(Exit.hasDies(unheard), String(unheard))
          assert.isTrue(Exit.hasDies(yield* Effect.exit(client.Connect({}).pipe(Stream.runDrain))))
          const { token } = yield* client.Unmount({ componentId })
          const back = yield* client.Rehydrate({ component: "Lab", props: { start: 1 }, token: token ?? "" })
          assert.strictEqual(back.state["count"], 60)
          yield* client.Unmount({ componentId: back.componentId })
          const gone = yield* Effect.flip(client.Call({ componentId, action: "Add", payload: { by: 1 } }))
          assert.strictEqual(gone instanceof LiveError.LiveError ? gone.reason._tag : gone._tag, "NotMounted")
        }).pipe(Effect.scoped, Effect.provide(protocol))
      })
    )

    it.effect("what is not JSON, no message, or no request is answered, and the connection lives", () =>
      Effect.gen(function* () {
        const socket = yield* connect((yield* Address).url)
        const id = yield* mount(socket, 1)
        for (const garbage of [
          "{",
          "null",
          "[null]",
          '"x"',
          '{"_tag":"Nonsense"}',
          '{"_tag":"Request","tag":"Mount"}',
          "[[]]"
        ]) {
          socket.sendText(garbage)
          assert.strictEqual((yield* socket.next("Defect"))._tag, "Defect", garbage)
        }
        socket.send(request(2, "Explode", {}))
        assert.deepNestedInclude(yield* socket.answer(2), { "exit._tag": "Failure", "exit.cause[0]._tag": "Die" })
        socket.send({ ...request(3, "constructor", {}), id: 3 })
        assert.deepNestedInclude(yield* socket.answer(3), { "exit._tag": "Failure" })
        yield* alive(socket, id)
      })
    )

    it.effect("a request whose payload does not fit fails with PayloadRejected", () =>
      Effect.gen(function* () {
        const socket = yield* connect((yield* Address).url)
        const componentId = yield* mount(socket, 1)
        const bad = [
          request(10, "Mount", { component: 5 }),
          request(11, "Mount", null),
          request(12, "Call", { componentId: 5 }),
          request(13, "Unmount", {}),
          request(15, "Call", { componentId, action: "Add", payload: { by: "1" } }),
          request(16, "Call", { componentId, action: "Add", payload: { by: 1, extra: true } }),
          request(17, "Call", { componentId, action: "Add", payload: null }),
          request(18, "Call", { componentId, action: "Crash", payload: { surprise: 1 } })
        ]
        for (const message of bad) {
          socket.send(message)
          const error = failure(yield* socket.answer(message.id))
          assert.deepStrictEqual([error._tag, error.reason?._tag], ["LiveError", "PayloadRejected"], String(message.id))
        }
        // Those have no error in their contract, so they die of it, as those do that effect/rpc answers.
        for (const message of [request(14, "Received", { batch: "many" }), request(19, "Ping", { surprise: 1 })]) {
          socket.send(message)
          const { exit } = (yield* socket.answer(message.id)) as unknown as {
            readonly exit: { readonly cause: [{ readonly _tag: string; readonly defect: string }] }
          }
          const [{ _tag, defect }] = exit.cause
          assert.strictEqual(_tag, "Die")
          assert.include(defect, `"${message.tag}"`)
        }
        yield* alive(socket, componentId)
      })
    )

    it.effect("props with a wrong, a missing or an unknown field are refused", () =>
      Effect.gen(function* () {
        const socket = yield* connect((yield* Address).url)
        let id = 0
        for (const props of [{ start: "0" }, {}, { start: 0, admin: true }, null, 5, []]) {
          socket.send(request(++id, "Mount", { component: "Lab", props }))
          assert.strictEqual(failure(yield* socket.answer(id)).reason?._tag, "PropsRejected", JSON.stringify(props))
        }
        socket.send(request(++id, "Mount", { component: "Ticker", props: { any: 1 } }))
        assert.strictEqual(failure(yield* socket.answer(id)).reason?._tag, "PropsRejected")
      })
    )

    it.effect("unknown components and actions are named in the error", () =>
      Effect.gen(function* () {
        const socket = yield* connect((yield* Address).url)
        const componentId = yield* mount(socket, 1)
        for (const [id, name] of ["Nobody", "__proto__", "constructor"].entries()) {
          socket.send(request(20 + id, "Mount", { component: name, props: {} }))
          assert.strictEqual(failure(yield* socket.answer(20 + id)).reason?._tag, "UnknownComponent")
          const answer = yield* call(socket, 30 + id, componentId, name)
          assert.strictEqual(failure(answer).reason?._tag, "UnknownAction")
        }
        yield* alive(socket, componentId)
      })
    )

    it.effect("an instance of another connection can neither be called nor unmounted", () =>
      Effect.gen(function* () {
        const { url } = yield* Address
        const [mine, theirs] = [yield* connect(url), yield* connect(url)]
        const componentId = yield* mount(mine, 1)
        const called = yield* call(theirs, 1, componentId, "Add", { by: 1 })
        assert.strictEqual(failure(called).reason?._tag, "NotMounted")
        theirs.send(request(2, "Unmount", { componentId }))
        assert.strictEqual(failure(yield* theirs.answer(2)).reason?._tag, "NotMounted")
        yield* alive(mine, componentId)
      })
    )

    it.effect("a frame over maxPayload closes its connection with 1009, and no other", () =>
      Effect.gen(function* () {
        const { url } = yield* Address
        const [big, other] = [yield* connect(url), yield* connect(url)]
        const componentId = yield* mount(other, 1)
        big.sendText(JSON.stringify(request(1, "Mount", { component: "x".repeat(1024 * 1024) })))
        assert.strictEqual(yield* big.closed, 1009)
        yield* alive(other, componentId)
      })
    )

    it.effect("a flood into one mailbox is refused beyond its capacity, and every call is answered", () =>
      Effect.gen(function* () {
        const { latch } = yield* Gate
        const socket = yield* connect((yield* Address).url)
        const [flooded, other] = [yield* mount(socket, 1), yield* mount(socket, 2)]
        socket.send(request(3, "Call", { componentId: flooded, action: "Wait", payload: null }))
        const flood = Array.from({ length: 1000 }, (_, index) =>
          request(100 + index, "Call", { componentId: flooded, action: "Add", payload: { by: 1 } })
        )
        socket.sendText(JSON.stringify(flood))
        yield* alive(socket, other)
        yield* latch.open
        const answers = yield* Effect.forEach(flood, ({ id }) => socket.answer(id))
        const refused = answers.filter(
          (answer) => (answer as unknown as { exit: { _tag: string } }).exit._tag === "Failure"
        )
        assert.strictEqual(refused.length, 992)
        assert.strictEqual(failure(refused[0]).reason?._tag, "MailboxFull")
        yield* latch.close
      })
    )

    it.effect("a page of another origin may not connect, one of the same and a program may", () =>
      Effect.gen(function* () {
        const { port, url } = yield* Address
        const refused = yield* Effect.flip(connect(url, { origin: "https://evil.example" }))
        assert.include(refused.message, "403")
        yield* connect(url, { origin: `http://127.0.0.1:${port}` })
        yield* connect(url)
      })
    )

    it.effect("a plain HTTP request is told what this endpoint is for", () =>
      Effect.gen(function* () {
        const { port } = yield* Address
        const response = yield* Effect.promise(() => fetch(`http://127.0.0.1:${port}/api/live/rpc`))
        assert.strictEqual(response.status, 426)
        assert.include(yield* Effect.promise(() => response.text()), "WebSocket")
      })
    )

    it.effect("a request that only claims to be an upgrade is refused, and the server lives", () =>
      Effect.gen(function* () {
        const { port, url } = yield* Address
        const head =
          "Host: x\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13"
        const answer = yield* talk(
          port,
          `GET /api/live/rpc HTTP/1.1\r\n${head}\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n`
        )
        assert.include(answer, "426")
        const socket = yield* connect(url)
        yield* alive(socket, yield* mount(socket, 1))
      })
    )

    it.effect("a frame with too many messages closes its connection with 1008", () =>
      Effect.gen(function* () {
        const { url } = yield* Address
        const [greedy, other] = [yield* connect(url), yield* connect(url)]
        greedy.sendText(JSON.stringify(Array.from({ length: 2000 }, () => ({ _tag: "Ping" }))))
        assert.strictEqual(yield* greedy.closed, 1008)
        yield* alive(other, yield* mount(other, 1))
      })
    )

    it.effect("mounting one instance again and again counts each time", () =>
      Effect.gen(function* () {
        const socket = yield* connect((yield* Address).url)
        const mounts = (from: number) =>
          Array.from({ length: 600 }, (_, index) =>
            request(from + index, "Mount", { component: "Lab", props: { start: 0 }, key: "again" })
          )
        socket.sendText(JSON.stringify(mounts(1)))
        socket.sendText(JSON.stringify(mounts(1001)))
        assert.deepNestedInclude(yield* socket.answer(600), { "exit._tag": "Success" })
        assert.strictEqual(failure(yield* socket.answer(1600)).reason?._tag, "TooManyComponents")
      })
    )

    it.effect("a request id that is in use is refused, and the call it names goes on", () =>
      Effect.gen(function* () {
        const { latch } = yield* Gate
        const socket = yield* connect((yield* Address).url)
        const componentId = yield* mount(socket, 1)
        const waiting = request(5, "Call", { componentId, action: "Wait", payload: null })
        socket.send(waiting)
        socket.send(waiting)
        assert.deepNestedInclude(yield* socket.answer(5), { "exit._tag": "Failure", "exit.cause[0]._tag": "Die" })
        yield* latch.open
        assert.deepNestedInclude(yield* socket.answer(5), { "exit._tag": "Success" })
        yield* latch.close
      })
    )
  })
})
