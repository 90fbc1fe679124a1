/**
 * What a server still allows, as far as a client can know. The server counts a message when it arrives, which is some time
 * between its sending and an answer to it or to a later one. Counting it at that answer gives an estimate that is never too
 * high, however long messages take: what is allowed here is not refused there.
 */

/** How many messages may be sent. */
export interface Rate {
  /** Messages a second; above 0. */
  readonly rate: number
  /** Messages at once. */
  readonly burst: number
  /** Messages of which it may be unknown whether they have arrived. */
  readonly maxUnderway?: number
}

/** The clocks of two machines differ by less than this share. */
const drift = 1.02

/** Milliseconds by which a server that counts in whole ones may be behind. */
const rounding = 1

/** Milliseconds that sums of fractions may be off. */
const tolerance = 0.01

/** One allowance of a connection. */
export class SendAllowance {
  /** The number of messages that were sent. */
  sent = 0
  /** How many of them have arrived for certain. */
  #arrived = 0
  /** Milliseconds in which one message comes back. */
  #interval = 0
  #burst: number
  #maxUnderway = Infinity
  /** The time at which all have come back that have arrived. */
  #fullAt = -Infinity

  /** As long as the rate is not known, `burst` messages may be sent. */
  constructor(burst: number) {
    this.#burst = burst
  }

  /** How many messages are on their way, as far as is known. */
  get underway(): number {
    return this.sent - this.#arrived
  }

  /** The rate is known now. What has arrived counts from now on. */
  limit({ burst, maxUnderway = Infinity, rate }: Rate, now: number): void {
    this.#burst = burst
    this.#maxUnderway = maxUnderway
    this.#interval = (1000 / rate) * drift
    this.#fullAt = now + this.#arrived * this.#interval
  }

  /** Milliseconds until one more may be sent; `Infinity` when it has to be known first what has arrived. */
  wait(now: number): number {
    if (this.underway >= Math.min(this.#burst, this.#maxUnderway)) return Infinity
    if (this.#interval === 0) return 0
    const missing = Math.max(0, this.#fullAt + rounding - now)
    const wait = missing - (this.#burst - this.underway - 1) * this.#interval
    return wait < tolerance ? 0 : Math.ceil(wait)
  }

  /** The first so many messages have arrived. */
  arrived(count: number, now: number): void {
    if (count <= this.#arrived) return
    this.#fullAt = Math.max(this.#fullAt, now) + (count - this.#arrived) * this.#interval
    this.#arrived = count
  }

  /** About how many milliseconds so many take, at least 1. */
  time(count: number): number {
    return Math.max(1, Math.ceil(count * this.#interval))
  }

  /** The server has refused one: nothing is left. */
  used(now: number): void {
    if (this.#burst < Infinity) this.#fullAt = Math.max(this.#fullAt, now + this.#burst * this.#interval)
  }
}
