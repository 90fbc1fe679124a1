/**
 * Tells when a handler runs too long, and once more when it goes on all the same. One timer does for however many messages: it wakes
 * when the handler it saw could be overdue, and looks again. While the actor is idle there is none. It interrupts nothing itself.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Message } from "./Message.ts"

/** Who wants to be told. */
export interface WatchOptions {
  readonly context: Context.Context<never>
  /** How long a handler may run, milliseconds. */
  readonly millis: number
  /** By `Monotonic`. */
  readonly now: () => number
  /** May also be told of a message whose handler has ended. Gives the milliseconds after which to tell again. */
  readonly overdue: (message: Message) => number
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

  /** Watches the handler of a message from now on, instead of the one before. */
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
      // Unless that ended it, and another is watched already.
      if (this.#message === message) this.#deadline = now() + more
    }
    if (this.#message !== undefined) return Effect.andThen(Effect.sleep(this.#deadline - now()), this.#look)
    this.#timer = undefined
    return Effect.void
  })
}
