/** The batches a client was sent and has not acknowledged. When the window is full, what there is to say waits and is merged. */
import { batchesPerAcknowledgement } from "../../../LiveProtocol.ts"
import type * as LiveConfig from "../../LiveConfig.ts"

/** The window of one stream of batches. */
export class AckWindow {
  readonly #config: LiveConfig.Settings
  /** Batches that were sent, and how many of them the client has. */
  #sent = 0
  #received = 0
  /** Bytes of the batches the client does not have yet. */
  #bytes = 0

  constructor(config: LiveConfig.Settings) {
    this.#config = config
  }

  /** The number of the next batch; the first is 1. */
  get next(): number {
    return this.#sent + 1
  }

  /** How many batches the client has. */
  get received(): number {
    return this.#received
  }

  /** Whether another batch may be sent. */
  get isOpen(): boolean {
    const batches = this.#sent - this.#received
    // Fewer than these need no acknowledgement, however large, so nothing may wait for one.
    if (batches < batchesPerAcknowledgement) return true
    return batches < this.#config.windowBatches && this.#bytes < this.#config.windowBytes
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
    // The sizes of the batches are not kept; each is taken for the average of those outstanding.
    this.#bytes *= 1 - acknowledged / outstanding
    return true
  }
}
