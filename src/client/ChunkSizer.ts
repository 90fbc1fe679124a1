/**
 * How many bytes of a file are sent at once. As many as the way to the server stores in a moment: what waits in the
 * network cannot be overtaken, so a call would wait behind it, and so would the ping that keeps the connection.
 */

/** The first chunks are small, since nothing is known of the way yet. */
const first = 32 * 1024
/** Smaller ones count as messages. */
const least = 8 * 1024
/** Milliseconds from sending to storing, below which chunks double, and above which they halve. */
const [quick, slow] = [400, 1000]
/** How many chunks may be under way, so that the next one is there when one is stored. */
const underWay = 4

/** The size of chunks on one connection. */
export class ChunkSizer {
  readonly #most: number
  #size: number
  #changedAt = -Infinity

  /** `most`: bytes that the server proposes. */
  constructor(most: number) {
    this.#most = most
    this.#size = Math.min(first, most)
  }

  /** Bytes of the next chunk. */
  get size(): number {
    return this.#size
  }

  /** Bytes that may be under way. */
  get budget(): number {
    return this.#size * underWay
  }

  /** A chunk was sent and is stored. What was sent before the last change says nothing about the size since then. */
  stored(sentAt: number, now: number): void {
    if (sentAt < this.#changedAt) return
    const took = now - sentAt
    const size = took < quick ? this.#size * 2 : took > slow ? this.#size / 2 : this.#size
    const bounded = Math.min(this.#most, Math.max(Math.min(least, this.#most), Math.floor(size)))
    if (bounded === this.#size) return
    this.#size = bounded
    this.#changedAt = now
  }
}
