/** One simulated client: a socket, its end of the wire, and what it has seen. What it does next is told by the load. */
import { LightSocket } from "./socket.ts"
import { StockSocket } from "./stock-socket.ts"
import * as wire from "./wire.ts"

/** What a client is to mount. */
export interface Target {
  readonly side: wire.Side
  readonly port: number
  readonly component: "Counter" | "Board"
  /** The same for all makes it one shared instance. */
  readonly key?: string
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
  /** Called whenever something came in. */
  onProgress: (client: Client) => void = () => {}
  /** Called when nothing more can come in. */
  onFailure: (error: Error) => void = () => {}
  readonly #socket: LightSocket | StockSocket
  readonly #wire: wire.Wire
  readonly #left = Promise.withResolvers<void>()
  #componentId = ""

  constructor({ component, key, port, side, stock }: Target) {
    const ready = Promise.withResolvers<void>()
    this.ready = ready.promise
    const failed = (why: string) => {
      const error = new Error(`A client of ${side} failed: ${why}`)
      ready.reject(error)
      this.onFailure(error)
    }
    this.#socket = new (stock === true ? StockSocket : LightSocket)(port, wire.paths[side], {
      opened: () => this.#wire.mount(component, key),
      received: (text) => {
        this.#wire.read(text)
        this.onProgress(this)
      },
      lost: failed
    })
    this.#wire = wire.make(side, {
      mounted: (componentId, revision) => {
        this.#componentId = componentId
        this.revision = revision
        ready.resolve()
      },
      changed: (revision) => {
        if (revision === this.revision + 1) this.changes++
        else this.merged += revision - this.revision
        this.revision = revision
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

  async close(): Promise<void> {
    if (this.#wire.leave()) await this.#left.promise
    await this.#socket.close()
  }
}
