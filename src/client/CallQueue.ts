/**
 * The calls of one component that wait until it can be called. Those that were sent before go first, in their order.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { LiveError } from "../LiveError.ts"

/** The instance and the session that a call is sent to. */
export interface Target {
  readonly componentId: string
  /** Counts the sessions of the client: only the session that a call was sent in knows the call. */
  readonly session: number
}

interface Waiting {
  /** Infinite for a call that was never sent. */
  readonly id: number
  readonly resume: (exit: Exit.Exit<Target, LiveError>) => void
}

/** The queue of calls. */
export class CallQueue {
  #waiting = new Set<Waiting>()

  get size(): number {
    return this.#waiting.size
  }

  /** Waits until the component can be called. */
  wait(id: number | undefined): Effect.Effect<Target, LiveError> {
    return Effect.callback((resume) => {
      const waiting: Waiting = { id: id ?? Infinity, resume }
      this.#waiting.add(waiting)
      return Effect.sync(() => void this.#waiting.delete(waiting))
    })
  }

  /** The component can be called. */
  release(target: Target): void {
    this.#end(Exit.succeed(target))
  }

  /** The component cannot be called: all calls that wait fail. */
  fail(error: LiveError): void {
    this.#end(Exit.fail(error))
  }

  #end(exit: Exit.Exit<Target, LiveError>): void {
    const waiting = Array.from(this.#waiting).sort((a, b) => (a.id === b.id ? 0 : a.id - b.id))
    this.#waiting = new Set()
    for (const { resume } of waiting) resume(exit)
  }
}
