/**
 * Something that is open while anyone retains it. React runs effects, undoes them and runs them again (StrictMode, Fast
 * Refresh), all in one task, so what nobody retains is closed in a task of its own, and only if nobody retains it by then.
 */
import * as Effect from "effect/Effect"

/** What was opened, and how to close it. */
export interface Opened<A> {
  readonly value: A
  readonly close: () => void
}

/** What `retain` gives: the open thing, and how to let go of it. */
export interface Retained<A> {
  readonly value: A
  readonly release: () => void
}

/** Making one has no effect, so it may be made while React renders, and forgotten. */
export class RefCounted<A> {
  readonly #open: () => Opened<A>
  #opened: Opened<A> | undefined
  #holders = 0

  constructor(open: () => Opened<A>) {
    this.#open = open
  }

  /** Opens it, if it is not open, and keeps it open until `release` was called. */
  retain(): Retained<A> {
    const opened = (this.#opened ??= this.#open())
    this.#holders++
    let released = false
    return {
      value: opened.value,
      release: () => {
        if (released) return
        released = true
        this.#holders--
        if (this.#holders === 0) Effect.runFork(closeSoon(() => this.#closeUnheld()))
      }
    }
  }

  #closeUnheld(): void {
    const opened = this.#opened
    if (opened === undefined || this.#holders > 0) return
    this.#opened = undefined
    opened.close()
  }
}

const closeSoon = (close: () => void): Effect.Effect<void> => Effect.andThen(Effect.yieldNow, Effect.sync(close))
