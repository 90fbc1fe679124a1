/**
 * Writes the messages of one connection on the JSON wire. In each turn, messages of the connection and answers to
 * mounts come first, then events, then all other replies, so that an answer never overtakes the change it made. All of
 * it is one write. While the client does not read, nothing is collected, and later it gets the latest state.
 */
import type { Batch, FrameKey } from "../../sync/Batch.ts"
import { type Messages, Outbox, type Unread } from "../Outbox.ts"
import type { Connection } from "../../transport/Connection.ts"
import * as JsonResponse from "./JsonResponse.ts"

/** Writes the messages of one connection. */
export class JsonOutbox extends Outbox {
  /** Whether the messages of one turn are sent as one array. */
  isBatching: boolean
  /** Milliseconds since 1970, for the timestamp of every message. */
  readonly now: () => number
  #batch = 1
  /** How the reply to the last call that was answered began. */
  #answered: { readonly componentId: string | undefined; readonly beginning: string } | undefined

  constructor(connection: Connection, isBatching: boolean, now: () => number) {
    super(connection)
    this.isBatching = isBatching
    this.now = now
  }

  /** How the reply to a call begins: most are to the same component as the one before. */
  beginningOf(reply: JsonResponse.Reply): string {
    const { componentId } = reply
    if (this.#answered === undefined || this.#answered.componentId !== componentId) {
      this.#answered = { componentId, beginning: JsonResponse.beginningOf(reply) }
    }
    return this.#answered.beginning
  }

  /** Begins the next batch, and returns the number of the one that ends. */
  endBatch(): number {
    return this.#batch++
  }

  /** Writes what there is to send. */
  flush(unread: Unread | undefined): void {
    const { hasRoom, writer } = this.connection
    // Clients acknowledge nothing here: what cannot be sent is kept for the next connection.
    const collects = writer.isOpen && (this.isAnswering || (unread?.isBehind === true && hasRoom))
    const batches = unread !== undefined && collects ? unread.collect() : []
    if (batches.length > 0) {
      unread?.sent(this.#batch)
      this.connection.acts()
    }
    const messages = this.drain()
    if (this.isBatching) this.#writeArray(messages, batches)
    else this.#writeEach(messages, batches)
  }

  /** Writes all in one frame. A single batch is written as a shared frame. */
  #writeArray({ first, last }: Messages, batches: ReadonlyArray<Batch>): void {
    const { writer } = this.connection
    const [batch] = batches
    const isAlone = first.length + last.length === 0 && batches.length === 1
    if (batch !== undefined && isAlone && batch.prefix === undefined) {
      this.connection.messagesSent += batch.texts.length
      return writer.write(batch.frame(this.#key("array"), ({ text }) => writer.shared([`[${text}]`])))
    }
    // One event may be for many components of one client.
    if (batches.reduce((size, batch) => size + batch.size, 0) > this.config.maxBuffered) return this.tooMuch()
    const texts = [...first, ...batches.flatMap(textsOf), ...last]
    this.connection.messagesSent += texts.length
    if (texts.length > 0) writer.write(writer.frame(`[${texts.join(",")}]`))
  }

  /** Writes each message in a frame of its own. Single and long batches are written as shared frames. */
  #writeEach({ first, last }: Messages, batches: ReadonlyArray<Batch>): void {
    const { writer } = this.connection
    const isAlone = first.length + last.length === 0 && batches.length === 1
    const { maxBuffered } = this.config
    let own: Array<string> = []
    let size = 0
    const gather = () => {
      if (own.length > 0) writer.write(writer.frames(own))
      this.connection.messagesSent += own.length
      own = []
      size = 0
    }
    own.push(...first)
    for (const batch of batches) {
      if (!isAlone && (!batch.isShared || batch.texts.length < sharedFrom) && batch.size < together) {
        own.push(...textsOf(batch))
        size += batch.size
        if (size > together) gather()
      } else {
        gather()
        this.#writeShared(batch)
        // One event may be for many components of one client.
        if (writer.bufferedUnsafe() > maxBuffered) return
      }
    }
    own.push(...last)
    gather()
  }

  #key(form: "array" | "each"): FrameKey {
    return { kind: this.connection.writer.kind, form, inParts: false }
  }

  #writeShared(batch: Batch): void {
    const { writer } = this.connection
    this.connection.messagesSent += batch.texts.length
    if (batch.prefix === undefined) writer.write(batch.frame(this.#key("each"), ({ texts }) => writer.shared(texts)))
    else writer.writeTo(batch.prefix, batch.all)
  }
}

/** Messages, and characters, from which a batch is worth a write of its own. */
const sharedFrom = 16
const together = 64 * 1024

const textsOf = ({ prefix, texts }: Batch): ReadonlyArray<string> =>
  prefix === undefined ? texts : texts.map((text) => prefix + text)
