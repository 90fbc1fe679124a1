/**
 * A WebSocket client that costs little, so that the load is not what is measured: frames that come whole, no extensions. All sockets of
 * the process read into the same bytes, which are looked at where they are, and frames sent in one turn leave in one write.
 * It is no client for anything else.
 */
import { connect, type Socket } from "node:net"
import { frame } from "./frame.ts"

/** What becomes of a socket. */
export interface Listener {
  readonly opened: () => void
  /** A message, in the bytes from `start` to `end`, which are others after the call. */
  readonly received: (bytes: Buffer, start: number, end: number) => void
  /** It was closed, and not by us. */
  readonly lost: (why: string) => void
}

const empty = Buffer.alloc(0)

/** What all sockets read into: one is read at a time. */
const arriving = Buffer.allocUnsafeSlow(1 << 20)

/** A client's end of one WebSocket. */
export class LightSocket {
  readonly #tcp: Socket
  readonly #listener: Listener
  #open = false
  #closing = false
  #rest: Buffer = empty
  #out: Array<Buffer> = []
  readonly #flush = (): void => {
    const out = this.#out
    this.#out = []
    this.#tcp.write(out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out))
  }

  constructor(port: number, path: string, listener: Listener) {
    this.#listener = listener
    const callback = (length: number): boolean => {
      this.#data(arriving, length)
      return true
    }
    this.#tcp = connect({ host: "127.0.0.1", port, noDelay: true, onread: { buffer: arriving, callback } })
    this.#tcp.on("error", (error) => this.#lost(error.message))
    this.#tcp.on("close", () => this.#lost("closed"))
    this.#tcp.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
  }

  /** Sends a text, or a whole frame, at the end of this turn. */
  send(message: string | Buffer): void {
    this.#out.push(typeof message === "string" ? frame(message) : message)
    if (this.#out.length === 1) queueMicrotask(this.#flush)
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

  #data(data: Buffer, length: number): void {
    let [bytes, end] = [data, length]
    if (this.#rest.length > 0) {
      bytes = Buffer.concat([this.#rest, data.subarray(0, length)])
      end = bytes.length
    }
    let at = 0
    if (!this.#open) {
      const head = bytes.toString("latin1", 0, end)
      const blank = head.indexOf("\r\n\r\n")
      if (blank < 0) return void (this.#rest = Buffer.from(bytes.subarray(0, end)))
      if (!head.startsWith("HTTP/1.1 101 ")) return this.#lost(head.slice(0, blank))
      this.#open = true
      this.#listener.opened()
      at = blank + 4
    }
    while (at < end) {
      const next = this.#frame(bytes, at, end)
      if (next === undefined) break
      at = next
    }
    this.#rest = at === end ? empty : Buffer.from(bytes.subarray(at, end))
  }

  /** Reads the frame at `at`, in the bytes before `limit`, and gives the place behind it; undefined when it is not all there. */
  #frame(bytes: Buffer, at: number, limit: number): number | undefined {
    if (limit < at + 2) return undefined
    let length = (bytes[at + 1] as number) & 0x7f
    let start = at + 2
    if (length === 126) {
      if (limit < at + 4) return undefined
      length = bytes.readUInt16BE(at + 2)
      start = at + 4
    } else if (length === 127) {
      if (limit < at + 10) return undefined
      length = Number(bytes.readBigUInt64BE(at + 2))
      start = at + 10
    }
    const end = start + length
    if (limit < end) return undefined
    switch ((bytes[at] as number) & 0x0f) {
      case 1:
      case 2:
        this.#listener.received(bytes, start, end)
        break
      case 8:
        this.#lost(`closed with ${length < 2 ? "no code" : bytes.readUInt16BE(start)}`)
        break
      case 9:
        this.#tcp.write(frame(Buffer.from(bytes.subarray(start, end)), "pong"))
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
