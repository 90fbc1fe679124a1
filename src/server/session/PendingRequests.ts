/** The requests of one session that are not settled: calls and mounts, which share one sequence of ids. */
import type * as Exit from "effect/Exit"
import * as Footprint from "../Footprint.ts"
import type { LiveError } from "../../LiveError.ts"
import type { ComponentId } from "../../LiveId.ts"
import { type Bounds, type Id, ReplyCache } from "./ReplyCache.ts"
import type { CallOutcome } from "./CallOutcome.ts"

/** The outcome of a mount. */
export type MountExit = Exit.Exit<ComponentId, LiveError>

/** How many answers of each kind are kept. */
export interface RequestBounds {
  readonly calls: Bounds<CallOutcome>
  readonly mounts: Bounds<MountExit>
}

/** The requests of one session. */
export class PendingRequests {
  readonly #bounds: RequestBounds
  #calls: ReplyCache<CallOutcome> | undefined
  #mounts: ReplyCache<MountExit> | undefined
  #settledBelow: number

  constructor(bounds: RequestBounds, settledBelow = 0) {
    this.#bounds = bounds
    this.#settledBelow = settledBelow
  }

  /** Whether it knows no more than which are settled. */
  get isIdle(): boolean {
    return this.#calls === undefined && this.#mounts === undefined
  }

  get calls(): ReplyCache<CallOutcome> {
    return (this.#calls ??= new ReplyCache(this.#bounds.calls, this.#settledBelow))
  }

  get mounts(): ReplyCache<MountExit> {
    return (this.#mounts ??= new ReplyCache(this.#bounds.mounts, this.#settledBelow))
  }

  /** Outcomes of mounts that the client may not have. */
  get mounted(): ReadonlyArray<MountExit> {
    return this.#mounts?.answers ?? []
  }

  /** Whether there is a call to come back for. */
  get hasCalls(): boolean {
    return this.#calls !== undefined && this.#calls.size > 0
  }

  /** What all requests but this one count as that run without a connection that waits for them. */
  unheardBut(id: Id): number {
    return (this.#calls?.unheardBut(id) ?? 0) + (this.#mounts?.unheardBut(id) ?? 0)
  }

  /** Bytes of the answers that are kept, and of what runs without a connection that waits for it. */
  get bytes(): number {
    const calls = this.#calls
    const mounts = (this.#mounts?.size ?? 0) * Footprint.request + (this.#mounts?.unheard ?? 0)
    if (calls === undefined) return mounts
    return mounts + calls.unheard + calls.bytes + calls.size * Footprint.request + calls.names * Footprint.name
  }

  /** The client has the answers of all requests below this id. */
  settleBelow(id: number): void {
    this.#settledBelow = Math.max(this.#settledBelow, id)
    this.#calls?.settleBelow(id)
    this.#mounts?.settleBelow(id)
    // Most sessions mount once, and then not again for a long time.
    if (this.#mounts?.size === 0) this.#mounts = undefined
  }

  /** Nobody waits for mounts any more. */
  cancelMounts(): void {
    this.#mounts?.clear()
  }

  /** The client no longer waits for these requests. */
  abandon(ids: ReadonlyArray<Id>): void {
    for (const id of ids) {
      this.#calls?.cancel(id)
      this.#mounts?.cancel(id)
    }
  }

  /** The client waits for these requests and no others. */
  retain(ids: ReadonlyArray<Id>): void {
    this.#calls?.retain(ids)
    this.#mounts?.retain(ids)
  }

  /** The client has disconnected; requests continue. */
  detach(): void {
    this.#calls?.detach()
    this.#mounts?.detach()
  }
}
