/** Compressed messages between a server and clients that have nothing of ours on them. */
import { assert, describe, it, vi } from "@effect/vitest"
import { Deferred, Effect, Layer, Queue } from "effect"
import { LiveClient } from "fibra/client"
import type { LiveConfig } from "fibra/server"
import type { Socket } from "node:net"
import { constants, deflateRawSync } from "node:zlib"
import { type PerMessageDeflateOptions, WebSocket } from "ws"
import { Deflater } from "../../../src/server/transport/Deflater.ts"
import { AnyJson, served } from "../../support/AnyJson.ts"
import * as AuthorizationFixture from "../../support/AuthorizationFixture.ts"

const compressing: LiveConfig.Options = { compression: true, rate: Infinity }

interface Message {
  readonly type: string
  readonly [field: string]: unknown
}

interface Client {
  readonly established: Message
  readonly extensions: string
  readonly send: (...messages: ReadonlyArray<object>) => void
  /** Writes bytes as they are. */
  readonly write: (bytes: Uint8Array) => void
  /** The next message of this type; others are skipped. */
  readonly next: (type: string) => Effect.Effect<Message>
  readonly mount: (payload?: object) => Effect.Effect<string>
  readonly bytesRead: () => number
  readonly closed: Effect.Effect<number>
}

/** A client of the open wire that is plain `ws`. */
const connect = Effect.fnUntraced(function* (options: {
  readonly perMessageDeflate: boolean | PerMessageDeflateOptions
  readonly headers?: Record<string, string>
}) {
  const ws = yield* Effect.acquireRelease(
    Effect.map(AuthorizationFixture.Port, (port) => new WebSocket(`ws://127.0.0.1:${port}/api/live/ws`, options)),
    (ws) => Effect.sync(() => ws.terminate())
  )
  const messages = yield* Queue.unbounded<Message>()
  const closed = yield* Deferred.make<number>()
  ws.on("message", (data: Buffer) => Queue.offerUnsafe(messages, JSON.parse(data.toString())))
  ws.on("close", (code) => Deferred.doneUnsafe(closed, Effect.succeed(code)))
  ws.on("error", () => {})
  const next = (type: string): Effect.Effect<Message> =>
    Effect.flatMap(Queue.take(messages), (message) => (message.type === type ? Effect.succeed(message) : next(type)))
  const established = yield* next("CONNECTION_ESTABLISHED")
  const { _socket: socket } = ws as unknown as { readonly _socket: Socket }
  const send = (...messages: ReadonlyArray<object>) => {
    for (const message of messages) ws.send(JSON.stringify(message))
  }
  const client: Client = {
    established,
    extensions: ws.extensions,
    send,
    write: (bytes) => void socket.write(bytes),
    next,
    mount: Effect.fnUntraced(function* (payload) {
      send({ type: "COMPONENT_MOUNT", payload: { component: "AnyJson", ...payload }, requestId: "mount" })
      const { result } = yield* next("COMPONENT_MOUNTED")
      return String((result as Record<string, unknown>)["componentId"])
    }),
    bytesRead: () => socket.bytesRead,
    closed: Deferred.await(closed)
  }
  return client
})

const put = (componentId: string, value: unknown) => ({
  type: "CALL_ACTION",
  componentId,
  action: "Put",
  payload: { value }
})

const rows = (count: number) => Array.from({ length: count }, (_, id) => ({ id, text: `item ${id}`, done: false }))

const deflated = (text: string | Buffer) =>
  deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)

/** One MiB of blanks, of which any number may follow one another. */
const mebibyte = deflateRawSync(Buffer.alloc(1024 * 1024, " "), { finishFlush: constants.Z_FULL_FLUSH })

/** A frame of a client, with a mask of zeros. */
const frame = (first: number, data: Uint8Array): Buffer => {
  const header = data.length < 126 ? Buffer.alloc(6) : data.length < 65_536 ? Buffer.alloc(8) : Buffer.alloc(14)
  header[0] = first
  header[1] = 0x80 | (data.length < 126 ? data.length : data.length < 65_536 ? 126 : 127)
  if (data.length >= 65_536) header.writeBigUInt64BE(BigInt(data.length), 2)
  else if (data.length >= 126) header.writeUInt16BE(data.length, 2)
  return Buffer.concat([header, data])
}

const compressedText = 0xc1
const firstOfCompressed = 0x41
const middle = 0x00
const last = 0x80

describe("a server that compresses", () => {
  it.live("a server that compresses tells each client whether it does, and all see the same", () =>
    Effect.gen(function* () {
      const [yes, no] = [yield* connect({ perMessageDeflate: true }), yield* connect({ perMessageDeflate: false })]
      assert.strictEqual(yes.extensions, "permessage-deflate")
      assert.strictEqual(no.extensions, "")
      assert.propertyVal(yes.established["features"], "compression", true)
      assert.propertyVal(no.established["features"], "compression", false)
      const [mine, theirs] = [yield* yes.mount({ key: "k" }), yield* no.mount({ key: "k" })]
      const before = [yes.bytesRead(), no.bytesRead()] as const
      const value = rows(2000)
      yes.send(put(mine, value))
      const [here, there] = [yield* yes.next("COMPONENT_UPDATE"), yield* no.next("COMPONENT_UPDATE")]
      assert.deepStrictEqual(here["state"], { value, runs: 1 })
      assert.deepStrictEqual(there["state"], { value, runs: 1 })
      assert.isAbove(no.bytesRead() - before[1], 80_000)
      assert.isBelow(yes.bytesRead() - before[0], 20_000)
      no.send(put(theirs, "back"))
      assert.deepStrictEqual((yield* yes.next("COMPONENT_UPDATE"))["state"], { value: "back", runs: 2 })
    }).pipe(Effect.scoped, Effect.provide(served(compressing)))
  )

  it.live("a server that compresses keeps the order of compressed and other messages, both ways", () =>
    Effect.gen(function* () {
      const client = yield* connect({ perMessageDeflate: { threshold: 2000 } })
      const box = yield* client.mount({ key: "k" })
      const sizes = Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? 400 + index : index % 3))
      client.send(...sizes.map((size, requestId) => ({ ...put(box, rows(size)), expectResponse: true, requestId })))
      for (const [requestId, size] of sizes.entries()) {
        assert.deepInclude(yield* client.next("ACTION_RESPONSE"), { requestId, result: requestId + 1 }, String(size))
      }
      client.send({ ...put(box, "last"), requestId: "last" })
      assert.deepStrictEqual((yield* client.next("COMPONENT_UPDATE"))["state"], {
        value: "last",
        runs: sizes.length + 1
      })
    }).pipe(Effect.scoped, Effect.provide(served(compressing)))
  )

  it.live("a server that compresses compresses a change once for all who get it, on both wires", () => {
    const framed = vi.spyOn(Deflater.prototype, "frame")
    return Effect.gen(function* () {
      const port = yield* AuthorizationFixture.Port
      const url = `ws://127.0.0.1:${port}/api/live/rpc`
      const readers = yield* Effect.forEach(Array.from({ length: 8 }), () =>
        Effect.gen(function* () {
          const context = yield* Layer.build(Layer.fresh(LiveClient.layerWebSocket({ url })))
          const live = yield* Effect.provideContext(Effect.service(LiveClient), context)
          return yield* live.mount(AnyJson, { key: "k" })
        })
      )
      const clients = yield* Effect.forEach(Array.from({ length: 8 }), () => connect({ perMessageDeflate: true }))
      const ids = yield* Effect.forEach(clients, (client) => client.mount({ key: "k" }))
      framed.mockClear()
      const value = rows(3000)
      clients[0]?.send(put(String(ids[0]), value))
      for (const client of clients) {
        assert.deepStrictEqual((yield* client.next("COMPONENT_UPDATE"))["state"], { value, runs: 1 })
      }
      for (const reader of readers) {
        yield* Effect.repeat(Effect.andThen(Effect.yieldNow, reader.state), { until: ({ runs }) => runs === 1 })
        assert.deepStrictEqual(yield* reader.state, { value, runs: 1 })
      }
      // Each wire has a message of its own for it; on that of our clients it comes in parts.
      assert.lengthOf(
        framed.mock.calls.filter(([text]) => text.length > 50_000 || text.startsWith("=")),
        2
      )
    }).pipe(
      Effect.scoped,
      Effect.provide(served(compressing)),
      Effect.ensuring(Effect.sync(() => framed.mockRestore()))
    )
  })

  it.live("a server that compresses builds an event of a room once, for components of different names", () => {
    const made = vi.spyOn(Deflater.prototype, "template")
    return Effect.gen(function* () {
      const clients = yield* Effect.forEach(Array.from({ length: 8 }), () => connect({ perMessageDeflate: true }))
      const desk = { component: "AuthorizationFixture", room: "hall" }
      const ids = yield* Effect.forEach(clients, (client) => client.mount(desk))
      const words = "all in one hall ".repeat(200)
      clients[0]?.send({ type: "CALL_ACTION", componentId: ids[0], action: "Say", payload: { words } })
      for (const [index, client] of clients.entries()) {
        assert.deepInclude(yield* client.next("BROADCAST"), { componentId: ids[index], payload: { words } })
      }
      const templates = made.mock.results.map(({ value }) => value as object)
      assert.lengthOf(templates, 8)
      assert.strictEqual(new Set(templates).size, 1)
    }).pipe(
      Effect.scoped,
      Effect.provide(AuthorizationFixture.served(compressing)),
      Effect.ensuring(Effect.sync(() => made.mockRestore()))
    )
  })

  it.live("a server that compresses reads a compressed message in pieces, with control frames between them", () =>
    Effect.gen(function* () {
      const client = yield* connect({ perMessageDeflate: true })
      const ping = JSON.stringify({ type: "COMPONENT_PING", componentId: "none", requestId: "p", padding: rows(50) })
      const data = deflated(ping)
      const [a, b] = [data.subarray(0, 20), data.subarray(20, 90)]
      client.write(
        Buffer.concat([
          frame(firstOfCompressed, a),
          frame(0x89, Buffer.from("ping")),
          frame(middle, b),
          frame(middle, Buffer.alloc(0)),
          frame(last, data.subarray(90))
        ])
      )
      assert.propertyVal(yield* client.next("COMPONENT_PONG"), "requestId", "p")
      // One that ends with a last block, as clients may send it.
      client.write(frame(compressedText, Buffer.concat([deflateRawSync(ping), Buffer.from([0])])))
      assert.propertyVal(yield* client.next("COMPONENT_PONG"), "requestId", "p")
    }).pipe(Effect.scoped, Effect.provide(served(compressing)))
  )

  for (const offer of [
    "permessage-deflate; server_max_window_bits=8",
    "permessage-deflate; something_new",
    "permessage-deflate; client_max_window_bits=99",
    "x-webkit-deflate-frame",
    ', ;=;, "',
    "permessage-deflate; server_no_context_takeover; server_no_context_takeover"
  ]) {
    it.live(`a server that compresses admits clients whose offer it cannot accept, without compression: ${offer}`, () =>
      Effect.gen(function* () {
        const client = yield* connect({
          perMessageDeflate: false,
          headers: { "Sec-WebSocket-Extensions": offer }
        })
        assert.propertyVal(client.established["features"], "compression", false)
        yield* client.mount()
      }).pipe(Effect.scoped, Effect.provide(served(compressing)))
    )
  }

  it.live("a server that compresses respects the window of a client", () =>
    Effect.gen(function* () {
      const client = yield* connect({ perMessageDeflate: { serverMaxWindowBits: 9, clientMaxWindowBits: 9 } })
      const box = yield* client.mount({ key: "k" })
      const value = rows(2000)
      client.send(put(box, value))
      assert.deepStrictEqual((yield* client.next("COMPONENT_UPDATE"))["state"], { value, runs: 1 })
    }).pipe(Effect.scoped, Effect.provide(served(compressing)))
  )

  it.live("a server that compresses closes with 1009 over a message above maxPayload, however small before", () =>
    Effect.gen(function* () {
      const other = yield* connect({ perMessageDeflate: true })
      const bomb = Buffer.concat(Array.from({ length: 900 }, () => mebibyte))
      const before = process.resourceUsage().maxRSS
      for (const data of [bomb, deflated(Buffer.alloc(1024 * 1024 + 1, " "))]) {
        const client = yield* connect({ perMessageDeflate: true })
        client.write(frame(compressedText, data))
        assert.strictEqual(yield* client.closed, 1009)
      }
      const client = yield* connect({ perMessageDeflate: true })
      client.write(Buffer.concat([frame(firstOfCompressed, bomb.subarray(0, 9)), frame(last, bomb.subarray(9))]))
      assert.strictEqual(yield* client.closed, 1009)
      // In kilobytes: of 900 MiB nothing like as much was ever there.
      assert.isBelow(process.resourceUsage().maxRSS - before, 200 * 1024)
      // As large as it may be: it is read, and is no JSON.
      const large = yield* connect({ perMessageDeflate: true })
      large.write(frame(compressedText, deflated(Buffer.alloc(1024 * 1024, " "))))
      yield* large.next("ERROR")
      yield* other.mount()
    }).pipe(Effect.scoped, Effect.provide(served(compressing)))
  )

  it.live("a server that compresses counts what is decompressed, so that few bytes cannot cost much", () =>
    Effect.gen(function* () {
      const client = yield* connect({ perMessageDeflate: true })
      const message = frame(compressedText, deflated(`{"type":"NOTHING"${" ".repeat(1024 * 1024 - 18)}}`))
      // Each counts for 16 more. One at a time, so that nothing is on its way to a socket that is closed.
      const closing = Effect.map(client.closed, (code) => ({ code, isClosed: true }))
      const refused = Effect.map(client.next("ERROR"), () => ({ code: 0, isClosed: false }))
      let sent = 0
      const { code } = yield* Effect.suspend(() => {
        sent++
        client.write(message)
        return Effect.race(closing, refused)
      }).pipe(Effect.repeat({ until: ({ isClosed }) => isClosed }))
      assert.strictEqual(code, 1008)
      // Three times as many are let through when they count for one.
      assert.isBelow(sent, 20)
      const patient = yield* connect({ perMessageDeflate: true })
      patient.write(message)
      patient.send({ type: "COMPONENT_PING", componentId: "none", requestId: "p" })
      assert.propertyVal(yield* patient.next("COMPONENT_PONG"), "requestId", "p")
    }).pipe(Effect.scoped, Effect.provide(served({ compression: true, rate: 1, rateBurst: 20, rateTolerance: 40 })))
  )

  it.live("a server that compresses closes with 1007 over a message that is not valid", () =>
    Effect.gen(function* () {
      const client = yield* connect({ perMessageDeflate: true })
      client.write(frame(compressedText, Buffer.from("certainly not deflated")))
      assert.strictEqual(yield* client.closed, 1007)
      const broken = yield* connect({ perMessageDeflate: true })
      broken.write(frame(compressedText, deflated(Buffer.from([0xff, 0xfe, 0xfd]))))
      assert.strictEqual(yield* broken.closed, 1007)
    }).pipe(Effect.scoped, Effect.provide(served(compressing)))
  )

  it.live("a server that compresses closes with 1002 over a compressed message that was not negotiated", () =>
    Effect.gen(function* () {
      const client = yield* connect({ perMessageDeflate: false })
      client.write(frame(compressedText, deflated("{}")))
      assert.strictEqual(yield* client.closed, 1002)
    }).pipe(Effect.scoped, Effect.provide(served(compressing)))
  )
})

it.live("a server compresses nothing by default", () =>
  Effect.gen(function* () {
    const client = yield* connect({ perMessageDeflate: true })
    assert.strictEqual(client.extensions, "")
    assert.propertyVal(client.established["features"], "compression", false)
  }).pipe(Effect.scoped, Effect.provide(served()))
)
