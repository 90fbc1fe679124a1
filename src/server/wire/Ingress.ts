/**
 * The way into one connection, the same for both wires: a frame is parsed and its messages are handed over one by one, each measured,
 * with what protects the server from them: how many may come in one frame, how fast, how deeply nested, and how much may wait for
 * its answer at once.
 */
import type { Connection, ProtocolHandler } from "../transport/Connection.ts"
import { FrameScan } from "./FrameScan.ts"

/** What the smallest message counts while it waits for its answer: what is kept of it is more than its text. */
const smallest = 512

/** Arrays and objects inside each other. `JSON.parse` takes any depth, but what is checked and encoded is walked on the stack. */
const maxDepth = 256

/** What is wrong with what is deeper. */
export const tooDeep = `it is nested deeper than ${maxDepth} arrays and objects`

/** Milliseconds after which a client may ask again that waits for too much at once. */
const retryTooMuch = 1000

/** The way into one connection; `Asked` is what is known of a message that is refused. */
export abstract class Ingress<Asked> implements Pick<ProtocolHandler, "asked" | "receive"> {
  readonly connection: Connection
  /** What was asked and has no answer yet. */
  #waiting = 0

  constructor(connection: Connection) {
    this.connection = connection
  }

  get asked(): number {
    return this.#waiting
  }

  /** One message of a frame, whatever it is. */
  protected abstract message(value: unknown, size: number, depth: number): void

  /** A frame was no JSON. */
  protected abstract notJson(): void

  /** Tells that this was not done, and may be sent again after so many milliseconds. */
  protected abstract slower(asked: Asked | undefined, retryAfter: number): void

  /** A frame is an array of messages. */
  protected batched(): void {}

  receive(text: string): void {
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      return this.notJson()
    }
    // What has so few characters can neither be nested too deeply nor count for more than the smallest.
    const scan = text.length > smallest ? new FrameScan(text, Array.isArray(parsed)) : undefined
    if (!Array.isArray(parsed)) {
      scan?.next()
      return this.message(parsed, Math.max(scan?.size ?? 0, smallest), scan?.depth ?? 0)
    }
    this.batched()
    const { maxMessages } = this.connection.config
    if (parsed.length > maxMessages) {
      return this.connection.end(1008, `A frame carries more than ${maxMessages} messages`)
    }
    // An array of nothing is counted all the same.
    if (parsed.length === 0) return void this.mayGoOn(undefined)
    for (const message of parsed) {
      if (!this.connection.isOpen) return
      scan?.next()
      this.message(message, Math.max(scan?.size ?? 0, smallest), scan?.depth ?? 0)
    }
  }

  /** Counts one message, and tells whoever has sent too many; whether it may be done. */
  protected mayGoOn(asked: Asked | undefined): boolean {
    const retryAfter = this.connection.spend()
    if (retryAfter > 0 && retryAfter < Infinity) this.slower(asked, retryAfter)
    return retryAfter === 0
  }

  /** Whether one more of this size may wait for its answer; whoever waits for too much is told. A single one may always. */
  protected mayWait(asked: Asked | undefined, size: number): boolean {
    if (this.#waiting === 0 || this.#waiting + size <= this.connection.config.maxBuffered) return true
    this.slower(asked, retryTooMuch)
    return false
  }

  /** Whether something is nested too deeply that begins so many levels down in its message. */
  protected isTooDeep(depth: number, level = 0): boolean {
    return depth > maxDepth + level
  }

  /** Something of this size waits for its answer: for `PendingReply`, which says when it does so no longer. */
  waits(size: number): void {
    this.#waiting += size
  }

  /** It does not wait any longer: for `PendingReply`. */
  waitsNoMore(size: number): void {
    this.#waiting -= size
  }
}
