/** Numbers the requests of a client, so that the server runs each of them once, and knows which of them are settled. */

/** The ids of one client. */
export class CallIds {
  #last = 0
  /** In the order of their ids. */
  readonly #pending = new Set<number>()

  /** The id of a request that is about to be sent. */
  next(): number {
    const id = ++this.#last
    this.#pending.add(id)
    return id
  }

  /** The request has its answer, or nobody waits for it any more. */
  settle(id: number): void {
    this.#pending.delete(id)
  }

  /** The requests without an answer. */
  get pending(): ReadonlyArray<number> {
    return Array.from(this.#pending)
  }

  /** The id below which all requests are settled. */
  get settled(): number {
    for (const id of this.#pending) return id
    return this.#last + 1
  }
}
