/** What a client was sent and may not have: once it has the batch, it is known to have what went out with it. */

/** Wants to know what of its own has arrived. */
export interface Sent {
  /** Counts what it sends. */
  readonly serial: number
  readonly confirm: (serial: number) => void
}

interface Receipt {
  readonly batch: number
  readonly sent: Sent
  readonly serial: number
}

/** What is under way on one connection. */
export class Receipts {
  #receipts: Array<Receipt> | undefined

  get isEmpty(): boolean {
    return this.#receipts === undefined
  }

  /** The newest of what this has goes out with this batch. */
  expect(batch: number, sent: Sent): void {
    const receipt = { batch, sent, serial: sent.serial }
    // An array that is pushed to reserves room for many more.
    if (this.#receipts === undefined) this.#receipts = [receipt]
    else this.#receipts.push(receipt)
  }

  /** The client has this batch, and all before it. */
  acknowledged(batch: number): void {
    const receipts = this.#receipts
    if (receipts === undefined) return
    while (receipts[0] !== undefined && receipts[0].batch <= batch) {
      const { sent, serial } = receipts[0]
      receipts.shift()
      sent.confirm(serial)
    }
    if (receipts.length === 0) this.#receipts = undefined
  }
}
