/**
 * Rate limits: a bucket of tokens for each of very many, of which each stores a single number, the time at which its
 * bucket is full again. No timer fills it; the tokens that came back are computed from the time.
 */

/** The time at which a bucket is full, in milliseconds of a monotonic clock; 0 for a full one. */
export type FullAt = number

/** Buckets of one size and rate. */
export class TokenBucket {
  /** Milliseconds in which one token comes back. */
  readonly #interval: number
  /** Milliseconds in which an empty bucket fills. */
  readonly #depth: number

  /** `burst` tokens, of which `rate` come back per second; `Infinity` is no limit. */
  constructor(options: { readonly rate: number; readonly burst: number }) {
    const isLimited = options.burst < Infinity
    this.#interval = isLimited ? 1000 / options.rate : 0
    this.#depth = isLimited ? this.#interval * options.burst : 0
  }

  /** Milliseconds until there is a token; 0 when there is one. */
  wait(bucket: FullAt, now: number): number {
    const wait = this.missing(bucket, now) + this.#interval - this.#depth
    return wait < tolerance ? 0 : wait
  }

  /** The bucket with one token less. */
  take(bucket: FullAt, now: number): FullAt {
    return this.#interval === 0 ? bucket : now + this.missing(bucket, now) + this.#interval
  }

  /** Milliseconds until it is full. */
  missing(bucket: FullAt, now: number): number {
    return Math.max(0, bucket - now)
  }
}

/** Milliseconds that sums of fractions may be off. */
const tolerance = 0.01
