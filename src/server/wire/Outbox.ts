/** What one connection has to say besides what it reads: in order, before the news or after them, and no more than is bearable. */
import type { Batch } from "../sync/Batch.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { Connection } from "../transport/Connection.ts"

/** Messages that leave with the next flush. */
export interface Messages {
  /** Before the news. */
  readonly first: ReadonlyArray<string>
  /** After them. */
  readonly last: ReadonlyArray<string>
}

/** What there is to read, in batches. */
export interface Unread {
  readonly isBehind: boolean
  readonly collect: () => ReadonlyArray<Batch>
  /** What was collected goes out up to this batch. */
  readonly sent: (batch: number) => void
}

const nothing: ReadonlyArray<string> = []

/** What all outboxes have in common, whatever wire they write. */
export abstract class Outbox {
  protected readonly connection: Connection
  /** Whether there is the answer of a call, which is not to overtake the change it speaks of. */
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

  /** Sends one message before the news; false when there is no room for it. */
  first(message: string): boolean {
    if (this.#isTooMuch(message)) return false
    if (this.#first === undefined) this.#first = [message]
    else this.#first.push(message)
    this.connection.schedule()
    return true
  }

  /** Sends one message after the news. */
  reply(message: string): void {
    if (this.#isTooMuch(message)) return
    if (this.#last === undefined) this.#last = [message]
    else this.#last.push(message)
    this.connection.schedule()
  }

  /** Sends the answer of a call, and whatever was said before it. */
  answer(message: string): void {
    this.isAnswering = true
    this.reply(message)
  }

  /** Everything, which does not wait any longer. */
  protected drain(): Messages {
    const messages = { first: this.#first ?? nothing, last: this.#last ?? nothing }
    this.#first = undefined
    this.#last = undefined
    this.#waiting = 0
    this.isAnswering = false
    return messages
  }

  /** What is too much for one turn ends the connection; nobody who means well asks for it. */
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
