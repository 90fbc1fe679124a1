/** Lets what has the same name happen one after the other. */
import * as Effect from "effect/Effect"

/** The turn of one effect: whether it has come, and what is told when it comes. */
interface Turn {
  hasCome: boolean
  begin: () => void
}

/** The turns of any number of names. */
export class Turns {
  /** Those that wait, for each name of which something happens now. */
  readonly #waiting = new Map<string, Array<Turn>>()

  /** Runs an effect when all before it that have this name have ended. */
  take<A, E, R>(name: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      const turn: Turn = { hasCome: false, begin: () => {} }
      const end = Effect.sync(() => this.#end(name, turn))
      return Effect.ensuring(Effect.andThen(this.#come(name, turn), effect), end)
    })
  }

  #come(name: string, turn: Turn): Effect.Effect<void> {
    return Effect.callback((resume) => {
      const waiting = this.#waiting.get(name)
      if (waiting !== undefined) {
        // With a stack of its own: a thousand may wait, and each begins the next.
        turn.begin = () => resume(Effect.yieldNow)
        return void waiting.push(turn)
      }
      this.#waiting.set(name, [])
      turn.hasCome = true
      resume(Effect.void)
    })
  }

  /** The turn is over, or was given up before it came, or in the moment in which it did. */
  #end(name: string, turn: Turn): void {
    const waiting = this.#waiting.get(name) ?? []
    if (!turn.hasCome) {
      const place = waiting.indexOf(turn)
      if (place >= 0) waiting.splice(place, 1)
      return
    }
    const next = waiting.shift()
    if (next === undefined) return void this.#waiting.delete(name)
    next.hasCome = true
    next.begin()
  }
}
