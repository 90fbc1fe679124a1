/**
 * What a client was sent and has not acknowledged. When it acknowledges a batch, it has everything that was sent with
 * it.
 */

/** A cursor that is told what has arrived. */
export interface Sent {
  /** Numbers what it sends. */
  readonly serial: number
  readonly confirm: (serial: number) => void
}

/** The newest position of each cursor in one batch. */
interface PendingAck {
  readonly batch: number
  readonly serials: Map<Sent, number>
}

/** The unacknowledged batches of one connection. */
export class PendingAcks {
  #pending: Array<PendingAck> = []

  get isEmpty(): boolean {
    return this.#pending.length === 0
  }

  /** The newest position of this cursor is sent with this batch. */
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
