/** What one connection has to say besides what it reads: in order, before the events or after them, and no more than is bearable. */

const nothing: ReadonlyArray<string> = []

/** Messages that wait for the next flush. */
export class Replies {
  readonly #limit: number
  #first: Array<string> | undefined
  #last: Array<string> | undefined
  /** Characters in both. */
  #waiting = 0
  /** Whether there is the answer of a call among them, which is not to overtake the change it speaks of. */
  isAnswering = false

  /** `limit`: characters that may wait. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Says something before the events; false when that is too much. */
  first(message: string): boolean {
    if (this.#isTooMuch(message)) return false
    if (this.#first === undefined) this.#first = [message]
    else this.#first.push(message)
    return true
  }

  /** Says something after the events; false when that is too much. */
  last(message: string): boolean {
    if (this.#isTooMuch(message)) return false
    if (this.#last === undefined) this.#last = [message]
    else this.#last.push(message)
    return true
  }

  /** Everything, which does not wait any longer. */
  take(): { readonly first: ReadonlyArray<string>; readonly last: ReadonlyArray<string> } {
    const taken = { first: this.#first ?? nothing, last: this.#last ?? nothing }
    this.#first = undefined
    this.#last = undefined
    this.#waiting = 0
    this.isAnswering = false
    return taken
  }

  #isTooMuch(message: string): boolean {
    this.#waiting += message.length
    if (this.#waiting <= this.#limit) return false
    this.#first = undefined
    this.#last = undefined
    return true
  }
}
