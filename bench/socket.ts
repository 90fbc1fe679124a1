/**
 * A WebSocket client that costs little, so that the load is not what is measured: text frames of ASCII that come whole, no
 * extensions. What arrives together is made text once, and frames sent in one turn leave in one write, whatever they say. It is no
 * client for anything else.
 */
import { connect, type Socket } from "node:net"

/** What becomes of a socket. */
export interface Listener {
  readonly opened: () => void
  readonly received: (text: string) => void
  /** It was closed, and not by us. */
  readonly lost: (why: string) => void
}

const empty = Buffer.alloc(0)

/** Bytes of a frame of which there may be many in what arrives together. */
const short = 1024

/** A client's end of one WebSocket. */
export class LightSocket {
  readonly #tcp: Socket
  readonly #listener: Listener
  #open = false
  #closing = false
  #rest: Buffer = empty
  #out: Array<Buffer> = []

  constructor(port: number, path: string, listener: Listener) {
    this.#listener = listener
    this.#tcp = connect({ host: "127.0.0.1", port, noDelay: true })
    this.#tcp.on("data", (data) => this.#data(data))
    this.#tcp.on("error", (error) => this.#lost(error.message))
    this.#tcp.on("close", () => this.#lost("closed"))
    this.#tcp.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
  }

  /** Sends a text at the end of this turn. */
  send(text: string): void {
    this.#out.push(frame(0x81, Buffer.from(text)))
    if (this.#out.length === 1) process.nextTick(() => this.#flush())
  }

  /** Ends the connection with a reset, which leaves no socket behind in TIME_WAIT. */
  close(): Promise<void> {
    this.#closing = true
    return new Promise((resolve) => {
      if (this.#tcp.closed) return resolve()
      this.#tcp.once("close", () => resolve())
      this.#tcp.resetAndDestroy()
    })
  }

  #flush(): void {
    const out = this.#out
    this.#out = []
    this.#tcp.write(out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out))
  }

  #data(data: Buffer): void {
    const bytes = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data])
    let at = 0
    if (!this.#open) {
      const end = bytes.indexOf("\r\n\r\n")
      if (end < 0) return void (this.#rest = bytes)
      if (!bytes.subarray(0, end).includes(" 101 ")) return this.#lost(bytes.subarray(0, end).toString())
      this.#open = true
      this.#listener.opened()
      at = end + 4
    }
    let text: string | undefined
    const textOf = (start: number, end: number) =>
      end - start > short ? bytes.toString("latin1", start, end) : (text ??= bytes.toString("latin1")).slice(start, end)
    while (at < bytes.length) {
      const next = this.#frame(bytes, at, textOf)
      if (next === undefined) break
      at = next
    }
    this.#rest = at === bytes.length ? empty : bytes.subarray(at)
  }

  /** Reads the frame at `at` and gives the place behind it; undefined when it is not all there. */
  #frame(bytes: Buffer, at: number, textOf: (start: number, end: number) => string): number | undefined {
    if (bytes.length < at + 2) return undefined
    let length = (bytes[at + 1] as number) & 0x7f
    let start = at + 2
    if (length === 126) {
      if (bytes.length < at + 4) return undefined
      length = bytes.readUInt16BE(at + 2)
      start = at + 4
    } else if (length === 127) {
      if (bytes.length < at + 10) return undefined
      length = Number(bytes.readBigUInt64BE(at + 2))
      start = at + 10
    }
    const end = start + length
    if (bytes.length < end) return undefined
    switch ((bytes[at] as number) & 0x0f) {
      case 1:
        this.#listener.received(textOf(start, end))
        break
      case 8:
        this.#lost(`closed with ${length < 2 ? "no code" : bytes.readUInt16BE(start)}`)
        break
      case 9:
        this.#tcp.write(frame(0x8a, bytes.subarray(start, end)))
    }
    return end
  }

  #lost(why: string): void {
    if (this.#closing) return
    this.#closing = true
    this.#tcp.destroy()
    this.#listener.lost(why)
  }
}

/** A whole frame, masked as a client has to. */
const frame = (head: number, payload: Buffer): Buffer => {
  const { length } = payload
  if (length >= 65_536) throw new Error("The bench sends no text of 64 KB or more.")
  const start = length < 126 ? 6 : 8
  const bytes = Buffer.allocUnsafe(start + length)
  bytes[0] = head
  if (start === 6) bytes[1] = 0x80 | length
  else {
    bytes[1] = 0x80 | 126
    bytes.writeUInt16BE(length, 2)
  }
  const mask = (Math.random() * 0xffff_ffff) | 1
  bytes.writeInt32BE(mask, start - 4)
  for (let index = 0; index < length; index++) {
    bytes[start + index] = (payload[index] as number) ^ (bytes[start - 4 + (index & 3)] as number)
  }
  return bytes
}
