/** Tells whether something that is done at intervals is done in time. */

/** The part of an interval that it may be late. */
const tolerance = 0.1

/** When it was done last. */
export class Pulse {
  readonly #latest: number
  #at: number

  /** Every so many milliseconds, from now on. */
  constructor(interval: number, now: number) {
    this.#latest = interval * (1 + tolerance)
    this.#at = now
  }

  /** It is done now. Returns how long ago it was done before. */
  beat(now: number): number {
    const since = now - this.#at
    this.#at = now
    return since
  }

  /** Whether the event loop stood still: frames that came in meanwhile were not read yet. */
  isLate(since: number): boolean {
    return since > this.#latest
  }
}
