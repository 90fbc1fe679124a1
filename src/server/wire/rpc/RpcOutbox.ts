/**
 * What goes out on one connection of the RPC wire: one frame per turn, the news of the connection and the answers to mounts first,
 * then the events, then all other answers, so that an answer never overtakes the change it speaks of. While the window of batches
 * the client has not acknowledged is full, readers stay where they are and catch up in one change.
 */
import type { Batch } from "../../sync/Batch.ts"
import { Outbox, type Unread } from "../Outbox.ts"
import type { Connection } from "../../transport/Connection.ts"
import type { Frame } from "../../transport/FrameWriter.ts"
import { AckWindow } from "./AckWindow.ts"

/** Characters from which a batch is worth a frame of its own, which is made once for all who get it. */
const sharedFrom = 4096

/** What goes out on one connection. */
export class RpcOutbox extends Outbox {
  /** The JSON of the id of the stream of events, while there is one. */
  #stream: string | undefined
  #window: AckWindow

  constructor(connection: Connection) {
    super(connection)
    this.#window = new AckWindow(this.config)
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
    this.#window = new AckWindow(this.config)
  }

  /** No more events go out. */
  close(): void {
    this.#stream = undefined
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
  flush(events: Unread | undefined): void {
    const batches = events !== undefined && this.#collects(events) ? events.collect() : []
    const frames = this.#frames(batches)
    if (batches.length > 0) events?.sent(this.#window.next - 1)
    for (const frame of frames) this.connection.writer.write(frame)
  }

  /** As little as possible is put together for this connection alone: what is long is written as others get it, too. */
  #frames(batches: ReadonlyArray<Batch>): ReadonlyArray<Frame> {
    const { writer } = this.connection
    const { first, last } = this.drain()
    const frames: Array<Frame> = []
    let messages = [...first]
    let texts: Array<string> = []
    const gather = () => {
      if (texts.length > 0) messages.push(this.#chunk(texts.join(",")))
      texts = []
    }
    const close = () => {
      gather()
      if (messages.length > 0) frames.push(writer.frame(`[${messages.join(",")}]`))
      messages = []
    }
    const isAlone = batches.length === 1 && first.length + last.length === 0
    for (const batch of batches) {
      if (!isAlone && batch.text.length < sharedFrom) texts.push(batch.text)
      else {
        close()
        frames.push(this.#shared(batch))
      }
    }
    gather()
    messages.push(...last)
    close()
    return frames
  }

  /** A batch as a frame that is the same for all who get it. */
  #shared(batch: Batch): Frame {
    const { writer } = this.connection
    const head = this.#head
    const frame = batch.frame(writer.kind + head, ({ text }) => writer.frame(`[${head}${text}]}]`))
    this.#window.count(frame.length)
    return frame
  }

  /** A batch as a message among others. */
  #chunk(events: string): string {
    const message = `${this.#head}${events}]}`
    this.#window.count(message.length)
    return message
  }

  /** The answer of a call does not overtake the change it speaks of, so then there is no waiting for room. */
  #collects(events: Unread): boolean {
    if (this.#stream === undefined) return false
    return this.isAnswering || (events.isBehind && this.#window.isOpen && this.connection.hasRoom)
  }

  get #head(): string {
    return `{"_tag":"Chunk","requestId":${this.#stream},"values":[`
  }
}
