/**
 * Bytes that have come in and are not stored, in two buffers that are used in turns: one is filled while the other is
 * stored. What a socket has read can be let go of at once; kept until it is stored, it would outlive its generation
 * of garbage.
 */
import * as BufferPool from "../BufferPool.ts"

const nothing = Buffer.alloc(0)

/** The bytes of one upload that are not stored. */
export class Staging {
  #filling: Buffer = nothing
  #used = 0
  #spare: Buffer = nothing
  /** Whether the spare buffer is being stored. */
  #isTaken = false

  /** Whether there are bytes to be taken. */
  get isEmpty(): boolean {
    return this.#used === 0
  }

  /** Adds a copy of these bytes. */
  add(bytes: Uint8Array): void {
    const end = this.#used + bytes.length
    if (end > this.#filling.length) {
      // Twice as much as there is: a slow store lets it grow up to the window.
      const size = Math.max(end, this.#filling.length * 2)
      const larger = BufferPool.take(size, size)
      larger.set(this.#filling.subarray(0, this.#used))
      release(this.#filling)
      this.#filling = larger
    }
    this.#filling.set(bytes, this.#used)
    this.#used = end
  }

  /** Takes all bytes. They are as they were until `stored`. */
  take(): Buffer {
    const taken = this.#filling.subarray(0, this.#used)
    const emptied = this.#filling
    this.#filling = this.#spare
    this.#spare = emptied
    this.#used = 0
    this.#isTaken = true
    return taken
  }

  /** What was taken is stored, and not read any more. */
  stored(): void {
    this.#isTaken = false
  }

  /** Lets go of everything. */
  clear(): void {
    release(this.#filling)
    // A store that did not answer in time may still read it: nobody else gets it.
    if (!this.#isTaken) release(this.#spare)
    this.#filling = this.#spare = nothing
    this.#used = 0
  }
}

const release = (buffer: Buffer): void => {
  if (buffer !== nothing) BufferPool.give(buffer)
}
