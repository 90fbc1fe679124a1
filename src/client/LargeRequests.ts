/**
 * The large requests of a client that are under way. A connection that ends over and over while one of them is sent ends because of
 * it, most likely: it fails then, and is not sent for ever.
 */
import type { ConnectionFailure } from "../ConnectionFailure.ts"

/** Characters from which a request is large. */
export const large = 16 * 1024

/** A message was larger than the one who closed the connection takes. */
const tooBig = 1009

/** Connections that may end while the same request is under way. */
const chances = 2

/** Why a request is not sent again. `refused`: it did not run. `lost`: it may have run. */
export interface Overweight {
  readonly kind: "refused" | "lost"
  /** Characters. */
  readonly length: number
}

interface Request {
  readonly length: number
  isUnderWay: boolean
  ends: number
  isRefused: boolean
}

/** The large requests of a client, by the id of the call or the mount. */
export class LargeRequests {
  readonly #requests = new Map<number, Request>()

  /** It is being sent, with so many characters. */
  sent(callId: number, length: number): void {
    const known = this.#requests.get(callId)
    if (known === undefined) this.#requests.set(callId, { length, isUnderWay: true, ends: 0, isRefused: true })
    else known.isUnderWay = true
  }

  /** The server has it. */
  arrived(callId: number): void {
    const request = this.#requests.get(callId)
    if (request !== undefined) request.isUnderWay = false
  }

  /** It is sent under another id from now on, as the session that knew it is gone. */
  rename(callId: number, next: number): void {
    const request = this.#requests.get(callId)
    if (request === undefined) return
    this.#requests.delete(callId)
    this.#requests.set(next, request)
  }

  /** It has ended, or is given up. */
  forget(callId: number): void {
    this.#requests.delete(callId)
  }

  /** The connection has ended. */
  lost({ code, kind }: ConnectionFailure): void {
    const underWay = Array.from(this.#requests.values()).filter(({ isUnderWay }) => isUnderWay)
    const isRefused = kind === "closed" && code === tooBig
    const isCut = kind === "silent" || (kind === "closed" && (code === undefined || code === 1006))
    // Of several, the largest was refused.
    const most = isRefused ? Math.max(...underWay.map(({ length }) => length)) : 0
    for (const request of underWay) {
      request.isUnderWay = false
      if ((!isRefused && !isCut) || request.length < most) continue
      request.ends++
      request.isRefused &&= isRefused
    }
  }

  /** Why it is not sent again; undefined when it may be. */
  overweight(callId: number): Overweight | undefined {
    const request = this.#requests.get(callId)
    if (request === undefined || request.ends < chances) return undefined
    return { kind: request.isRefused ? "refused" : "lost", length: request.length }
  }
}

/** What is wrong with it, for who sent it. */
export const issueOf = ({ length }: Overweight): string =>
  `it has ${length} characters, and each connection ended on which it was sent`
