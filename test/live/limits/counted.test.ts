/**
 * One table of all that a client may send without being asked, and how it is counted, on both wires. Frames are written byte by byte
 * to a TCP socket, and it is seen how far the server has read.
 */
import { assert, describe, it, layer } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { LiveConfig } from "fibra/server"
import * as FrameMeter from "../../../src/server/transport/FrameMeter.ts"
import { connect, frame, served, type Wire } from "../../support/ByteClient.ts"

/** So many messages there may be, and not one more, however long it takes. */
const allowed = 40
const config = LiveConfig.layer({
  rate: 1e-9,
  rateBurst: 15,
  rateTolerance: allowed - 15,
  maxComponents: 5,
  idleTimeout: Duration.hours(1),
  firstMessageTimeout: Duration.infinity
})

const text = 0x81
const binary = 0x82
const part = 0x01
const continued = 0x00
const last = 0x80
const close = 0x88
const ping = 0x89
const pong = 0x8a

const json = (message: object) => frame(text, JSON.stringify(message))
const rpc = (tag: string, payload: unknown, fields: object = {}) =>
  json({ _tag: "Request", id: 1, tag, payload, headers: [], ...fields })
const inFragments = (piece: string) =>
  Buffer.concat([frame(part, piece), ...Array.from({ length: 15 }, () => frame(continued, piece)), frame(last, piece)])
const long = "x".repeat(1000)

interface Kind {
  readonly what: string
  /** What is sent each time; bytes apart are read apart. */
  readonly each: ReadonlyArray<Buffer>
  readonly before?: Buffer
  /** How many messages it counts as: 1 unless it is said. */
  readonly costs?: number
  /** How much of it there may be: `allowed` unless it is said. */
  readonly most?: number
  readonly on?: Wire
}

/** Kinds of frames, of messages of either wire, and of ways to send them. */
const kinds: ReadonlyArray<Kind> = [
  { what: "a text frame that is no JSON", each: [frame(text, "{")] },
  { what: "an empty text frame", each: [frame(text, "")] },
  { what: "an empty array", each: [frame(text, "[]")] },
  { what: "JSON that is no message", each: [frame(text, "null")] },
  { what: "a binary frame", each: [frame(binary, "{")] },
  { what: "an empty binary frame", each: [frame(binary, "")] },
  { what: "a ping", each: [frame(ping, "")] },
  { what: "a ping with a payload", each: [frame(ping, "y".repeat(100))] },
  { what: "a pong that nobody asked for", each: [frame(pong, "")] },
  { what: "a pong with a payload that nobody asked for", each: [frame(pong, "y".repeat(100))] },
  { what: "a message in seventeen short fragments", each: [inFragments("x")], costs: 2 },
  { what: "a message in seventeen empty fragments", each: [inFragments("")], costs: 2 },
  {
    what: "a long fragment of a message, which its size pays for",
    before: frame(part, "x"),
    each: [frame(continued, long)],
    costs: 0
  },
  {
    what: "sixteen messages in two fragments each",
    each: [Buffer.concat(Array.from({ length: 16 }, () => [frame(part, "["), frame(last, "]")]).flat())],
    costs: 17
  },
  {
    what: "a message whose second half comes later",
    each: [frame(text, "[]").subarray(0, 5), frame(text, "[]").subarray(5)]
  },
  {
    what: "a ping that comes byte by byte",
    each: Array.from(frame(ping, "y"), (byte) => Buffer.from([byte])),
    costs: 6
  },
  { what: "an RPC Ping", each: [json({ _tag: "Ping" })], on: "rpc" },
  { what: "an RPC Ack of nothing", each: [json({ _tag: "Ack", requestId: 7 })], on: "rpc" },
  { what: "an RPC Interrupt of nothing", each: [json({ _tag: "Interrupt", requestId: 7 })], on: "rpc" },
  { what: "an RPC Eof", each: [json({ _tag: "Eof" })], on: "rpc" },
  { what: "an RPC envelope that is none", each: [json({ _tag: "Nothing" })], on: "rpc" },
  { what: "a request Ping", each: [rpc("Ping", null)], on: "rpc" },
  {
    what: "a request Received of nothing new",
    each: [rpc("Received", { batch: 1 }, { isNotification: true })],
    on: "rpc"
  },
  { what: "a request Connect, again", before: rpc("Connect", {}, { id: 9 }), each: [rpc("Connect", {})], on: "rpc" },
  { what: "a request that there is not", each: [rpc("Nothing", {})], on: "rpc" },
  { what: "a request with a payload that is none", each: [rpc("Resync", 5)], on: "rpc" },
  { what: "a Mount with a payload that is none", each: [rpc("Mount", 5)], most: allowed + 5, on: "rpc" },
  { what: "a Mount", each: [rpc("Mount", { component: "None", props: {} })], most: allowed + 5, on: "rpc" },
  {
    what: "a Rehydrate",
    each: [rpc("Rehydrate", { component: "None", props: {}, token: "x" })],
    most: allowed + 5,
    on: "rpc"
  },
  { what: "a notification", each: [rpc("Call", {}, { isNotification: true })], on: "rpc" },
  { what: "a Resync of nothing", each: [rpc("Resync", { componentId: "none" })], on: "rpc" },
  { what: "an Unmount of nothing", each: [rpc("Unmount", { componentId: "none" })], on: "rpc" },
  {
    what: "ten requests in one frame",
    each: [json(Array.from({ length: 10 }, () => ({ _tag: "Ping" })))],
    costs: 10,
    on: "rpc"
  },
  {
    what: "a COMPONENT_MOUNT",
    each: [json({ type: "COMPONENT_MOUNT", payload: { component: "None" } })],
    most: allowed + 5,
    on: "ws"
  },
  {
    what: "a COMPONENT_REHYDRATE",
    each: [json({ type: "COMPONENT_REHYDRATE", payload: { componentName: "None", signedState: "x" } })],
    most: allowed + 5,
    on: "ws"
  },
  { what: "a COMPONENT_PING", each: [json({ type: "COMPONENT_PING", componentId: "none" })], on: "ws" },
  {
    what: "a COMPONENT_UNMOUNT of nothing",
    each: [json({ type: "COMPONENT_UNMOUNT", componentId: "none" })],
    on: "ws"
  },
  {
    what: "a CALL_ACTION of nothing",
    each: [json({ type: "CALL_ACTION", componentId: "none", action: "none" })],
    on: "ws"
  },
  {
    what: "a PROPERTY_UPDATE of nothing",
    each: [json({ type: "PROPERTY_UPDATE", componentId: "none", property: "x", value: 1 })],
    on: "ws"
  },
  {
    what: "a FILE_UPLOAD_CHUNK of nothing",
    each: [json({ type: "FILE_UPLOAD_CHUNK", componentId: "none", uploadId: "x", chunkIndex: 0, data: "" })],
    on: "ws"
  },
  { what: "a message of a type that there is not", each: [json({ type: "NOTHING" })], on: "ws" },
  {
    what: "ten messages in one frame",
    each: [json(Array.from({ length: 10 }, () => ({ type: "NOTHING" })))],
    costs: 10,
    on: "ws"
  }
]

layer(served.pipe(Layer.provide(config)))("what a client sends without being asked", (it) => {
  for (const { before, costs = 1, each, most = allowed, on, what } of kinds) {
    for (const wire of on === undefined ? (["rpc", "ws"] as const) : [on]) {
      it.effect(`${what} counts as ${costs} (${wire})`, () =>
        Effect.gen(function* () {
          const client = yield* connect(wire)
          // The question that follows a request to come back on the open wire is none of these.
          if (before !== undefined) yield* client.write(before)
          const spent = what.endsWith("again") ? 1 : 0
          const times = costs === 0 ? 200 : Math.floor((most - spent) / costs)
          for (let time = 0; time < times; time++) for (const bytes of each) yield* client.write(bytes)
          assert.isUndefined(client.code(), "it was closed before it had sent as much as it may")
          if (costs === 0) return
          for (let more = 0; more < costs; more++) for (const bytes of each) yield* client.write(bytes)
          assert.strictEqual(yield* client.closed, 1008)
        }).pipe(Effect.scoped)
      )
    }
  }

  for (const wire of ["rpc", "ws"] as const) {
    it.effect(`the answer to a ping of the server is free, once (${wire})`, () =>
      Effect.gen(function* () {
        const client = yield* connect(wire)
        for (let beat = 1; beat <= 2 * allowed; beat++) {
          yield* TestClock.adjust("15 seconds")
          yield* client.pinged(beat)
          yield* client.write(frame(pong, ""))
        }
        assert.isUndefined(client.code())
        for (let time = 0; time <= allowed; time++) yield* client.write(frame(pong, ""))
        assert.strictEqual(yield* client.closed, 1008)
      }).pipe(Effect.scoped)
    )

    it.effect(`nothing is read after the first close frame of a connection (${wire})`, () =>
      Effect.gen(function* () {
        const client = yield* connect(wire)
        yield* client.write(Buffer.concat(Array.from({ length: 1000 }, () => frame(close, Buffer.from([0x03, 0xe8])))))
        assert.strictEqual(yield* client.closed, 1000)
      }).pipe(Effect.scoped)
    )

    it.effect(`a client that is closed for it is not read any more (${wire})`, () =>
      Effect.gen(function* () {
        const client = yield* connect(wire)
        yield* client.write(Buffer.concat(Array.from({ length: 10_000 }, () => frame(pong, ""))))
        assert.strictEqual(yield* client.closed, 1008)
        assert.isFalse(client.isRead())
        yield* client.gone
      }).pipe(Effect.scoped)
    )
  }
})

describe("the meter of frames", () => {
  /** What it counts of these frames, read in pieces of this size. */
  const counted = (frames: ReadonlyArray<Buffer>, size: number) => {
    let position: FrameMeter.FramePosition | undefined
    let [paid, due] = [0, 1]
    const payer = { isOpen: true, pay: () => void paid++, takePong: () => due-- > 0 }
    const bytes = Buffer.concat(frames)
    for (let offset = 0; offset < bytes.length; offset += size) {
      position = FrameMeter.read(position, bytes.subarray(offset, offset + size), payer)
    }
    assert.isUndefined(position)
    return paid
  }
  const sizes = [0, 1, 125, 126, 127, 500, 65_535, 65_536, 200_000]
  const messages = sizes.map((size) => frameOf(text, size))
  const controls = [frame(ping, "a"), frame(pong, "b"), frame(pong, "c"), frame(ping, "")]

  it("the meter finds every frame, wherever reads end", () => {
    // Two pings and the second pong; what is read in pieces of this size is no crumb.
    for (const size of [512, 513, 1000, 4096, 65_536, 1_000_000]) {
      const apart = [...messages, ...controls].flatMap((one) => [one, frameOf(text, 600)])
      assert.isAtMost(counted(apart, size), 4, `in pieces of ${size}`)
      assert.isAtLeast(counted(apart, size), 3, `in pieces of ${size}`)
    }
  })

  it("the meter counts a read that completes nothing, unless it is large", () => {
    const [byByte, byHundreds] = [counted([frameOf(text, 1000)], 1), counted([frameOf(text, 1000)], 100)]
    assert.deepStrictEqual([byByte, byHundreds], [1006, 9])
    assert.strictEqual(counted([frameOf(text, 100_000)], 512), 0)
  })
})

/** A frame of so many bytes, with the longest head that it needs. */
function frameOf(first: number, size: number): Buffer {
  const head = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10)
  head[0] = first
  head[1] = 0x80 | (size < 126 ? size : size < 65_536 ? 126 : 127)
  if (head.length === 4) head.writeUInt16BE(size, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(size), 2)
  return Buffer.concat([head, Buffer.alloc(4 + size)])
}
