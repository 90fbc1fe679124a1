/**
 * A set of functions that are called with values, each with all of them, in the order of their addition. A listener
 * that throws is reported, and disturbs neither the others nor the caller. Listeners may be added and removed during a
 * call: a new one gets only later values, a removed one gets none. A value that a listener tells follows the present
 * one, so that all listeners get all values in the same order.
 */

interface Entry<A> {
  readonly listener: (value: A) => void
  /** The number of listeners that were ever added. */
  readonly number: number
}

/** A value that waits for those before it. */
interface Waiting<A> {
  readonly value: A
  /** The last listener that gets it. */
  readonly last: number
}

/** The listeners. */
export class Listeners<A = void> {
  readonly #report: (defect: unknown) => void
  /** A function that was added twice is called twice. */
  readonly #entries = new Set<Entry<A>>()
  #added = 0
  /** Undefined unless values are being told. */
  #waiting: Array<Waiting<A>> | undefined

  /** `report` gets what listeners throw, and must not throw itself. */
  constructor(report: (defect: unknown) => void) {
    this.#report = report
  }

  get size(): number {
    return this.#entries.size
  }

  /** Calls the listener with each value from now on, until the returned function is called. */
  add(listener: (value: A) => void): () => void {
    const entry = { listener, number: ++this.#added }
    this.#entries.add(entry)
    return () => void this.#entries.delete(entry)
  }

  /** Calls all listeners with a value. */
  tell(value: A): void {
    if (this.#entries.size === 0) return
    if (this.#waiting !== undefined) return void this.#waiting.push({ value, last: this.#added })
    const waiting: Array<Waiting<A>> = (this.#waiting = [])
    this.#tellUpTo(this.#added, value)
    for (const { last, value } of waiting) this.#tellUpTo(last, value)
    this.#waiting = undefined
  }

  #tellUpTo(last: number, value: A): void {
    for (const { listener, number } of this.#entries) {
      if (number > last) return
      try {
        listener(value)
      } catch (defect) {
        this.#report(defect)
      }
    }
  }
}
