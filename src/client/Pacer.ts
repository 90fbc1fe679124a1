/**
 * Lets requests go as fast as the server takes them, so that it refuses none: in the order in which they were made, but those
 * that are sent again first, by their ids.
 */
import type { ClientLimits } from "../ClientLimits.ts"
import { SendAllowance } from "./SendAllowance.ts"

/** What a request counts towards: mounts have an allowance of their own. */
export type PacedKind = "message" | "mount"

/** A request that waits for its turn. */
export interface PacedRequest {
  readonly kind: PacedKind
  /** Bytes that it counts for until it is answered. */
  readonly size: number
  /** Infinite for one that was never sent. */
  readonly id: number
  /** Called once: with true when it is to be sent now, with false when there is no connection any more. */
  readonly resume: (goes: boolean) => void
}

/** What a server allows that does not say so. */
const assumed: ClientLimits = { rate: 50, rateBurst: 100, maxBuffered: 16 * 1024 * 1024, maxResults: 256 }

/** How many requests of each kind go out before the server has said what it allows. */
const early = 64

/** How many milliseconds nothing may be known of what was sent before the server is asked. */
const patience = 1000

/** The part of a burst that is left for pings and interruptions. */
const reserve = 0.05

/** The requests of one kind that wait. */
class Lane {
  allowance = new SendAllowance(early)
  /** Nothing goes before this time. */
  closedUntil = -Infinity
  /** Those that were sent before, by their ids. */
  readonly #again: Array<PacedRequest> = []
  readonly #waiting = new Set<PacedRequest>()

  get size(): number {
    return this.#again.length + this.#waiting.size
  }

  get first(): PacedRequest | undefined {
    if (this.#again.length > 0) return this.#again[0]
    for (const request of this.#waiting) return request
    return undefined
  }

  add(request: PacedRequest): void {
    if (request.id === Infinity) return void this.#waiting.add(request)
    // They come in their order, almost always.
    const before = this.#again.findLastIndex(({ id }) => id <= request.id)
    this.#again.splice(before + 1, 0, request)
  }

  remove(request: PacedRequest): boolean {
    if (this.#waiting.delete(request)) return true
    const index = this.#again.indexOf(request)
    if (index >= 0) this.#again.splice(index, 1)
    return index >= 0
  }
}

/** What a pacer needs of its connection. */
export interface PacerHost {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  /** Calls a function after so many milliseconds; the function returned forgets it. */
  readonly after: (millis: number, then: () => void) => () => void
  /** Asks the server for any answer. */
  readonly probe: () => void
}

/** What had been sent when a request was. */
interface Sent {
  readonly messages: number
  readonly mounts: number
  readonly size: number
}

/** Paces the requests of one client, over all its connections. */
export class Pacer {
  readonly #host: PacerHost
  #isOpen = false
  #message = new Lane()
  #mount = new Lane()
  /** The requests without an answer, by their ids on the wire. */
  readonly #sent = new Map<string | number, Sent>()
  /** Bytes of them. */
  #bytes = 0
  #maxBytes = Infinity
  #isPumping = false
  /** Whether a request was added while others were let go. */
  #isChanged = false
  #stopTimer: (() => void) | undefined
  #isAsking = false

  constructor(host: PacerHost) {
    this.#host = host
  }

  /** Milliseconds of a clock that never goes back. */
  now(): number {
    return this.#host.now()
  }

  /** There is a connection; the server has not said yet what it allows. */
  connected(): void {
    this.#isOpen = true
    this.#message.allowance = new SendAllowance(early)
    this.#mount.allowance = new SendAllowance(early)
    this.#message.closedUntil = this.#mount.closedUntil = -Infinity
    this.#maxBytes = assumed.maxBuffered ?? Infinity
    this.#isAsking = false
  }

  /** The server has said what it allows, unless it is of a version that does not. */
  told(limits: ClientLimits | undefined): void {
    const now = this.#host.now()
    const {
      maxBuffered = Infinity,
      maxComponents = Infinity,
      maxResults = Infinity,
      rate = Infinity
    } = limits ?? assumed
    // Without a rate nothing is used up.
    const rateBurst = rate === Infinity ? Infinity : ((limits ?? assumed).rateBurst ?? Infinity)
    // Where mounts still counted as messages, each gets one half.
    const share = limits === undefined ? 0.5 : 1
    const spare = rateBurst > 1 ? Math.max(1, Math.floor(rateBurst * reserve)) : 0
    const most = Math.max(1, Math.floor(rateBurst * share) - spare)
    // Of more calls than the server keeps answers of, it would not be known after a cut whether they ran.
    this.#message.allowance.limit({ rate: rate * share, burst: most, maxUnderway: maxResults }, now)
    const mounts = limits === undefined ? most : maxComponents + rateBurst
    this.#mount.allowance.limit({ rate: rate * share, burst: mounts }, now)
    this.#maxBytes = maxBuffered
    this.#pump()
  }

  /** The connection is lost: nothing that waits goes. */
  lost(): void {
    this.#isOpen = false
    this.#stopTimer?.()
    this.#stopTimer = undefined
    this.#sent.clear()
    this.#bytes = 0
    for (const lane of [this.#message, this.#mount]) {
      for (let request = lane.first; request !== undefined; request = lane.first) {
        lane.remove(request)
        request.resume(false)
      }
    }
  }

  /** Whether a request may go now, before all that wait; then it counts as sent. Without a connection none has to wait. */
  take(kind: PacedKind, size: number, id = Infinity): boolean {
    if (!this.#isOpen) return true
    const lane = this.#lane(kind)
    if (((lane.first?.id ?? Infinity) <= id && lane.size > 0) || this.#wait(lane, size) > 0) return false
    lane.allowance.sent++
    return true
  }

  /** About how many milliseconds it takes until all have gone that wait. */
  backlog(kind: PacedKind): number {
    const { allowance, size } = this.#lane(kind)
    return allowance.time(size)
  }

  /** Waits for its turn. */
  add(request: PacedRequest): void {
    this.#lane(request.kind).add(request)
    this.#isChanged = true
    this.#pump()
  }

  /** Gives up waiting: it is told that it does not go. */
  drop(request: PacedRequest): void {
    if (this.#lane(request.kind).remove(request)) request.resume(false)
  }

  /** Something is sent that does not wait, and counts. */
  counts(): void {
    this.#message.allowance.sent++
  }

  /** A request is written. */
  wrote(id: string | number, size: number): void {
    this.#sent.set(id, {
      messages: this.#message.allowance.sent,
      mounts: this.#mount.allowance.sent,
      size
    })
    this.#bytes += size
  }

  /** A request was answered: it has arrived, and so has all that was written before. */
  answered(id: string | number): void {
    const sent = this.#sent.get(id)
    if (sent === undefined) return
    this.#sent.delete(id)
    this.#bytes -= sent.size
    const now = this.#host.now()
    this.#message.allowance.arrived(sent.messages, now)
    this.#mount.allowance.arrived(sent.mounts, now)
    this.#isAsking = false
    if (this.#message.size + this.#mount.size > 0) this.#pump()
  }

  /** The server has refused a request that it had not begun, and takes it after so many milliseconds. */
  refused(kind: PacedKind, retryAfter: number): void {
    const lane = this.#lane(kind)
    const now = this.#host.now()
    lane.allowance.used(now)
    lane.closedUntil = Math.max(lane.closedUntil, now + retryAfter)
  }

  #lane(kind: PacedKind): Lane {
    return kind === "mount" ? this.#mount : this.#message
  }

  /** Milliseconds until a request may go; `Infinity` when that depends on an answer. */
  #wait(lane: Lane, size: number): number {
    const now = this.#host.now()
    if (this.#bytes > 0 && this.#bytes + size > this.#maxBytes) return Infinity
    return Math.max(lane.allowance.wait(now), Math.ceil(lane.closedUntil - now))
  }

  /** Lets go what may, and comes back when more may. */
  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    this.#stopTimer?.()
    this.#stopTimer = undefined
    let next = Infinity
    do {
      this.#isChanged = false
      next = Math.min(this.#release(this.#message), this.#release(this.#mount))
    } while (this.#isChanged)
    this.#isPumping = false
    if (this.#message.size + this.#mount.size === 0) return
    if (next < Infinity) this.#stopTimer = this.#host.after(next, () => this.#pump())
    else if (!this.#isAsking) this.#stopTimer = this.#host.after(patience, () => this.#ask())
  }

  /** Lets go what may of one kind. Returns the milliseconds until the next one may. */
  #release(lane: Lane): number {
    for (let request = lane.first; request !== undefined; request = lane.first) {
      const wait = this.#isOpen ? this.#wait(lane, request.size) : 0
      if (wait > 0) return wait
      lane.remove(request)
      lane.allowance.sent++
      request.resume(true)
    }
    return Infinity
  }

  /** Nothing was heard of what is on its way: its answers may take long, so something else is asked. */
  #ask(): void {
    this.#isAsking = true
    this.#host.probe()
  }
}
