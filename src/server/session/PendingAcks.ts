/** What a client was sent and may not have: once it has the batch, it is known to have what went out with it. */

/** Wants to know what of its own has arrived. */
export interface Sent {
  /** Counts what it sends. */
  readonly serial: number
  readonly confirm: (serial: number) => void
}

/** What went out with one batch: the newest of each. */
interface PendingAck {
  readonly batch: number
  readonly serials: Map<Sent, number>
}

/** What is under way on one connection. */
export class PendingAcks {
  #pending: Array<PendingAck> = []

  get isEmpty(): boolean {
    return this.#pending.length === 0
  }

  /** The newest of what this has goes out with this batch. */
  expect(batch: number, sent: Sent): void {
    const last = this.#pending.at(-1)
    if (last?.batch === batch) last.serials.set(sent, sent.serial)
    else this.#pending.push({ batch, serials: new Map([[sent, sent.serial]]) })
  }

  /** The client has this batch, and all before it. */
  acknowledged(batch: number): void {
    const confirmed = this.#pending.filter((pending) => pending.batch <= batch)
    this.#pending = this.#pending.filter((pending) => pending.batch > batch)
    for (const { serials } of confirmed) for (const [sent, serial] of serials) sent.confirm(serial)
  }
}
