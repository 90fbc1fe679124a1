/**
 * Keeps the calls of a client in the order of their ids, although some are refused for their rate: those after a refused one are
 * refused as well, until it is sent again, or is not wanted any more.
 */
import type { CallId } from "../../../LiveProtocol.ts"
import type { RpcRequestId } from "./RpcEnvelope.ts"

/** How many refused calls are remembered; no client that keeps to `RateLimited` has more. */
const most = 1024

/** The order of the calls of one connection. */
export class CallOrder {
  /** The requests that were refused, by the ids of their calls. */
  readonly #refused = new Map<CallId, RpcRequestId>()

  /** Whether no call before this one was refused. */
  mayRun(id: CallId): boolean {
    for (const refused of this.#refused.keys()) if (refused < id) return false
    return true
  }

  refused(id: CallId, request: RpcRequestId): void {
    if (this.#refused.size < most) this.#refused.set(id, request)
  }

  /** The client cancels a request, and did not know yet that it was refused. */
  cancelled(request: RpcRequestId): void {
    for (const [id, refused] of this.#refused) if (refused === request) this.#refused.delete(id)
  }

  /** This one is sent again, or is not wanted any more. */
  delete(id: CallId): void {
    this.#refused.delete(id)
  }

  /** Those below this one are not wanted any more. */
  settled(below: CallId): void {
    for (const id of this.#refused.keys()) if (id < below) this.#refused.delete(id)
  }
}
