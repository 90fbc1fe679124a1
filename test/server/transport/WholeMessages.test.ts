/** What is read past `ws`: nobody can tell the difference. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Duplex } from "node:stream"
import { ConnectionSocket } from "../../../src/server/transport/ConnectionSocket.ts"
import * as WholeMessages from "../../../src/server/transport/WholeMessages.ts"

const maxPayload = 60_000

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

/** A socket of the server, and what comes out of it. */
const open = () => {
  const told: Array<string> = []
  const tcp = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      told.push(`sent ${chunk.toString("hex")}`)
      done()
    }
  })
  const socket = new ConnectionSocket(null as never, undefined, {}) as ConnectionSocket & {
    _isServer: boolean
    setSocket: (tcp: Duplex, head: Buffer, options: object) => void
  }
  socket._isServer = true
  socket.setSocket(tcp, Buffer.alloc(0), { maxPayload, maxFragments: 4, allowSynchronousEvents: true })
  let isOpen = true
  const connection = {
    get isOpen() {
      return isOpen
    },
    config: { maxPayload },
    writer: { isCompressing: false },
    receive: (text: string) => {
      told.push(`message ${text}`)
      // As a connection does that has had enough.
      if (text === "end") {
        isOpen = false
        socket.close(1008)
      }
    },
    heard: () => told.push("pong"),
    closed: () => {},
    pay: () => {},
    takePong: () => true
  }
  socket.connection = connection as never
  return { socket, tcp, told }
}

/** What comes of bytes that arrive in these pieces. */
const told = async (pieces: ReadonlyArray<Buffer>, read: (socket: ConnectionSocket, piece: Buffer) => void) => {
  const { socket, tcp, told } = open()
  for (const piece of pieces) read(socket, Buffer.from(piece))
  // An error of `ws` is told in a later turn.
  await new Promise(setImmediate)
  tcp.destroy()
  return told
}

/** Nearly all are whole texts; the others are of every kind there is, and of some that there are not. */
const first = [0x01, 0x00, 0x80, 0x82, 0x89, 0x8a, 0x88, 0xc1, 0x83, 0xf1, 0x0a]
const lengths = [0, 1, 5, 60, 61, 62, 63, 125, 126, 127, 400, 1000, maxPayload, maxPayload + 1, 65_536]
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
    isMasked: sent.fault !== 1,
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

const ofWs = (socket: ConnectionSocket, piece: Buffer) => {
  if (socket._receiver.writable) socket._receiver.write(piece)
}

describe("messages that are read without ws", () => {
  it.effect.prop(
    "are what ws reads, with all that comes before, between and after them, wherever reads end",
    [Schema.Array(Sent).check(Schema.isMaxLength(6)), Cuts],
    ([sent, sizes]) =>
      Effect.promise(async () => {
        const pieces = cut(sent.map(frameOf), sizes)
        const expected = await told(pieces, ofWs)
        assert.deepStrictEqual(await told(pieces, (socket, piece) => void socket.read(piece)), expected)
      }),
    { arbitrary: { runs: 600 } }
  )

  it("never reach ws", async () => {
    const message = bytesOf({ first: 0x81, isMasked: true, payload: Buffer.from("hello") })
    const said = await told([Buffer.concat([message, message])], (socket, piece) => {
      Object.assign(socket._receiver, { write: () => assert.fail("it was written to ws") })
      socket.read(piece)
    })
    assert.deepStrictEqual(said, ["message hello", "message hello"])
  })

  it("leave what follows them as it came, whatever was looked at", () => {
    const broken = bytesOf({ first: 0x81, isMasked: true, payload: Buffer.from([0x61, 0xc3, 0x28]) })
    const bytes = Buffer.concat([bytesOf({ first: 0x81, isMasked: true, payload: Buffer.from("a") }), broken])
    const length = WholeMessages.read(bytes, maxPayload, { isOpen: true, receive: () => {} })
    assert.deepStrictEqual(bytes.subarray(length), broken)
  })
})
