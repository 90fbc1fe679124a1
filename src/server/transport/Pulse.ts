/** Something that is done at intervals, and whether it is done in time. */

/** The part of an interval by which it may be late. */
const tolerance = 0.1

/** When something was done last. */
export class Pulse {
  readonly #latest: number
  #at: number

  /** Once in so many milliseconds, from now on. */
  constructor(interval: number, now: number) {
    this.#latest = interval * (1 + tolerance)
    this.#at = now
  }

  /** It is done now. True when the event loop has stood still: what came in meanwhile waits, and was not heard. */
  isLate(now: number): boolean {
    const since = now - this.#at
    this.#at = now
    return since > this.#latest
  }
}
