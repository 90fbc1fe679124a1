/**
 * A resource that is open while somebody retains it. React runs effects, undoes them and runs them again (StrictMode,
 * Fast Refresh), all in one task. So a resource that nobody retains is closed in the next task, and only if nobody
 * retains it by then.
 */
import * as Effect from "effect/Effect"
import type { Listeners } from "../Listeners.ts"

/** The resource, and how to close it. */
export interface Opened<A> {
  readonly value: A
  readonly close: () => void
}

/** The resource, and how to release it. */
export interface Retained<A> {
  readonly value: A
  readonly release: () => void
}

/** Creating one has no effect, so it may be done while React renders. */
export class RefCounted<A> {
  readonly #open: () => Opened<A>
  readonly #unheld: () => void
  #opened: Opened<A> | undefined
  #holders = 0

  /** `unheld` is called when nobody retains it any more: it is closed soon. */
  constructor(open: () => Opened<A>, unheld: () => void = () => {}) {
    this.#open = open
    this.#unheld = unheld
  }

  /** Opens it, if it is not open, and keeps it open until `release` is called. */
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
        if (this.#holders > 0) return
        this.#unheld()
        Effect.runFork(closeSoon(() => this.closeUnheld()))
      }
    }
  }

  /** Closes it now, if nobody retains it. */
  closeUnheld(): void {
    const opened = this.#opened
    if (opened === undefined || this.#holders > 0) return
    this.#opened = undefined
    opened.close()
  }
}

/** The `subscribe` of a store: the resource is open for as long as there is a listener. */
export const subscription =
  (listeners: Listeners, resource: RefCounted<void>) =>
  (listener: () => void): (() => void) => {
    const remove = listeners.add(listener)
    const { release } = resource.retain()
    return () => {
      remove()
      release()
    }
  }

const closeSoon = (close: () => void): Effect.Effect<void> => Effect.andThen(Effect.yieldNow, Effect.sync(close))
