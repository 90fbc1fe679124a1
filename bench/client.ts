/** One simulated client: a socket, its end of the wire, and what it has seen. What it does next is told by the load. */
import { LightSocket } from "./socket.ts"
import type { Mounting, Wire } from "./wire.ts"
import * as wires from "./wires.ts"

/** More actions than a client ever has in flight. */
const ring = 32

/** What a client is to mount, and where. */
export interface Target extends Mounting {
  readonly side: wires.Side
  readonly port: number
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
  /** Events that were heard, those of them that the load has counted, and those that are still to be heard. */
  events = 0
  counted = 0
  missing = 0
  /** Actions whose time has been taken. */
  timed = 0
  /** Called whenever something came in. */
  onProgress: (client: Client) => void = () => {}
  /** Called when nothing more can come in. */
  onFailure: (error: Error) => void = () => {}
  #socket: LightSocket | undefined
  readonly #wire: Wire
  readonly #left = Promise.withResolvers<void>()
  /** The id of the first event of a conversation, and which of them were heard; of a broadcast, they come in order. */
  #firstId = 0
  #heard: Uint8Array | undefined
  /** When the last actions were asked for, in a ring. */
  readonly #times = new Float64Array(ring)

  constructor({ port, side, ...mounting }: Target) {
    const ready = Promise.withResolvers<void>()
    this.ready = ready.promise
    const failed = (why: string) => {
      const error = new Error(`A client of ${side} failed: ${why}`)
      ready.reject(error)
      this.onFailure(error)
    }
    this.#wire = wires.make(side, {
      mounted: (revision) => {
        this.revision = revision
        ready.resolve()
      },
      changed: (revision, count) => {
        if (revision <= this.revision) return
        if (revision === this.revision + 1) this.changes++
        else this.merged += revision - this.revision
        this.revision = revision
        if (count !== undefined) this.count = count
      },
      heard: (id) => {
        const nth = id - this.#firstId
        this.events++
        if (this.#heard === undefined) {
          if (nth + 1 !== this.events) failed(`event ${id} came as number ${this.events}`)
          return
        }
        if (this.#heard[nth] !== 0) return failed(`event ${id} came twice, or to nobody`)
        this.#heard[nth] = 1
        this.missing--
      },
      answered: () => void this.answered++,
      failed,
      left: () => this.#left.resolve(),
      send: (message) => this.#socket?.send(message)
    })
    const open = (path: string) => {
      this.#socket = new LightSocket(port, path, {
        opened: () => this.#wire.mount(mounting),
        received: (bytes, start, end) => {
          this.#wire.read(bytes, start, end)
          this.onProgress(this)
        },
        lost: failed
      })
    }
    wires.pathOf(side, port, mounting).then(open, (error) => failed(String(error)))
  }

  /**
   * Actions of a counter of one's own that were answered, and whose new state is in: what the server was asked for in one
   * turn may come as one change.
   */
  get done(): number {
    return Math.min(this.answered, this.count)
  }

  /** Asks for one more. */
  increment(now = 0): void {
    this.#times[this.asked % ring] = now
    this.#wire.increment(this.asked++)
  }

  /** When the action was asked for that is done next, of those whose time has not been taken; they are then one less. */
  askedAt(): number {
    return this.#times[this.timed++ % ring] as number
  }

  /** Writes a text of 200 bytes that is unlike the one before. */
  write(): void {
    const text = `${this.asked} `.padStart(200, "The quick brown fox jumps over the lazy dog. ")
    this.#wire.write(this.asked++, text)
  }

  /** From now on these events are to be heard, and no others, each once. */
  listen(firstId: number, count: number): void {
    this.#firstId = firstId
    this.#heard = new Uint8Array(count)
    this.missing = count
  }

  /** From now on the events that are broadcast are to be heard, each once, and in order. */
  follow(firstId: number): void {
    this.#firstId = firstId
    this.#heard = undefined
    this.events = this.counted = 0
  }

  /** Says one of them. */
  say(id: number, text = "The quick brown fox jumps over the lazy dog."): void {
    this.#wire.say(this.asked++, { id, text })
  }

  async close(): Promise<void> {
    if (this.#wire.leave()) await this.#left.promise
    await this.#socket?.close()
  }
}
