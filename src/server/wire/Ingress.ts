/**
 * Receives the messages of one connection, on either wire: parses a frame, measures its messages and handles them one
 * by one. It protects the server by limits: messages per frame, rate, depth, and the size of all requests that wait.
 */
import type { Connection, AllowanceKind, ProtocolHandler } from "../transport/Connection.ts"
import { FrameScan } from "./FrameScan.ts"

/** What the smallest waiting request counts: more is kept of it than its text. */
const smallest = 512

/** Arrays and objects inside each other. `JSON.parse` accepts any depth, but checking and encoding use the stack. */
const maxDepth = 256

/** The issue of a message that is nested deeper. */
export const tooDeep = `it is nested deeper than ${maxDepth} arrays and objects`

/** Milliseconds after which a client with too many waiting requests may try again. */
const retryTooMuch = 1000

/** Receives the messages of one connection. `Asked` identifies a message that is refused. */
export abstract class Ingress<Asked> implements Pick<ProtocolHandler, "asked" | "receive"> {
  readonly connection: Connection
  /** The size of the requests that wait for an answer. */
  #waiting = 0

  constructor(connection: Connection) {
    this.connection = connection
  }

  get asked(): number {
    return this.#waiting
  }

  /** Handles one message, whatever it is. */
  protected abstract message(value: unknown, size: number, depth: number): void

  /** The value of a text in JSON; throws when it has none. */
  protected parse(text: string): unknown {
    return JSON.parse(text)
  }

  /** A frame was not JSON. */
  protected abstract notJson(): void

  /** Tells the client that a message was not handled, and may be sent again after `retryAfter` milliseconds. */
  protected abstract slower(asked: Asked | undefined, retryAfter: number): void

  /** A frame is an array of messages. */
  protected batched(): void {}

  receive(text: string): void {
    let parsed: unknown
    try {
      parsed = this.parse(text)
    } catch {
      return this.notJson()
    }
    // So few characters can neither be nested too deeply nor count for more than the smallest.
    const scan = text.length > smallest ? new FrameScan(text, Array.isArray(parsed)) : undefined
    if (!Array.isArray(parsed)) {
      this.connection.messagesReceived++
      scan?.next()
      return this.message(parsed, Math.max(scan?.size ?? 0, smallest), scan?.depth ?? 0)
    }
    this.batched()
    const { maxMessages } = this.connection.config
    if (parsed.length > maxMessages) {
      return this.connection.end(1008, `A frame carries more than ${maxMessages} messages`)
    }
    // An empty array counts as a message.
    if (parsed.length === 0) return void this.mayGoOn(undefined)
    for (const message of parsed) {
      if (!this.connection.isOpen) return
      this.connection.messagesReceived++
      scan?.next()
      this.message(message, Math.max(scan?.size ?? 0, smallest), scan?.depth ?? 0)
    }
  }

  /**
   * Counts one message against the rate, and tells the client when it is too much. Whether the message may be handled.
   */
  protected mayGoOn(asked: Asked | undefined, kind: AllowanceKind = "message"): boolean {
    const retryAfter = this.connection.spend(kind)
    if (retryAfter > 0 && retryAfter < Infinity) this.slower(asked, retryAfter)
    return retryAfter === 0
  }

  /**
   * Whether a request of this size may wait, besides those that its client has brought over an earlier connection. If
   * not, the client is told. A single one always may.
   */
  protected mayWait(asked: Asked | undefined, size: number, inherited = 0): boolean {
    const waiting = this.#waiting + inherited
    if (waiting === 0 || waiting + size <= this.connection.config.maxBuffered) return true
    this.slower(asked, retryTooMuch)
    return false
  }

  /** Whether a value that begins at this level of its message is nested too deeply. */
  protected isTooDeep(depth: number, level = 0): boolean {
    return depth > maxDepth + level
  }

  /** A request of this size begins to wait; called by `PendingReply`. */
  waits(size: number): void {
    this.connection.acts()
    this.#waiting += size
  }

  /** A request of this size no longer waits; called by `PendingReply`. */
  waitsNoMore(size: number): void {
    this.#waiting -= size
  }
}
