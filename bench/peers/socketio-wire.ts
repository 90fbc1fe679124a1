/** A client's end of Engine.IO 4 and Socket.IO 5, over WebSocket. */
import { frame, NumberedFrame } from "../frame.ts"
import { key, numberAfter, startsWith } from "../scan.ts"
import type { Mounting, Reader, Said, Wire } from "../wire.ts"

const count = key(`"count":`)
const said = key(`{"id":`)
const stateEvent = key(`42["state"`)
const pong = frame("3")

/** An acknowledgement has the number of what it answers; the mount has this one. */
const mountId = 0
const increment = new NumberedFrame("42", 0, `["increment",{"by":1}]`)

const [open, ping, message] = ["0", "2", "4"].map((digit) => digit.charCodeAt(0))
const [connected, event, acknowledged] = ["0", "2", "3"].map((digit) => digit.charCodeAt(0))

/** One client of a server of Socket.IO. */
export class SocketIoWire implements Wire {
  readonly #reader: Reader
  #mounting: Mounting | undefined
  #isMounted = false

  constructor(reader: Reader) {
    this.#reader = reader
  }

  /** The server speaks first. */
  mount(mounting: Mounting): void {
    this.#mounting = mounting
  }

  increment(id: number): void {
    this.#reader.send(increment.with(mountId + 1 + id))
  }

  write(): void {
    this.#reader.failed("there is no board")
  }

  say(id: number, said: Said): void {
    this.#reader.send(`42${mountId + 1 + id}${JSON.stringify(["say", said])}`)
  }

  leave(): boolean {
    return false
  }

  read(bytes: Buffer, start: number, end: number): void {
    switch (bytes[start]) {
      case message:
        return this.#message(bytes, start, end)
      case ping:
        return this.#reader.send(pong)
      case open:
        return this.#reader.send("40")
    }
    this.#reader.failed(bytes.toString("utf8", start, end))
  }

  #message(bytes: Buffer, start: number, end: number): void {
    switch (bytes[start + 1]) {
      case acknowledged:
        if (!this.#isMounted) {
          this.#isMounted = true
          return this.#reader.mounted(numberAfter(bytes, count, start, end))
        }
        this.#reader.answered()
        return this.#counted(numberAfter(bytes, count, start, end))
      case event:
        if (!startsWith(bytes, stateEvent, start, end)) {
          return this.#reader.heard(numberAfter(bytes, said, start, end))
        }
        return this.#counted(numberAfter(bytes, count, start, end))
      case connected:
        return this.#reader.send(`42${mountId}${JSON.stringify(["mount", this.#mounting])}`)
    }
    this.#reader.failed(bytes.toString("utf8", start, end))
  }

  /** A count of one's own is also the number of changes. */
  #counted(next: number): void {
    if (next >= 0) this.#reader.changed(next, next)
  }
}
