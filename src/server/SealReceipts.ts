/** The tokens a client was sent and may not have: once it has the batch, it is known to have the token. */
import type { Reader } from "./Reader.ts"

interface SentSeal {
  readonly batch: number
  readonly reader: Reader
  readonly serial: number
}

/** The tokens under way on one connection. */
export class SealReceipts {
  #sent: Array<SentSeal> | undefined

  /** The newest token of what this reader reads goes out with this batch. */
  expect(batch: number, reader: Reader): void {
    const seal = { batch, reader, serial: reader.serial }
    // An array that is pushed to reserves room for many more.
    if (this.#sent === undefined) this.#sent = [seal]
    else this.#sent.push(seal)
  }

  /** The client has this batch, and all before it. */
  acknowledged(batch: number): void {
    const sent = this.#sent
    if (sent === undefined) return
    while (sent[0] !== undefined && sent[0].batch <= batch) {
      const { reader, serial } = sent[0]
      reader.confirm(serial)
      sent.shift()
    }
    if (sent.length === 0) this.#sent = undefined
  }

  /** The connection is gone, and what was under way with it. */
  forget(): void {
    this.#sent = undefined
  }
}
