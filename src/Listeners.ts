/**
 * Functions that want to be told of something, each of them everything, in the order they came. A listener that throws keeps nothing
 * from the others, nor from whoever tells: what it threw is reported. A listener may add and remove listeners: one that is added
 * hears only what is told after that, one that is removed hears nothing more. What a listener tells is told when all have heard what
 * made it tell it, so that everyone hears everything in the same order.
 */

interface Entry<A> {
  readonly listener: (value: A) => void
  /** Counts those that were ever added. */
  readonly number: number
}

/** Something that is told as soon as what came before it was. */
interface Waiting<A> {
  readonly value: A
  /** The last entry that hears it. */
  readonly last: number
}

/** Those who listen. */
export class Listeners<A = void> {
  readonly #report: (defect: unknown) => void
  /** A function that was added twice is there twice. */
  readonly #entries = new Set<Entry<A>>()
  #added = 0
  /** Undefined while nothing is told. */
  #waiting: Array<Waiting<A>> | undefined

  /** `report` is told what a listener threw; it must not throw. */
  constructor(report: (defect: unknown) => void) {
    this.#report = report
  }

  get size(): number {
    return this.#entries.size
  }

  /** Tells the listener from now on, until the function returned is called. */
  add(listener: (value: A) => void): () => void {
    const entry = { listener, number: ++this.#added }
    this.#entries.add(entry)
    return () => void this.#entries.delete(entry)
  }

  /** Tells them all. */
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
