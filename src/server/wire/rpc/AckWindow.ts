/** The batches that a client was sent and has not acknowledged. When the window is full, events wait and are merged. */
import { batchesPerAcknowledgement } from "../../../LiveProtocol.ts"
import type * as LiveConfig from "../../LiveConfig.ts"

/** The window of one stream of batches. */
export class AckWindow {
  /** Batches that were sent, and batches that the client has. */
  #sent = 0
  #received = 0
  /** Bytes of the batches that the client does not have yet. */
  #bytes = 0

  /** The number of the next batch; the first is 1. */
  get next(): number {
    return this.#sent + 1
  }

  /** The number of batches that the client has. */
  get received(): number {
    return this.#received
  }

  /** Whether another batch may be sent. */
  isOpen({ windowBatches, windowBytes }: Pick<LiveConfig.Settings, "windowBatches" | "windowBytes">): boolean {
    const batches = this.#sent - this.#received
    // Clients acknowledge after so many batches at the latest; fewer must not wait for it, whatever their size.
    if (batches < batchesPerAcknowledgement) return true
    return batches < windowBatches && this.#bytes < windowBytes
  }

  /** A batch was sent. */
  count(bytes: number): void {
    this.#sent++
    this.#bytes += bytes
  }

  /** The client has the batches up to this one; false when it said so before. */
  acknowledge(batch: number): boolean {
    const outstanding = this.#sent - this.#received
    const acknowledged = Math.min(batch, this.#sent) - this.#received
    if (acknowledged <= 0) return false
    this.#received += acknowledged
    // The sizes of single batches are not kept: each counts as the average of the outstanding ones. In whole bytes, which
    // take no memory of their own.
    this.#bytes = Math.round(this.#bytes * (1 - acknowledged / outstanding))
    return true
  }
}
