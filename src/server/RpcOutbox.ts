/**
 * What goes out on one connection of the RPC wire: one frame per turn, the news of the connection and the answers to mounts first,
 * then the events, then all other answers, so that an answer never overtakes the change it speaks of. While the window of batches
 * the client has not acknowledged is full, readers stay where they are and catch up in one change.
 */
import type { Batch } from "./ChangeLog.ts"
import type * as LiveConfig from "./LiveConfig.ts"
import type { Connection, Frame } from "./Transport.ts"
import { Window } from "./Window.ts"

/** Where events come from. */
export interface Events {
  readonly isBehind: boolean
  readonly collect: (batch: number) => ReadonlyArray<Batch>
}

/** What goes out on one connection. */
export class RpcOutbox {
  readonly #connection: Connection
  readonly #config: LiveConfig.Service
  #replies: Array<string> = []
  /** What goes before the events. */
  #first: Array<string> = []
  /** Characters in both. */
  #waiting = 0
  /** Whether there is the answer of a call among them. */
  #answering = false
  /** The JSON of the id of the stream of events, while there is one. */
  #stream: string | undefined
  #window: Window

  constructor(connection: Connection, config: LiveConfig.Service) {
    this.#connection = connection
    this.#config = config
    this.#window = new Window(config)
  }

  /** Whether this is the id of the stream of events. */
  isStream(id: string): boolean {
    return this.#stream === id
  }

  /** Whether there is a stream of events. */
  get isOpen(): boolean {
    return this.#stream !== undefined
  }

  /** Events go out as chunks of this request from now on. */
  open(id: string): void {
    this.#stream = id
    this.#window = new Window(this.#config)
  }

  /** No more events go out. */
  close(): void {
    this.#stream = undefined
  }

  /** Sends one message with the next flush. */
  reply(message: string): void {
    if (this.#isTooMuch(message)) return
    this.#replies.push(message)
    if (this.#replies.length === 1) this.#connection.schedule()
  }

  /** Sends the answer of a call, and whatever was said before it. */
  answer(message: string): void {
    this.#answering = true
    this.reply(message)
  }

  /** Sends one message before the events; false when there is no room for it. */
  first(message: string): boolean {
    if (this.#isTooMuch(message)) return false
    this.#first.push(message)
    this.#connection.schedule()
    return true
  }

  /** Sends an event that is no component's, as a batch of its own, and gives its number. */
  tell(event: string): number {
    const message = `${this.#head}${event}]}`
    const batch = this.#window.next
    this.#window.count(message.length)
    this.first(message)
    return batch
  }

  /** The last batch the client is known to have. */
  get received(): number {
    return this.#window.received
  }

  /** The client has the batches up to this one, or one more; gives what it has, or undefined when it said so before. */
  acknowledge(batch = this.#window.received + 1): number | undefined {
    return this.#window.acknowledge(batch) ? this.#window.received : undefined
  }

  /** Writes what there is to say. */
  flush(events: Events | undefined): void {
    const { link } = this.#connection
    const replies = this.#replies.length + this.#first.length
    const batches = events !== undefined && this.#takes(events) ? events.collect(this.#window.next) : []
    this.#answering = false
    const [batch] = batches
    if (batch === undefined && replies === 0) return
    if (batch !== undefined && batches.length === 1 && replies === 0) {
      const head = this.#head
      return this.#writeBatch(batch.frame(link.kind + head, (text) => link.frame(`[${head}${text}]}]`)))
    }
    const messages = this.#first
    if (batch !== undefined) {
      const texts = batches.length === 1 ? batch.text : batches.map(({ text }) => text).join(",")
      messages.push(`${this.#head}${texts}]}`)
    }
    const frame = link.frame(`[${messages.concat(this.#replies).join(",")}]`)
    this.#first = []
    this.#replies = []
    this.#waiting = 0
    if (batch === undefined) link.write(frame)
    else this.#writeBatch(frame)
  }

  /** The answer of a call does not overtake the change it speaks of, so then there is no waiting for room. */
  #takes(events: Events): boolean {
    if (this.#stream === undefined) return false
    return this.#answering || (events.isBehind && this.#window.isOpen && this.#connection.hasRoom)
  }

  get #head(): string {
    return `{"_tag":"Chunk","requestId":${this.#stream},"values":[`
  }

  #writeBatch(frame: Frame): void {
    this.#window.count(frame.length)
    this.#connection.link.write(frame)
  }

  /** Answers that are too much for one frame end the connection; nobody who means well asks for them in one turn. */
  #isTooMuch(message: string): boolean {
    this.#waiting += message.length
    if (this.#waiting <= this.#config.maxBuffered) return false
    this.#replies = []
    this.#first = []
    this.#connection.link.close(1013, "The client asks for more than can be sent")
    return true
  }
}
