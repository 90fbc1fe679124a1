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
  readonly #limit: number
  #pending: Array<PendingAck> = []

  /** Of each batch, so many cursors are told at most: the last ones. A client need not acknowledge anything, ever. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0
  }

  /** The newest position of this cursor is sent with this batch. */
  expect(batch: number, sent: Sent): void {
    const last = this.#pending.at(-1)
    if (last?.batch !== batch) return void this.#pending.push({ batch, serials: new Map([[sent, sent.serial]]) })
    last.serials.delete(sent)
    last.serials.set(sent, sent.serial)
    if (last.serials.size <= this.#limit) return
    for (const first of last.serials.keys()) return void last.serials.delete(first)
  }

  /** The client has this batch, and all before it. */
  acknowledged(batch: number): void {
    const confirmed = this.#pending.filter((pending) => pending.batch <= batch)
    this.#pending = this.#pending.filter((pending) => pending.batch > batch)
    for (const { serials } of confirmed) for (const [sent, serial] of serials) sent.confirm(serial)
  }
}
