/** One simulated client: a socket, its end of the wire, and what it has seen. What it does next is told by the load. */
import { LightSocket } from "./socket.ts"
import { StockSocket } from "./stock-socket.ts"
import type { Mounting, Wire } from "./wire.ts"
import * as wires from "./wires.ts"

/** What a client is to mount, and where. */
export interface Target extends Mounting {
  readonly side: wires.Side
  readonly port: number
  readonly front: wires.Front
  /** Whether the client is the one of `ws` and not the light one. */
  readonly stock?: boolean
}

/** One simulated client. */
export class Client {
  readonly ready: Promise<void>
  /** Requests sent, answers to them, and the revision of the state. */
  asked = 0
  answered = 0
  revision = 0
  /** Changes that arrived one by one, and those that came merged with others. */
  changes = 0
  merged = 0
  /** What the counter says. */
  count = 0
  /** Events that are still to be heard. */
  missing = 0
  /** Called whenever something came in. */
  onProgress: (client: Client) => void = () => {}
  /** Called when nothing more can come in. */
  onFailure: (error: Error) => void = () => {}
  readonly #socket: LightSocket | StockSocket
  readonly #wire: Wire
  readonly #left = Promise.withResolvers<void>()
  #componentId = ""
  /** The id of the first event of a conversation, and which of them were heard. */
  #firstId = 0
  #heard = new Uint8Array()

  constructor({ front, port, side, stock, ...mounting }: Target) {
    const ready = Promise.withResolvers<void>()
    this.ready = ready.promise
    const failed = (why: string) => {
      const error = new Error(`A client of ${side} failed: ${why}`)
      ready.reject(error)
      this.onFailure(error)
    }
    this.#socket = new (stock === true ? StockSocket : LightSocket)(port, wires.pathOf(side, front), {
      opened: () => this.#wire.mount(mounting),
      received: (text) => {
        this.#wire.read(text)
        this.onProgress(this)
      },
      lost: failed
    })
    this.#wire = wires.make(side, front, {
      mounted: (componentId, revision) => {
        this.#componentId = componentId
        this.revision = revision
        ready.resolve()
      },
      changed: (revision, count) => {
        if (revision === this.revision + 1) this.changes++
        else this.merged += revision - this.revision
        this.revision = revision
        if (count !== undefined) this.count = count
      },
      heard: (id) => {
        const nth = id - this.#firstId
        if (this.#heard[nth] !== 0) return failed(`event ${id} came twice, or to nobody`)
        this.#heard[nth] = 1
        this.missing--
      },
      answered: () => void this.answered++,
      failed,
      left: () => this.#left.resolve(),
      send: (text) => this.#socket.send(text)
    })
  }

  /** Asks for one more. */
  increment(): void {
    this.#wire.increment(this.#componentId, this.asked++)
  }

  /** Writes a text of 200 bytes that is unlike the one before. */
  write(): void {
    const text = `${this.asked} `.padStart(200, "The quick brown fox jumps over the lazy dog. ")
    this.#wire.write(this.#componentId, this.asked++, text)
  }

  /** From now on these events are to be heard, and no others, each once. */
  listen(firstId: number, count: number): void {
    this.#firstId = firstId
    this.#heard = new Uint8Array(count)
    this.missing = count
  }

  /** Says one of them. */
  say(id: number): void {
    this.#wire.say(this.#componentId, this.asked++, { id, text: "The quick brown fox jumps over the lazy dog." })
  }

  async close(): Promise<void> {
    if (this.#wire.leave()) await this.#left.promise
    await this.#socket.close()
  }
}
