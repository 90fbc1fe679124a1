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
  /** Most batches are of one cursor, which needs no table. */
  readonly sent: Sent
  serial: number
  /** The positions of all cursors, when there are several. */
  serials: Map<Sent, number> | undefined
}

/** The unacknowledged batches of one connection. */
export class PendingAcks {
  readonly #limit: number
  /** In the order of their batches. */
  readonly #pending: Array<PendingAck> = []

  /** Of each batch, so many cursors are told at most: the last ones. A client need not acknowledge anything, ever. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0
  }

  /** The newest position of this cursor is sent with this batch; batches come in order. */
  expect(batch: number, sent: Sent): void {
    const last = this.#pending.at(-1)
    const { serial } = sent
    if (last?.batch !== batch) this.#pending.push({ batch, sent, serial, serials: undefined })
    else if (last.serials === undefined && last.sent === sent) last.serial = serial
    else this.#expectAlso((last.serials ??= new Map([[last.sent, last.serial]])), sent)
  }

  #expectAlso(serials: Map<Sent, number>, sent: Sent): void {
    serials.delete(sent)
    serials.set(sent, sent.serial)
    if (serials.size <= this.#limit) return
    for (const first of serials.keys()) return void serials.delete(first)
  }

  /** The client has this batch, and all before it. */
  acknowledged(batch: number): void {
    let count = 0
    for (const pending of this.#pending) {
      if (pending.batch > batch) break
      count++
    }
    for (const { sent, serial, serials } of this.#pending.splice(0, count)) {
      if (serials === undefined) sent.confirm(serial)
      else for (const [each, newest] of serials) each.confirm(newest)
    }
  }
}
