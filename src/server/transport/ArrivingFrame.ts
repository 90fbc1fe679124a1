/**
 * A frame that arrives in several reads. What has come of it is copied together, so that it can be read like one that
 * came at once; memory is taken for what is there, whatever the head of the frame says.
 */
import * as BufferPool from "../BufferPool.ts"

/** Where a frame begins in its buffer: with the longest head, its payload begins at a word, which is read faster. */
const start = 2

/** One frame, as far as it has come. */
export class ArrivingFrame {
  /** Bytes of the frame with its head. */
  readonly #size: number
  #buffer: Buffer
  #used = 0

  /** Of so many bytes with its head, of which this is the beginning. */
  constructor(size: number, beginning: Buffer) {
    this.#size = size
    this.#buffer = BufferPool.take(start + size, start + beginning.length * 2)
    this.add(beginning)
  }

  /** Takes what belongs to it from the beginning of these bytes. Returns how many. */
  add(bytes: Buffer): number {
    const taken = Math.min(bytes.length, this.#size - this.#used)
    const used = this.#used + taken
    if (start + used > this.#buffer.length) this.#grow(used)
    bytes.copy(this.#buffer, start + this.#used, 0, taken)
    this.#used = used
    return taken
  }

  /** Whether all of it is there. */
  get isComplete(): boolean {
    return this.#used === this.#size
  }

  /** What is there, as it came. */
  get bytes(): Buffer {
    return this.#buffer.subarray(start, start + this.#used)
  }

  /** It is not read any more. */
  release(): void {
    BufferPool.give(this.#buffer)
  }

  #grow(used: number): void {
    const smaller = this.#buffer
    this.#buffer = BufferPool.take(start + this.#size, start + used)
    smaller.copy(this.#buffer, start, start, start + this.#used)
    BufferPool.give(smaller)
  }
}
