/** What is read past `ws`: nobody can tell the difference. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Duplex } from "node:stream"
import { WebSocket } from "ws"
import type { Connection } from "../../../src/server/transport/Connection.ts"
import { ConnectionSocket } from "../../../src/server/transport/ConnectionSocket.ts"
import * as FrameMeter from "../../../src/server/transport/FrameMeter.ts"
import * as WholeMessages from "../../../src/server/transport/WholeMessages.ts"

const maxPayload = 70_000

/** A frame as a client sends it; `length` and `isMasked` as it says, whether that is true or not. */
interface Frame {
  readonly first: number
  readonly isMasked: boolean
  readonly payload: Buffer
}

const bytesOf = ({ first, isMasked, payload }: Frame): Buffer => {
  const { length } = payload
  const flag = isMasked ? 0x80 : 0
  const head =
    length < 126
      ? Buffer.from([first, flag | length])
      : length < 65_536
        ? Buffer.from([first, flag | 126, length >> 8, length & 255])
        : Buffer.from([first, flag | 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255])
  if (!isMasked) return Buffer.concat([head, payload])
  const mask = Buffer.from([0x12, 0xfe, 0x00, 0x7a])
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ (mask[index & 3] as number))])
}

/** What both sides have. */
const options = { maxPayload, maxFragments: 4, allowSynchronousEvents: true }

interface Open {
  readonly tcp: Duplex
  readonly read: (piece: Buffer) => void
  readonly told: Array<string>
}

/** A TCP socket, and what is written to it. */
const open = (attach: (tcp: Duplex, connection: Connection) => void): Open => {
  const told: Array<string> = []
  const tcp = Object.assign(
    new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        told.push(`sent ${chunk.toString("hex")}`)
        done()
      }
    }),
    { setTimeout: () => {}, setNoDelay: () => {} }
  )
  let [isOpen, pongsDue] = [true, 1]
  const say = (what: string) => void told.push(what)
  const connection = {
    get isOpen() {
      return isOpen
    },
    config: { maxPayload },
    writer: { isCompressing: false },
    receive: (text: string) => {
      say(`message ${text}`)
      // As a connection does that has had enough.
      if (text === "end") isOpen = false
    },
    receiveLong: (text: Buffer) => say(`message ${text.toString("latin1")}`),
    receiveBytes: (bytes: Buffer) => say(`bytes ${bytes.toString("hex")}`),
    heard: () => say("pong"),
    ponged: () => {
      if (pongsDue-- <= 0) say("paid")
      say("pong")
    },
    closed: () => say("closed"),
    pay: () => say("paid"),
    takePong: () => pongsDue-- > 0,
    advances: () => {}
  } as never as Connection
  attach(tcp, connection)
  return { tcp, told, read: (piece) => void tcp.emit("data", piece) }
}

/** As the server has it. */
const ours = (tcp: Duplex, connection: Connection) => {
  const socket = new ConnectionSocket(null as never, undefined, {})
  Object.assign(socket, { _isServer: true, options, connection })
  socket.setSocket(tcp as never, Buffer.alloc(0))
}

/** `ws` alone, with the meter of frames before it. */
class Reference extends WebSocket {
  declare connection: Connection
  override emit(event: string | symbol, data?: unknown, isBinary?: unknown): boolean {
    const { connection } = this
    if (event === "message" && connection.isOpen) {
      if (isBinary === true) connection.receiveBytes(data as Buffer)
      else connection.receive((data as Buffer).toString())
    } else if (event === "pong") connection.heard()
    else if (event === "close") connection.closed()
    return true
  }
}

const ofWs = (tcp: Duplex, connection: Connection) => {
  const socket = new Reference(null as never, undefined, {}) as Reference & {
    readonly _receiver: { readonly writable: boolean }
    setSocket: (tcp: Duplex, head: Buffer, settings: object) => void
  }
  Object.assign(socket, { _isServer: true, connection })
  let position: FrameMeter.FramePosition | undefined
  tcp.on("data", (chunk: Buffer) => {
    // What follows an error is not looked at.
    if (connection.isOpen && socket._receiver.writable) position = FrameMeter.read(position, chunk, connection)
  })
  socket.setSocket(tcp, Buffer.alloc(0), options)
}

/** What comes of bytes that arrive in these pieces, and of the end of the socket. */
const told = async (pieces: ReadonlyArray<Buffer>, attach: typeof ours, ending: "end" | "error") => {
  const { read, tcp, told } = open(attach)
  for (const piece of pieces) {
    const chunk = Buffer.from(piece)
    read(chunk)
    // The next read of any socket is into the same buffer.
    if (attach === ours) chunk.fill(0xff)
    // An error of `ws` is told in a later turn, and so is what it reads next.
    await new Promise(setImmediate)
  }
  if (ending === "end") tcp.push(null)
  else tcp.destroy(new Error("ECONNRESET"))
  // `ws` is told of the end in some later turn.
  for (let turn = 0; turn < 3 || (turn < 100 && !told.includes("closed")); turn++) await new Promise(setImmediate)
  // All of a read may be counted before any of it is handled.
  const isPaid = (what: string) => what === "paid"
  // What comes after the end of a connection need not be counted.
  const paid = told.includes("message end") ? undefined : told.filter(isPaid).length
  return { paid, told: told.filter((what) => !isPaid(what)) }
}

/** Nearly all are whole texts; the others are of every kind there is, and of some that there are not. */
const first = [0x01, 0x00, 0x80, 0x82, 0x82, 0x82, 0x89, 0x8a, 0x88, 0xc1, 0x83, 0xf1, 0x0a]
const lengths = [0, 1, 5, 60, 61, 62, 63, 125, 126, 127, 400, 1000, 60_000, 65_535, 65_536, maxPayload, maxPayload + 1]
const fillers = ["a", "a", "a", "é", "€", "💥", "\u0000"]
const within = (size: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: size - 1 }))

const Sent = Schema.Struct({
  first: within(40),
  length: within(lengths.length),
  filler: within(fillers.length),
  /** Cuts a character in two, forgets the mask, or says "end". */
  fault: within(25)
})

const frameOf = (sent: typeof Sent.Type): Buffer => {
  const length = lengths[sent.length] as number
  const filler = Buffer.from(fillers[sent.filler] as string)
  const payload = Buffer.alloc(sent.fault === 0 ? length : length - (length % filler.length), filler)
  return bytesOf({
    first: first[sent.first] ?? 0x81,
    isMasked: ![1, 3, 4].includes(sent.fault),
    payload: sent.fault === 2 ? Buffer.from("end") : payload
  })
}

/** Where reads end: after each frame, or after so many bytes each, over and over. */
const Cuts = Schema.Array(Schema.Literals([1, 2, 3, 5, 7, 50, 200, 1000, 66_000, 1_000_000])).check(
  Schema.isMaxLength(3)
)

const cut = (frames: ReadonlyArray<Buffer>, sizes: ReadonlyArray<number>): ReadonlyArray<Buffer> => {
  if (sizes.length === 0) return frames
  const bytes = Buffer.concat(frames)
  const pieces: Array<Buffer> = []
  for (let offset = 0; offset < bytes.length;) {
    const size = sizes[pieces.length % sizes.length] as number
    // Byte by byte only what is short.
    const end = offset + Math.max(size, Math.ceil(bytes.length / 1000))
    pieces.push(bytes.subarray(offset, end))
    offset = end
  }
  return pieces
}

describe("a socket", () => {
  it.effect.prop(
    "is read as ws would read it, with all that comes before, between and after a message, wherever reads end",
    [Schema.Array(Sent).check(Schema.isMaxLength(6)), Cuts, Schema.Literals(["end", "error"])],
    ([sent, sizes, ending]) =>
      Effect.promise(async () => {
        const pieces = cut(sent.map(frameOf), sizes)
        const expected = await told(pieces, ofWs, ending)
        assert.deepStrictEqual(await told(pieces, ours, ending), expected)
      }),
    { arbitrary: { runs: 400 } }
  )

  it("counts a pong that arrives in pieces once, and not at all when it is due", async () => {
    for (const count of [1, 2, 3]) {
      for (const size of [1, 3, 7, 30, 50, 65]) {
        const pongs = Array.from({ length: count }, () =>
          bytesOf({ first: 0x8a, isMasked: true, payload: Buffer.alloc(60, "a") })
        )
        const pieces = cut(pongs, [size])
        assert.deepStrictEqual(await told(pieces, ours, "end"), await told(pieces, ofWs, "end"), `${count} of ${size}`)
      }
    }
  })

  it("is not read by ws while only messages and pongs come, and has none of its listeners", () => {
    let socket: ConnectionSocket | undefined
    const { read, tcp, told } = open((tcp, connection) => {
      socket = new ConnectionSocket(null as never, undefined, {})
      Object.assign(socket, { options, connection })
      socket.setSocket(tcp as never, Buffer.alloc(0))
    })
    const message = bytesOf({ first: 0x81, isMasked: true, payload: Buffer.from("hello") })
    const pong = bytesOf({ first: 0x8a, isMasked: true, payload: Buffer.alloc(0) })
    read(Buffer.concat([message, pong, message]))
    socket?.ping()
    assert.deepStrictEqual(told, ["message hello", "pong", "message hello", "sent 8900"])
    assert.isNull(socket?._receiver)
    assert.strictEqual(tcp.listenerCount("data"), 1)
  })

  it("holds nothing of what ws makes for each socket before it takes over, and then answers pings as ws does", async () => {
    let socket: ConnectionSocket | undefined
    const { read, tcp, told } = open((tcp, connection) => {
      socket = new ConnectionSocket(null as never, undefined, { autoPong: true, maxPendingAutoPongs: 2 } as object)
      Object.assign(socket, { _isServer: true, options, connection })
      tcp.on("end", () => {})
      socket.setSocket(tcp as never, Buffer.alloc(0))
    })
    assert.isUndefined(socket?._events)
    assert.isUndefined(socket?._autoPongComplete)
    assert.isTrue(Object.isFrozen(socket?._extensions))
    assert.strictEqual(tcp.listenerCount("end"), 1)
    const ping = bytesOf({ first: 0x89, isMasked: true, payload: Buffer.from("?") })
    for (let sent = 0; sent < 5; sent++) {
      read(ping)
      await new Promise(setImmediate)
    }
    // Were they not counted down again, the third would end the connection.
    assert.strictEqual(told.filter((what) => what.startsWith("sent 8a01")).length, 5)
    assert.notInclude(told, "closed")
    assert.strictEqual(socket?._pendingAutoPongs, 0)
  })

  it("leaves what follows a message as it came, whatever was looked at", () => {
    const broken = bytesOf({ first: 0x81, isMasked: true, payload: Buffer.from([0x61, 0xc3, 0x28]) })
    const bytes = Buffer.concat([bytesOf({ first: 0x81, isMasked: true, payload: Buffer.from("a") }), broken])
    const end = WholeMessages.next(bytes, 0, maxPayload)?.end
    assert.strictEqual(end, bytes.length - broken.length)
    assert.isUndefined(WholeMessages.next(bytes, end ?? 0, maxPayload))
    assert.deepStrictEqual(bytes.subarray(end), broken)
  })
})
