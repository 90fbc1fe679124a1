/**
 * Does a piece of work for each of many items, at most once per interval, and always after the last request. One fiber
 * serves all items, and none exists while nothing waits.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Log from "../../Log.ts"

/** Items in a row, after which others get a turn. */
const perTurn = 64

/** The items that wait for the next round. */
export class Throttle<A> {
  readonly #interval: Duration.Duration
  readonly #concurrency: number
  readonly #work: (item: A) => Effect.Effect<void>
  readonly #context: Context.Context<never>
  readonly #scope: Scope.Scope
  readonly #oneAtATime = Semaphore.makeUnsafe(1)
  #waiting = new Set<A>()
  #running = false

  constructor(
    interval: Duration.Duration,
    concurrency: number,
    work: (item: A) => Effect.Effect<void>,
    context: Context.Context<Scope.Scope>
  ) {
    this.#interval = interval
    this.#concurrency = concurrency
    this.#work = (item) => Log.ignore(work(item), "A round failed", { level: "Error" })
    this.#scope = Context.get(context, Scope.Scope)
    this.#context = Context.omit(Scope.Scope)(context)
  }

  /** Requests the work for an item, within the interval. */
  mark(item: A): void {
    this.#waiting.add(item)
    if (this.#running) return
    this.#running = true
    Effect.runForkWith(this.#context)(Effect.forkIn(this.#rounds, this.#scope, { startImmediately: true }))
  }

  /** The number of items that wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** Removes an item. */
  drop(item: A): boolean {
    return this.#waiting.delete(item)
  }

  /** Does all that is waiting now, after a round that is under way. */
  get flush(): Effect.Effect<void> {
    return this.#oneAtATime.withPermit(this.#round)
  }

  readonly #round: Effect.Effect<void> = Effect.suspend(() => {
    const items = this.#waiting
    this.#waiting = new Set()
    let done = 0
    return Effect.forEach(
      items,
      (item) => (++done % perTurn === 0 ? Effect.andThen(this.#work(item), Effect.yieldNow) : this.#work(item)),
      { concurrency: this.#concurrency, discard: true }
    )
  })

  readonly #rounds: Effect.Effect<void> = Effect.suspend(() =>
    Effect.andThen(
      Effect.delay(
        Effect.suspend(() => this.flush),
        this.#interval
      ),
      Effect.suspend(() => {
        if (this.#waiting.size > 0) return this.#rounds
        this.#running = false
        return Effect.void
      })
    )
  )
}
