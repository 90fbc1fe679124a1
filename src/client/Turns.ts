/** Lets what has the same name happen one after the other. */
import * as Effect from "effect/Effect"

/** The turns of any number of names. */
export class Turns {
  /** Those that wait, for each name of which something happens now. */
  readonly #waiting = new Map<string, Array<() => void>>()

  /** Runs an effect when all before it that have this name have ended. */
  take<A, E, R>(name: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.andThen(
        restore(this.#begin(name)),
        Effect.ensuring(
          restore(effect),
          Effect.sync(() => this.#next(name))
        )
      )
    )
  }

  #begin(name: string): Effect.Effect<void> {
    return Effect.callback((resume) => {
      const waiting = this.#waiting.get(name)
      if (waiting === undefined) {
        this.#waiting.set(name, [])
        return resume(Effect.void)
      }
      const begin = () => resume(Effect.void)
      waiting.push(begin)
      return Effect.sync(() => void waiting.splice(waiting.indexOf(begin), 1))
    })
  }

  #next(name: string): void {
    const next = this.#waiting.get(name)?.shift()
    if (next === undefined) this.#waiting.delete(name)
    else next()
  }
}
