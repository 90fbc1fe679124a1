/**
 * Writes the messages of one connection on the RPC wire, one frame per turn: messages of the connection and answers to
 * mounts first, then events, then all other replies, so that an answer never overtakes the change it made. While the
 * window of unacknowledged batches is full, nothing is collected, and later all changes are sent as one.
 */
import * as MessageParts from "../../../MessageParts.ts"
import type { Batch } from "../../sync/Batch.ts"
import { type Messages, Outbox, type Unread } from "../Outbox.ts"
import type { Frame } from "../../transport/FrameWriter.ts"
import { AckWindow } from "./AckWindow.ts"

/** Characters from which a batch is worth a frame of its own, which is built once for all clients. */
const sharedFrom = 4096

const nothing: ReadonlyArray<Frame> = []

/** Writes the messages of one connection. */
export class RpcOutbox extends Outbox {
  /** The id of the stream of events, as JSON, while there is one. */
  #stream: string | undefined
  #window = new AckWindow()
  /** Whether the client takes long messages in parts. */
  #inParts = false

  /** Whether this is the id of the stream of events. */
  isStream(id: string): boolean {
    return this.#stream === id
  }

  /** Whether there is a stream of events. */
  get isOpen(): boolean {
    return this.#stream !== undefined
  }

  /** Begins to send events as chunks of this request; and from now on long messages in parts, or not. */
  open(id: string, inParts: boolean): void {
    this.#stream = id
    this.#inParts = inParts
    this.#window = new AckWindow()
  }

  /** Stops sending events. */
  close(): void {
    this.#stream = undefined
  }

  /** Sends an event of the connection as a batch of its own, and returns its number. */
  tell(event: string): number {
    const batch = this.#window.next
    this.first(this.#chunk(event))
    return batch
  }

  /** The last batch that the client has. */
  get received(): number {
    return this.#window.received
  }

  /**
   * The client has the batches up to this one; by default one more. Returns what it has, or undefined when it said so
   * before.
   */
  acknowledge(batch = this.#window.received + 1): number | undefined {
    return this.#window.acknowledge(batch) ? this.#window.received : undefined
  }

  /** Writes what there is to send. */
  flush(events: Unread | undefined): void {
    const batches = events !== undefined && this.#collects(events) ? events.collect() : []
    const messages = this.drain()
    const [batch] = batches
    // Most of what is broadcast: one frame, the same for all.
    const alone = batches.length === 1 && messages.first.length + messages.last.length === 0 ? batch : undefined
    const frame = alone === undefined ? undefined : this.#shared(alone)
    const frames = frame === undefined ? this.#frames(messages, batches) : nothing
    if (batches.length > 0) {
      events?.sent(this.#window.next - 1)
      this.connection.acts()
    }
    if (frame !== undefined) return this.connection.writer.write(frame)
    for (const each of frames) this.connection.writer.write(each)
  }

  /** Builds as little as possible for this connection alone: long batches are written as shared frames. */
  #frames(messages: Messages, batches: ReadonlyArray<Batch>): ReadonlyArray<Frame> {
    return batches.some(isLong) ? this.#severalFrames(messages, batches) : this.#oneFrame(messages, batches)
  }

  /** Of most turns: the messages of the connection, the events, and the replies. */
  #oneFrame({ first, last }: Messages, batches: ReadonlyArray<Batch>): ReadonlyArray<Frame> {
    const hasEvents = batches.length > 0
    const count = first.length + (hasEvents ? 1 : 0) + last.length
    if (count === 0) return nothing
    this.connection.messagesSent += count
    let text = joined(first)
    if (hasEvents) {
      const events = batches.length === 1 ? (batches[0] as Batch).text : batches.map(({ text }) => text).join(",")
      text += (text === "" ? "" : ",") + this.#chunk(events)
    }
    if (last.length > 0) text += (text === "" ? "" : ",") + joined(last)
    return [this.#frame(`[${text}]`)]
  }

  #severalFrames({ first, last }: Messages, batches: ReadonlyArray<Batch>): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    let messages = [...first]
    let texts: Array<string> = []
    const gather = () => {
      if (texts.length > 0) messages.push(this.#chunk(texts.join(",")))
      texts = []
    }
    const close = () => {
      gather()
      if (messages.length > 0) frames.push(this.#frame(`[${messages.join(",")}]`))
      this.connection.messagesSent += messages.length
      messages = []
    }
    for (const batch of batches) {
      if (!isLong(batch)) texts.push(batch.text)
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

  /** A batch as a frame that is the same for all clients. */
  #shared(batch: Batch): Frame {
    const key = { kind: this.connection.writer.kind, form: this.#stream, inParts: this.#inParts }
    const frame = batch.frame(key, ({ text }) => this.connection.writer.shared(this.#parts(`[${this.#head}${text}]}]`)))
    this.#window.count(frame.length)
    this.connection.messagesSent++
    return frame
  }

  #frame(text: string): Frame {
    const { writer } = this.connection
    return this.#inParts && MessageParts.isLong(text) ? writer.frames(MessageParts.split(text)) : writer.frame(text)
  }

  /** A message, in parts when it is long and the client takes it so. */
  #parts(text: string): ReadonlyArray<string> {
    return this.#inParts && MessageParts.isLong(text) ? MessageParts.split(text) : [text]
  }

  /** A batch as one message among others. */
  #chunk(events: string): string {
    const message = `${this.#head}${events}]}`
    this.#window.count(message.length)
    return message
  }

  /**
   * Whether to collect events. The answer of a call must not overtake the change it made, so then this does not wait
   * for room.
   */
  #collects(events: Unread): boolean {
    if (this.#stream === undefined) return false
    return this.isAnswering || (events.isBehind && this.#window.isOpen(this.config) && this.connection.hasRoom)
  }

  get #head(): string {
    return `{"_tag":"Chunk","requestId":${this.#stream},"values":[`
  }
}

/** Mostly there is none, or one, which to join would copy. */
const joined = (messages: ReadonlyArray<string>): string =>
  messages.length < 2 ? (messages[0] ?? "") : messages.join(",")

const isLong = ({ text }: Batch): boolean => text.length >= sharedFrom
