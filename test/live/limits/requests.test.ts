/** What a client may ask for at once, how often the same, and how deep. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer } from "effect"
import { LiveClient } from "fibra/client"
import { WebSocket } from "ws"
import { AnyJson, Gate, served } from "../../support/AnyJson.ts"
import { Port } from "../../support/AuthorizationFixture.ts"
import { connect } from "../../support/JsonSocket.ts"
import * as RawSocket from "../../support/RawSocket.ts"

const unlimited = { rate: Infinity, rateBurst: Infinity } as const

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth)

describe("JSON that is nested too deeply", () => {
  it.live("JSON that is nested too deeply is refused over the open wire, and nobody else notices", () =>
    Effect.gen(function* () {
      const port = yield* Port
      const [deep, other] = [yield* connect(port), yield* connect(port)]
      const [mine, theirs] = [
        yield* deep.mount({ component: "AnyJson", key: "k" }),
        yield* other.mount({ component: "AnyJson", key: "k" })
      ]
      const put = (depth: number) =>
        Effect.andThen(
          deep.sendText(
            `[{"type":"CALL_ACTION","componentId":"${mine}","action":"Put","payload":{"value":${nested(depth)}},"requestId":"put"},` +
              `{"type":"COMPONENT_PING","componentId":"${mine}","requestId":"ping"}]`
          ),
          Effect.suspend(() => deep.next(depth > 200 ? "ERROR" : "MESSAGE_RESPONSE"))
        )
      for (let round = 0; round < 10; round++) {
        assert.deepInclude(yield* put(20_000), { code: "PayloadRejected", requestId: "put" })
        // The other messages of the frame are handled.
        assert.deepInclude(yield* deep.next("COMPONENT_PONG"), { success: true, requestId: "ping" })
        yield* deep.sendText(
          `{"type":"PROPERTY_UPDATE","componentId":"${mine}","property":"value","value":${nested(300)}}`
        )
        assert.include(String((yield* deep.next("ERROR"))["error"]), "nested deeper than 256")
      }
      assert.deepInclude(yield* put(200), { success: true, result: 1 })
      const brackets = "[".repeat(300)
      const request = { type: "CALL_ACTION", componentId: theirs, action: "Put", payload: { value: brackets } }
      assert.deepInclude(yield* other.request(request), { success: true, result: 2 })
    }).pipe(Effect.scoped, Effect.provide(served(unlimited)))
  )

  it.live("JSON that is nested too deeply is refused over the RPC wire, and the instance continues", () =>
    Effect.gen(function* () {
      const ours = yield* RawSocket.connect(`ws://127.0.0.1:${yield* Port}/api/live/rpc`)
      ours.send({ _tag: "Request", id: "1", tag: "Connect", payload: {}, headers: [] })
      const payload = { componentId: "none", action: "Put", payload: { value: "$" } }
      const request = JSON.stringify({ _tag: "Request", id: "2", tag: "Call", payload, headers: [] })
      ours.sendText(request.replace('"$"', nested(20_000)))
      assert.include(JSON.stringify(yield* ours.answer("2")), "nested deeper than 256")
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})

describe("JSON that is nested as deeply as it may be", () => {
  /** Of the payload over the RPC wire, and of the whole message over the open one. */
  it.live("JSON of the maximal depth is accepted over both wires, and refused one level deeper", () =>
    Effect.gen(function* () {
      const port = yield* Port
      const [socket, ours] = [yield* connect(port), yield* RawSocket.connect(`ws://127.0.0.1:${port}/api/live/rpc`)]
      const box = yield* socket.mount({ component: "AnyJson" })
      const put = (depth: number) =>
        Effect.andThen(
          socket.sendText(
            `{"type":"CALL_ACTION","componentId":"${box}","action":"Put","payload":{"value":${nested(depth - 2)}},"requestId":1}`
          ),
          Effect.suspend(() => socket.next(depth > 256 ? "ERROR" : "MESSAGE_RESPONSE"))
        )
      assert.deepInclude(yield* put(256), { success: true })
      assert.include(String((yield* put(257))["error"]), "nested deeper than 256")

      const request = (id: number, tag: string, payload: string) =>
        Effect.suspend(() => {
          ours.sendText(`{"_tag":"Request","id":${id},"tag":"${tag}","payload":${payload},"headers":[]}`)
          return Effect.map(ours.answer(id), (answer) => JSON.stringify(answer))
        })
      const [, id] =
        /"componentId":"([^"]+)"/.exec(yield* request(1, "Mount", `{"component":"AnyJson","props":{}}`)) ?? []
      const call = (depth: number) => `{"componentId":"${id}","action":"Put","payload":{"value":${nested(depth - 2)}}}`
      assert.include(yield* request(2, "Call", call(256)), `"Success"`)
      assert.include(yield* request(3, "Call", call(257)), "nested deeper than 256")
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("JSON of the maximal depth that is no message is a mistake, and the connection lives", () =>
    Effect.gen(function* () {
      const port = yield* Port
      const [socket, ours] = [yield* connect(port), yield* RawSocket.connect(`ws://127.0.0.1:${port}/api/live/rpc`)]
      for (const frame of [nested(20_000), `{"_tag":${nested(20_000)},"type":${nested(20_000)}}`]) {
        yield* socket.sendText(frame)
        assert.deepInclude(yield* socket.next("ERROR"), { code: "UnknownMessage" })
        ours.sendText(frame)
        assert.deepInclude(yield* ours.next("Defect"), { _tag: "Defect" })
      }
      ours.send({ _tag: "Ping" })
      yield* ours.next("Pong")
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})

describe("an id of a request over the RPC wire", () => {
  it.live("a request id of the RPC wire has a maximal length, above which it is a mistake", () =>
    Effect.gen(function* () {
      const ours = yield* RawSocket.connect(`ws://127.0.0.1:${yield* Port}/api/live/rpc`)
      const ask = (id: string) => ours.send({ _tag: "Request", id, tag: "Ping", payload: null, headers: [] })
      const id = "x".repeat(4096)
      ask(id)
      assert.include(JSON.stringify(yield* ours.answer(id)), "Success")
      ask(`${id}x`)
      assert.deepInclude(yield* ours.next("Defect"), { _tag: "Defect" })
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})

describe("a callId of the open wire", () => {
  it.live("a callId of the open wire that is sent again while its call runs is answered as often as it was sent", () =>
    Effect.gen(function* () {
      const socket = yield* connect(yield* Port)
      const box = yield* socket.mount({ component: "AnyJson" })
      const call = { type: "CALL_ACTION", componentId: box, action: "Wait", payload: { text: "" }, callId: "once" }
      yield* socket.send({ ...call, requestId: "first" })
      yield* socket.send({ ...call, requestId: "second" })
      yield* socket.request({ type: "COMPONENT_PING", componentId: box })
      yield* Deferred.succeed(yield* Gate, undefined)
      const answers = [yield* socket.next("MESSAGE_RESPONSE"), yield* socket.next("MESSAGE_RESPONSE")]
      assert.deepStrictEqual(
        answers.map(({ requestId, result }) => ({ requestId, result })),
        [
          { requestId: "first", result: 1 },
          { requestId: "second", result: 1 }
        ]
      )
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("a callId of the open wire runs nothing again when its answer is not kept any more", () =>
    Effect.gen(function* () {
      const socket = yield* connect(yield* Port)
      const box = yield* socket.mount({ component: "AnyJson" })
      const put = (callId: string | number) =>
        socket.request({ type: "CALL_ACTION", componentId: box, action: "Put", payload: { value: 0 }, callId })
      assert.deepInclude(yield* put("pay"), { success: true, result: 1 })
      assert.deepInclude(yield* put(7), { success: true, result: 2 })
      for (let id = 0; id < 4; id++) yield* put(`other ${id}`)
      for (const callId of ["pay", 7]) {
        assert.deepInclude(yield* put(callId), { success: false, code: "CallExpired" })
      }
      assert.deepInclude(yield* put("last"), { result: 7 })
    }).pipe(Effect.scoped, Effect.provide(served({ maxResults: 3 })))
  )

  it.live("a callId and a requestId of the open wire have to be numbers that are read as they were written", () =>
    Effect.gen(function* () {
      const socket = yield* connect(yield* Port)
      const box = yield* socket.mount({ component: "AnyJson" })
      for (const name of ["callId", "requestId"]) {
        yield* socket.sendText(
          `{"type":"CALL_ACTION","componentId":"${box}","action":"Put","payload":{"value":0},"${name}":1795898735000000001}`
        )
        assert.deepInclude(yield* socket.next("ERROR"), { code: "PayloadRejected" })
      }
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})

describe("requests that wait for their answers", () => {
  const maxBuffered = 64 * 1024
  const text = "x".repeat(20_000)

  it.live(
    "requests that wait are refused over the open wire when they are too large together, and accepted again when others are answered",
    () =>
      Effect.gen(function* () {
        const socket = yield* connect(yield* Port)
        const box = yield* socket.mount({ component: "AnyJson" })
        const wait = (requestId: string) =>
          socket.send({ type: "CALL_ACTION", componentId: box, action: "Wait", payload: { text }, requestId })
        yield* Effect.forEach(["a", "b", "c", "d"], wait)
        assert.deepInclude(yield* socket.next("ERROR"), { code: "RATE_LIMITED", requestId: "d" })
        yield* Deferred.succeed(yield* Gate, undefined)
        for (const requestId of ["a", "b", "c"])
          assert.deepInclude(yield* socket.next("MESSAGE_RESPONSE"), { requestId })
        yield* wait("e")
        assert.deepInclude(yield* socket.next("MESSAGE_RESPONSE"), { requestId: "e", success: true })
      }).pipe(Effect.scoped, Effect.provide(served({ maxBuffered })))
  )

  it.live("waiting requests are refused over the RPC wire when too large together; cancelled ones are free", () =>
    Effect.gen(function* () {
      const ours = yield* RawSocket.connect(`ws://127.0.0.1:${yield* Port}/api/live/rpc`)
      const request = (id: string, tag: string, payload: object) =>
        ours.send({ _tag: "Request", id, tag, payload, headers: [] })
      request("connect", "Connect", {})
      request("mount", "Mount", { component: "AnyJson", props: {} })
      const componentId = /"componentId":"([^"]+)"/.exec(JSON.stringify(yield* ours.answer("mount")))?.[1]
      const wait = (id: string) => request(id, "Call", { componentId, action: "Wait", payload: { text } })
      for (const id of ["a", "b", "c", "d"]) wait(id)
      assert.include(JSON.stringify(yield* ours.answer("d")), "RateLimited")
      ours.send({ _tag: "Interrupt", requestId: "b" })
      yield* ours.answer("b")
      wait("e")
      request("ping", "Ping", {})
      yield* ours.answer("ping")
      yield* Deferred.succeed(yield* Gate, undefined)
      assert.include(JSON.stringify(yield* ours.answer("e")), "Success")
    }).pipe(Effect.scoped, Effect.provide(served({ maxBuffered })))
  )
})

/** Asks over the RPC wire for what waits until the gate is opened. */
const waiting = Effect.fnUntraced(function* () {
  const ours = yield* RawSocket.connect(`ws://127.0.0.1:${yield* Port}/api/live/rpc`)
  const request = (id: string, tag: string, payload: object) => ({ _tag: "Request", id, tag, payload, headers: [] })
  ours.send(request("connect", "Connect", {}))
  ours.send(request("mount", "Mount", { component: "AnyJson", props: {} }))
  const componentId = /"componentId":"([^"]+)"/.exec(JSON.stringify(yield* ours.answer("mount")))?.[1]
  const wait = (id: string, text: string, callId?: number) =>
    request(id, "Call", { componentId, action: "Wait", payload: { text }, ...(callId === undefined ? {} : { callId }) })
  return { ours, request, wait }
})

describe("what a request that waits for its answer counts", () => {
  const maxBuffered = 64 * 1024
  const large = "x".repeat(20_000)

  it.live("a waiting request counts its own size, whatever else is in its frame", () =>
    Effect.gen(function* () {
      const port = yield* Port
      const socket = yield* connect(port)
      const box = yield* socket.mount({ component: "AnyJson" })
      const call = (requestId: string) => ({
        type: "CALL_ACTION",
        componentId: box,
        action: "Wait",
        payload: { text: large },
        requestId
      })
      const small = Array.from({ length: 40 }, () => ({ type: "COMPONENT_PING", componentId: box }))
      for (const id of ["a", "b", "c", "d"]) yield* socket.sendText(JSON.stringify([...small, call(id), ...small]))
      assert.deepInclude(yield* socket.next("ERROR"), { code: "RATE_LIMITED", requestId: "d" })

      const { ours, wait } = yield* waiting()
      const pings = Array.from({ length: 40 }, () => ({ _tag: "Ping" }))
      for (const id of ["a", "b", "c", "d"]) ours.send([...pings, wait(id, large), ...pings])
      assert.include(JSON.stringify(yield* ours.answer("d")), "RateLimited")
    }).pipe(Effect.scoped, Effect.provide(served({ ...unlimited, maxBuffered })))
  )

  it.live("a waiting request counts more than its text when that is short, or full of empty arrays", () =>
    Effect.gen(function* () {
      const { ours, wait } = yield* waiting()
      const short = Array.from({ length: 200 }, (_, index) => wait(`${index}`, ""))
      assert.isBelow(JSON.stringify(short).length, maxBuffered)
      ours.send(short)
      assert.include(JSON.stringify(yield* ours.answer("199")), "RateLimited")

      const socket = yield* connect(yield* Port)
      const box = yield* socket.mount({ component: "AnyJson" })
      const call = { type: "CALL_ACTION", componentId: box }
      yield* socket.send({ ...call, action: "Wait", payload: { text: "" } })
      // Each waits for its turn.
      const value = Array.from({ length: 1000 }, () => [])
      for (const requestId of ["a", "b"]) yield* socket.send({ ...call, action: "Put", payload: { value }, requestId })
      assert.deepInclude(yield* socket.next("ERROR"), { code: "RATE_LIMITED", requestId: "b" })
    }).pipe(Effect.scoped, Effect.provide(served({ ...unlimited, maxBuffered })))
  )

  it.live("a waiting request does not count any more when nobody waits for its answer", () =>
    Effect.gen(function* () {
      const { ours, request, wait } = yield* waiting()
      for (let round = 0; round < 5; round++) {
        const ids = [0, 1, 2].map((index) => round * 3 + index)
        for (const id of ids) ours.send(wait(`${id}`, large, id))
        ours.send(wait("too much", large))
        assert.include(JSON.stringify(yield* ours.answer("too much")), "RateLimited")
        ours.send(request(`received ${round}`, "Received", { batch: 0, abandoned: ids }))
        for (const id of ids) assert.include(JSON.stringify(yield* ours.answer(`${id}`)), "Interrupt")
      }
    }).pipe(Effect.scoped, Effect.provide(served({ ...unlimited, maxBuffered })))
  )
})

describe("a large state that is told whole", () => {
  it.live("a large state that is sent whole is sent once for all changes of a turn", () =>
    Effect.gen(function* () {
      const socket = yield* connect(yield* Port)
      const box = yield* socket.mount({ component: "AnyJson" })
      const put = (value: string) => ({ type: "CALL_ACTION", componentId: box, action: "Put", payload: { value } })
      const told = (value: string) =>
        Effect.gen(function* () {
          const before = socket.seen.length
          const calls = Array.from({ length: 9 }, () => put(value))
          yield* socket.sendText(JSON.stringify([...calls, { ...put(value), requestId: "last" }]))
          yield* socket.next("MESSAGE_RESPONSE")
          return socket.seen.slice(before).flatMap(({ revision, type }) => (type === "STATE_UPDATE" ? [revision] : []))
        })
      assert.deepStrictEqual(yield* told("small"), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      const large = "x".repeat(20_000)
      assert.deepStrictEqual((yield* told(large)).length, 1)
      assert.deepStrictEqual(yield* told(large), [30])
      // The first of these is still told with what was large before.
      assert.deepStrictEqual(yield* told("small"), [40])
      assert.strictEqual((yield* told("small")).length, 10)
    }).pipe(Effect.scoped, Effect.provide(served(unlimited)))
  )
})

describe("a connection that is ended", () => {
  it.live("a connection that was ended is not read any more, whatever it has sent already", () =>
    Effect.gen(function* () {
      const port = yield* Port
      const [socket, other] = [yield* connect(port), yield* connect(port)]
      const [box, same] = [
        yield* socket.mount({ component: "AnyJson", key: "k" }),
        yield* other.mount({ component: "AnyJson", key: "k" })
      ]
      const put = { type: "CALL_ACTION", componentId: box, action: "Put", payload: { value: 1 } }
      yield* socket.sendText(JSON.stringify(Array.from({ length: 1025 }, () => put)))
      for (let after = 0; after < 30; after++) yield* socket.send(put)
      assert.strictEqual(yield* socket.closed, 1008)
      const last = yield* other.request({ ...put, componentId: same })
      assert.deepInclude(last, { result: 1 })
    }).pipe(Effect.scoped, Effect.provide(served(unlimited)))
  )

  for (const frame of ["[]", `[${Array.from({ length: 500 }, () => `{"_tag":"Eof"}`).join(",")}]`]) {
    it.live(`a connection that sends nothing but ${frame.slice(0, 16)} too often over the RPC wire is ended`, () =>
      Effect.gen(function* () {
        const ours = yield* RawSocket.connect(`ws://127.0.0.1:${yield* Port}/api/live/rpc`)
        for (let index = 0; index < 1000; index++) ours.sendText(frame)
        assert.strictEqual(yield* ours.closed, 1008)
      }).pipe(Effect.scoped, Effect.provide(served()))
    )
  }

  it.live("a connection whose message comes in too many fragments is ended", () =>
    Effect.gen(function* () {
      const port = yield* Port
      const sent = Effect.fnUntraced(function* (pieces: number) {
        const open = Effect.sync(() => new WebSocket(`ws://127.0.0.1:${port}/api/live/ws`))
        const ws = yield* Effect.acquireRelease(open, (ws) => Effect.sync(() => ws.terminate()))
        return yield* Effect.callback<number | string>((resume) => {
          ws.on("open", () => {
            const text = JSON.stringify({ type: "COMPONENT_PING", componentId: "none", requestId: "x".repeat(1000) })
            for (const piece of text.slice(0, pieces - 1)) ws.send(piece, { fin: false })
            ws.send(text.slice(pieces - 1), { fin: true })
          })
          ws.on("message", (data: Buffer) => {
            const { type } = JSON.parse(data.toString()) as { readonly type: string }
            if (type === "COMPONENT_PONG") resume(Effect.succeed(type))
          })
          ws.on("close", (code) => resume(Effect.succeed(code)))
        })
      })
      assert.strictEqual(yield* sent(512), "COMPONENT_PONG")
      assert.strictEqual(yield* sent(513), 1008)
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})

describe("a client of ours", () => {
  it.live("a client of fibra is told that what it sends is nested too deeply, and continues", () =>
    Effect.gen(function* () {
      const live = yield* LiveClient
      const box = yield* live.mount(AnyJson, { props: {} })
      const error = yield* Effect.flip(box.call.Put({ value: JSON.parse(nested(1000)) as [] }))
      assert.include(error.message, "nested deeper than 256")
      assert.strictEqual(yield* box.call.Put({ value: 1 }), 1)
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Layer.unwrap(
          Effect.map(Effect.service(Port), (port) =>
            LiveClient.layerWebSocket({ url: `ws://127.0.0.1:${port}/api/live/rpc` })
          )
        ).pipe(Layer.provideMerge(served()))
      )
    )
  )
})
