/**
 * The replies that one connection has to send: some before the events, others after them, in order, and with a limit.
 */
import type { Batch } from "../sync/Batch.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { Connection } from "../transport/Connection.ts"

/** Messages for the next flush. */
export interface Messages {
  /** Before the events. */
  readonly first: ReadonlyArray<string>
  /** After the events. */
  readonly last: ReadonlyArray<string>
}

/** The batches that can be collected. */
export interface Unread {
  readonly isBehind: boolean
  readonly collect: () => ReadonlyArray<Batch>
  /** What was collected is sent up to this batch. */
  readonly sent: (batch: number) => void
}

const nothing: ReadonlyArray<string> = []

/** What the outboxes of both wires have in common. */
export abstract class Outbox {
  protected readonly connection: Connection
  /** Whether the answer of a call is among them, which must not overtake the change it made. */
  protected isAnswering = false
  #first: Array<string> | undefined
  #last: Array<string> | undefined
  /** Characters in both. */
  #waiting = 0

  constructor(connection: Connection) {
    this.connection = connection
  }

  protected get config(): LiveConfig.Settings {
    return this.connection.config
  }

  /** Adds a message before the events; false when there is no room for it. */
  first(message: string): boolean {
    if (this.#isTooMuch(message)) return false
    if (this.#first === undefined) this.#first = [message]
    else this.#first.push(message)
    this.connection.schedule()
    return true
  }

  /** Whether a message can be sent at all. A character takes up to three bytes. */
  fits(message: string): boolean {
    const { maxBuffered } = this.config
    return message.length <= maxBuffered / 3 || Buffer.byteLength(message) <= maxBuffered
  }

  /** Adds a message after the events. */
  reply(message: string): void {
    if (this.#isTooMuch(message)) return
    if (this.#last === undefined) this.#last = [message]
    else this.#last.push(message)
    this.connection.schedule()
  }

  /** Adds the answer of a call. All events so far are sent before it. */
  answer(message: string): void {
    this.isAnswering = true
    this.reply(message)
  }

  /** Removes and returns all messages. */
  protected drain(): Messages {
    const messages = { first: this.#first ?? nothing, last: this.#last ?? nothing }
    this.#first = undefined
    this.#last = undefined
    this.#waiting = 0
    this.isAnswering = false
    return messages
  }

  /** Too much for one turn ends the connection; no ordinary client asks for it. */
  protected tooMuch(): void {
    this.#first = undefined
    this.#last = undefined
    this.connection.end(1013, "The client asks for more than can be sent")
  }

  #isTooMuch(message: string): boolean {
    this.#waiting += message.length
    if (this.#waiting <= this.config.maxBuffered) return false
    this.tooMuch()
    return true
  }
}
