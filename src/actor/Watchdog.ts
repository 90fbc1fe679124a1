/**
 * Reports a handler that runs too long, and again if it continues. One timer serves all messages: it wakes when the
 * handler it saw may be overdue, and looks again. An idle actor has no timer. A watchdog interrupts nothing itself.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Message } from "./Message.ts"

/** What a watchdog needs. */
export interface WatchOptions {
  readonly context: Context.Context<never>
  /** How long a handler may run, in milliseconds. */
  readonly millis: number
  /** By `Monotonic`. */
  readonly now: () => number
  /**
   * Called with a message whose handler is overdue, or has just ended. Returns the milliseconds until the next call, or
   * undefined when there is nothing more to watch.
   */
  readonly overdue: (message: Message) => number | undefined
}

/** Watches one handler at a time. */
export class Watchdog {
  readonly #watched: WatchOptions
  #message: Message | undefined
  /** When the handler of `#message` is overdue, by `Monotonic`. */
  #deadline = 0
  #timer: Fiber.Fiber<void> | undefined

  constructor(watched: WatchOptions) {
    this.#watched = watched
  }

  /** Watches the handler of a message, instead of the previous one. */
  guard(message: Message): void {
    const { context, millis, now } = this.#watched
    this.#message = message
    this.#deadline = now() + millis
    this.#timer ??= Effect.runForkWith(context)(Effect.andThen(Effect.sleep(millis), this.#look))
  }

  /** Stops watching. */
  rest(): void {
    this.#message = undefined
    this.#timer?.interruptUnsafe()
    this.#timer = undefined
  }

  readonly #look: Effect.Effect<void> = Effect.suspend(() => {
    const { now, overdue } = this.#watched
    const message = this.#message
    if (message !== undefined && this.#deadline <= now()) {
      const more = overdue(message)
      // The call may have ended the handler, and another may be watched now.
      if (this.#message === message) {
        if (more === undefined) this.#message = undefined
        else this.#deadline = now() + more
      }
    }
    if (this.#message !== undefined) return Effect.andThen(Effect.sleep(this.#deadline - now()), this.#look)
    this.#timer = undefined
    return Effect.void
  })
}
