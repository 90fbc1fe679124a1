/**
 * How much may be sent by each of many: a bucket of tokens for every one of them, of which they keep a single number, the time at
 * which theirs is full again. No timer fills it; what has come back is computed from the time.
 */

/** A time, in milliseconds of a clock that only goes on, at which a bucket is full; 0 for one nothing was taken from. */
export type FullAt = number

/** The buckets of one kind. */
export class TokenBucket {
  /** Milliseconds in which one token comes back. */
  readonly #interval: number
  /** Milliseconds in which an empty bucket fills. */
  readonly #depth: number

  /** A bucket of so many tokens, to which so many come back in a second; `Infinity` of either is no limit. */
  constructor(options: { readonly rate: number; readonly burst: number }) {
    const isLimited = options.rate < Infinity && options.burst < Infinity
    this.#interval = isLimited ? 1000 / options.rate : 0
    this.#depth = this.#interval * (isLimited ? options.burst : 0)
  }

  /** Milliseconds until there is a token; 0 when there is one now. */
  wait(bucket: FullAt, now: number): number {
    const wait = this.missing(bucket, now) + this.#interval - this.#depth
    return wait < tolerance ? 0 : wait
  }

  /** The bucket without one of its tokens. */
  take(bucket: FullAt, now: number): FullAt {
    return this.#interval === 0 ? bucket : now + this.missing(bucket, now) + this.#interval
  }

  /** Milliseconds that it takes to fill. */
  missing(bucket: FullAt, now: number): number {
    return Math.max(0, bucket - now)
  }
}

/** Milliseconds by which sums of fractions may be off. */
const tolerance = 0.01
