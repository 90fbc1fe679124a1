/**
 * Tells when a handler runs too long. One timer does for however many messages: it wakes when the handler it saw could be
 * overdue, and looks again. While the actor is idle there is none. It interrupts nothing itself.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Message } from "./Message.ts"
import * as Monotonic from "./Monotonic.ts"

/** Watches one handler at a time. */
export class Watchdog {
  readonly #context: Context.Context<never>
  readonly #millis: number
  readonly #overdue: (message: Message) => void
  #message: Message | undefined
  /** When the handler of `#message` is overdue, by `Monotonic`. */
  #deadline = 0
  #timer: Fiber.Fiber<void> | undefined

  /** `overdue` may also be told of a message whose handler has ended. */
  constructor(context: Context.Context<never>, millis: number, overdue: (message: Message) => void) {
    this.#context = context
    this.#millis = millis
    this.#overdue = overdue
  }

  /** Watches the handler of a message from `now` on, instead of the one before. */
  guard(message: Message, now: number): void {
    this.#message = message
    this.#deadline = now + this.#millis
    this.#timer ??= Effect.runForkWith(this.#context)(Effect.andThen(Effect.sleep(this.#millis), this.#look()))
  }

  /** Stops watching. */
  rest(): void {
    this.#message = undefined
    this.#timer?.interruptUnsafe()
    this.#timer = undefined
  }

  #look(): Effect.Effect<void> {
    return Effect.flatMap(Monotonic.millis, (now) => {
      const left = this.#deadline - now
      if (left > 0) return Effect.andThen(Effect.sleep(left), this.#look())
      this.#timer = undefined
      if (this.#message !== undefined) this.#overdue(this.#message)
      return Effect.void
    })
  }
}
