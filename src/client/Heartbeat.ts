/**
 * Tells when to ask the server for a sign of life, and when the connection counts as lost. What moves is alive: a message may
 * take longer than any heartbeat, in both directions.
 */

/** The part of its interval by which it may be late. Later, the page stood still: what came meanwhile was not read. */
const tolerance = 0.1

/** What there is to do. */
export type Beat = "ask" | "end" | "nothing"

/** The heartbeat of one connection. All times are in milliseconds, of one clock. */
export class Heartbeat {
  readonly #interval: number
  readonly #timeout: number
  #aliveAt: number
  /** When it was first asked since; below 0 when it need not answer. */
  #askedAt = -1
  #nextAt: number
  #buffered = 0

  constructor(interval: number, timeout: number, now: number) {
    this.#interval = interval
    this.#timeout = timeout
    this.#aliveAt = now
    this.#nextAt = now + interval
  }

  /** When to call `beat`. */
  get due(): number {
    return this.#askedAt < 0 ? this.#nextAt : Math.min(this.#nextAt, this.#askedAt + this.#timeout)
  }

  /** A message, or a part of one, came in. */
  heard(now: number): void {
    this.#aliveAt = now
    this.#askedAt = -1
  }

  /** Whether something has come in or left within so many milliseconds. So many bytes wait to be sent. */
  isMoving(now: number, buffered: number, within: number): boolean {
    this.#look(now, buffered)
    return now - this.#aliveAt < within
  }

  /** It is due, and so many bytes wait to be sent. */
  beat(now: number, buffered: number): Beat {
    const isLate = now - this.due > this.#interval * tolerance
    this.#look(now, buffered)
    if (isLate) this.#askedAt = -1
    if (this.#askedAt >= 0 && now - this.#askedAt >= this.#timeout) return "end"
    if (now < this.#nextAt && !isLate) return "nothing"
    this.#nextAt = now + this.#interval
    if (this.#askedAt < 0) this.#askedAt = now
    return "ask"
  }

  #look(now: number, buffered: number): void {
    if (buffered < this.#buffered) this.heard(now)
    this.#buffered = buffered
  }
}
