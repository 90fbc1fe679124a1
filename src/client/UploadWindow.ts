/**
 * Which bytes of a file are stored, which are under way, and which are to be sent next. It follows the acknowledgements
 * of the server, which are cumulative. It sends nothing, and knows no time that it is not told.
 */
import type { UploadStarted } from "../LiveProtocol.ts"
import { ChunkSizer } from "./ChunkSizer.ts"

/** A part of the file, in bytes. */
export interface SourceRange {
  readonly offset: number
  readonly length: number
}

/** A part that was sent. */
interface SentPart {
  readonly end: number
  readonly at: number
}

/** The window of one upload. */
export class UploadWindow {
  readonly #size: number
  #limit = 0
  #sizer = new ChunkSizer(1)
  #received = 0
  #sent = 0
  #underWay: Array<SentPart> = []
  #isDoubtful = false

  /** `size`: bytes of the file. */
  constructor(size: number) {
    this.#size = size
  }

  /** All bytes below this offset are stored. */
  get received(): number {
    return this.#received
  }

  /** The offset of the next part. */
  get sent(): number {
    return this.#sent
  }

  get isStored(): boolean {
    return this.#received >= this.#size
  }

  /** Whether something was sent that is not acknowledged. */
  get isWaiting(): boolean {
    return this.#sent > this.#received
  }

  /** Whether the last acknowledgement brought nothing, so that something may be lost. */
  get isDoubtful(): boolean {
    return this.#isDoubtful
  }

  /** The server has so much of it. What was under way on an earlier connection is not any more. */
  begin({ chunkSize, received, window }: Pick<UploadStarted, "chunkSize" | "received" | "window">): void {
    this.#limit = window
    this.#sizer = new ChunkSizer(Math.max(1, Math.min(chunkSize, window)))
    this.#received = Math.min(received, this.#size)
    this.#rewind()
  }

  /** What may be sent now; undefined when it has to wait. */
  next(): SourceRange | undefined {
    const length = Math.min(this.#sizer.size, this.#size - this.#sent)
    const underWay = this.#sent - this.#received
    const fits = underWay === 0 || underWay + length <= Math.min(this.#limit, this.#sizer.budget)
    return length > 0 && fits ? { offset: this.#sent, length } : undefined
  }

  /** The next bytes were sent, at this time in milliseconds. */
  push(length: number, now: number): void {
    this.#sent += length
    this.#underWay.push({ end: this.#sent, at: now })
  }

  /** The server has stored everything below this offset; says whether that is news. */
  acknowledge(received: number, now: number): boolean {
    if (received <= this.#received) {
      this.#isDoubtful = this.isWaiting && received === this.#received
      return false
    }
    this.#isDoubtful = false
    this.#received = Math.min(received, this.#size)
    // It may have more than this connection has sent.
    this.#sent = Math.max(this.#sent, this.#received)
    let last: SentPart | undefined
    while ((this.#underWay[0]?.end ?? Infinity) <= received) last = this.#underWay.shift()
    if (last !== undefined) this.#sizer.stored(last.at, now)
    return true
  }

  /** Sends what is not acknowledged once more. */
  goBack(): void {
    this.#rewind()
  }

  #rewind(): void {
    this.#sent = this.#received
    this.#underWay = []
    this.#isDoubtful = false
  }
}
