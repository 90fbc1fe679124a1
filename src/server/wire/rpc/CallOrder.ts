/**
 * Keeps the calls of a client in the order of their ids, although some are refused for their rate: those after a refused one are
 * refused as well, until it is sent again, or is not wanted any more.
 */
import type { CallId } from "../../../LiveProtocol.ts"

/** How many refused calls are remembered; no client that keeps to `RateLimited` has more. */
const most = 1024

/** The order of the calls of one connection. */
export class CallOrder {
  readonly #refused = new Set<CallId>()

  /** Whether no call before this one was refused. */
  mayRun(id: CallId): boolean {
    for (const refused of this.#refused) if (refused < id) return false
    return true
  }

  refused(id: CallId): void {
    if (this.#refused.size < most) this.#refused.add(id)
  }

  /** This one runs, or is not wanted any more. */
  delete(id: CallId): void {
    this.#refused.delete(id)
  }

  /** Those below this one are not wanted any more. */
  settled(below: CallId): void {
    for (const id of this.#refused) if (id < below) this.#refused.delete(id)
  }
}
