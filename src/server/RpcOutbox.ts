/**
 * What goes out on one connection of the RPC wire: one frame per turn, the news of the connection and the answers to mounts first,
 * then the events, then all other answers, so that an answer never overtakes the change it speaks of. While the window of batches
 * the client has not acknowledged is full, readers stay where they are and catch up in one change.
 */
import type { Batch } from "./ChangeLog.ts"
import type * as LiveConfig from "./LiveConfig.ts"
import type { Connection } from "./Transport.ts"
import { Window } from "./Window.ts"

/** Where events come from. */
export interface Events {
  readonly isBehind: boolean
  readonly collect: () => ReadonlyArray<Batch>
  /** What was collected goes out up to this batch. */
  readonly sent: (batch: number) => void
}

/** Characters from which a batch is worth a frame of its own, which is made once for all who get it. */
const sharedFrom = 4096

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
    const batch = this.#window.next
    this.first(this.#chunk(event))
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
    const batches = events !== undefined && this.#takes(events) ? events.collect() : []
    this.#answering = false
    const [batch] = batches
    // Before it is written: whoever hears of it may be heard at once.
    if (batch !== undefined) events?.sent(this.#window.next - 1 + countChunks(batches))
    if (batch !== undefined && batches.length === 1 && this.#replies.length + this.#first.length === 0) {
      this.#writeShared(batch)
    } else {
      this.#writeAll(batches)
    }
  }

  /** As little as possible is put together for this connection alone: what is long is written as others get it, too. */
  #writeAll(batches: ReadonlyArray<Batch>): void {
    let texts: Array<string> = []
    const gather = () => {
      if (texts.length > 0) this.#first.push(this.#chunk(texts.join(",")))
      texts = []
    }
    for (const batch of batches) {
      if (batch.text.length < sharedFrom) texts.push(batch.text)
      else {
        gather()
        this.#writeMessages(this.#take())
        this.#writeShared(batch)
      }
    }
    gather()
    const replies = this.#replies
    this.#replies = []
    this.#waiting = 0
    this.#writeMessages(this.#take().concat(replies))
  }

  #take(): Array<string> {
    const first = this.#first
    this.#first = []
    return first
  }

  #writeMessages(messages: ReadonlyArray<string>): void {
    const { link } = this.#connection
    if (messages.length > 0) link.write(link.frame(`[${messages.join(",")}]`))
  }

  /** Writes a batch as a frame that is the same for all who get it. */
  #writeShared(batch: Batch): void {
    const { link } = this.#connection
    const head = this.#head
    const frame = batch.frame(link.kind + head, (text) => link.frame(`[${head}${text}]}]`))
    this.#window.count(frame.length)
    link.write(frame)
  }

  /** A batch as a message among others. */
  #chunk(events: string): string {
    const message = `${this.#head}${events}]}`
    this.#window.count(message.length)
    return message
  }

  /** The answer of a call does not overtake the change it speaks of, so then there is no waiting for room. */
  #takes(events: Events): boolean {
    if (this.#stream === undefined) return false
    return this.#answering || (events.isBehind && this.#window.isOpen && this.#connection.hasRoom)
  }

  get #head(): string {
    return `{"_tag":"Chunk","requestId":${this.#stream},"values":[`
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

/** How many chunks these are written as: each that is long, and each run of those that are not. */
const countChunks = (batches: ReadonlyArray<Batch>): number => {
  const isLong = (batch: Batch | undefined) => batch === undefined || batch.text.length >= sharedFrom
  return batches.filter((batch, index) => isLong(batch) || isLong(batches[index - 1])).length
}
