/** A client's end of the raw server's wire. */
import { NumberedFrame } from "./frame.ts"
import { key, numberAfter } from "./scan.ts"
import type { Mounting, Reader, Said, Wire } from "./wire.ts"

const revision = key(`"revision":`)
const count = key(`"count":`)
const said = key(`"payload":{"id":`)
const increment = new NumberedFrame(`{"type":"increment","id":`, 0, `,"by":1}`)

/** Where the name of its type begins in a message, and what names begin with. */
const typeAt = `{"type":"`.length
const [state, reply, mounted, event] = ["s", "r", "m", "e"].map((letter) => letter.charCodeAt(0))

/** One client of the raw server. */
export class RawWire implements Wire {
  readonly #reader: Reader
  #counts = false

  constructor(reader: Reader) {
    this.#reader = reader
  }

  mount(mounting: Mounting): void {
    this.#counts = mounting.component === "Counter"
    this.#reader.send(JSON.stringify({ type: "mount", id: 0, start: 0, ...mounting }))
  }

  increment(id: number): void {
    this.#reader.send(increment.with(id))
  }

  write(id: number, text: string): void {
    this.#reader.send(JSON.stringify({ type: "write", id, text }))
  }

  say(id: number, said: Said): void {
    this.#reader.send(JSON.stringify({ type: "say", id, said }))
  }

  leave(): boolean {
    return false
  }

  read(bytes: Buffer, start: number, end: number): void {
    switch (bytes[start + typeAt]) {
      case state:
        return this.#reader.changed(
          numberAfter(bytes, revision, start, end),
          this.#counts ? numberAfter(bytes, count, start, end) : undefined
        )
      case reply:
        return this.#reader.answered()
      case mounted:
        return this.#reader.mounted(numberAfter(bytes, revision, start, end))
      case event:
        return this.#reader.heard(numberAfter(bytes, said, start, end))
    }
    this.#reader.failed(bytes.toString("utf8", start, end))
  }
}
