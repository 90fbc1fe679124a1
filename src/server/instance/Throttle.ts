// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * Does a piece of work for each of many items: at most once per interval, always after the last request, and again when it failed. One
 * fiber serves all items, and none exists while nothing waits. Work that takes too long goes on by itself: other items do not wait for
 * it, and its item gets no other turn before it ends.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Begun from "../../actor/Begun.ts"
import * as Log from "../../Log.ts"

/** Items in a row, after which others get a turn. */
const perTurn = 64

/** How long a round waits for one item. */
const patience = Duration.seconds(1)

/** When failed work is repeated. */
const again = Schedule.min([Schedule.exponential("250 millis"), Schedule.spaced("10 seconds")])

/** Waits for the time of the next attempt. */
type Pause = Effect.Success<ReturnType<typeof pauses>>
const pauses = () => Schedule.toStepWithSleep(again)

/** An item that waits or is served. */
interface Turn {
  /** Whether it was requested after the last attempt began. */
  isWanted: boolean
  /** Whether it failed, and the time of the next attempt has not come. */
  isPausing: boolean
  /** Set from the first failure until it succeeds. */
  pause: Pause | undefined
  /** Set while the work runs. */
  fiber: Fiber.Fiber<unknown, unknown> | undefined
}

/** The items that wait or are served. */
export class Throttle<A> {
  readonly #interval: Duration.Duration
  readonly #concurrency: number
  readonly #work: (item: A) => Effect.Effect<unknown, unknown>
  readonly #scope: Scope.Scope
  readonly #run: <B, E>(effect: Effect.Effect<B, E>) => Fiber.Fiber<B, E>
  readonly #turns = new Map<A, Turn>()
  #running = false

  /** `work` logs its failures itself, and is repeated. Defects are logged here. Work that is done already is an Exit. */
  constructor(
    interval: Duration.Duration,
    concurrency: number,
    work: (item: A) => Effect.Effect<unknown, unknown>,
    context: Context.Context<Scope.Scope>
  ) {
    this.#interval = interval
    this.#concurrency = concurrency
    this.#work = (item) => {
      const begun = Begun.begin(() => work(item))
      if (Begun.doneOf(begun) !== undefined) return begun
      return Effect.tapCause(begun, (cause) =>
        Cause.hasDies(cause) ? Log.error("A round failed", { cause }) : Effect.void
      )
    }
    this.#scope = Context.get(context, Scope.Scope)
    this.#run = Effect.runForkWith(Context.omit(Scope.Scope)(context))
    this.#run(
      Scope.addFinalizer(
        this.#scope,
        Effect.sync(() => this.#end())
      )
    )
  }

  /** Requests the work for an item, within the interval. */
  mark(item: A): void {
    this.#want(item)
    this.#begin()
  }

  /** Does the work for an item now, unless it runs: then after that. */
  now(item: A): void {
    this.#run(this.#attempt(item, this.#want(item)))
  }

  /** The number of items that wait or are served. */
  get size(): number {
    return this.#turns.size
  }

  /** Removes an item. Work that runs is not repeated. */
  drop(item: A): boolean {
    return this.#turns.delete(item)
  }

  /** Does all that is waiting now: first what has not failed. Work that takes too long is not waited for. */
  get flush(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const turns = Array.from(this.#turns)
      return this.#attempts([
        ...turns.filter(([, { fiber, pause }]) => fiber === undefined && pause === undefined),
        ...turns.filter(([, { fiber, pause }]) => fiber === undefined && pause !== undefined),
        ...turns.filter(([, { fiber }]) => fiber !== undefined)
      ])
    })
  }

  readonly #rounds: Effect.Effect<void> = Effect.suspend(() =>
    Effect.andThen(
      Effect.delay(
        Effect.suspend(() => this.#attempts(this.#due)),
        this.#interval
      ),
      Effect.suspend(() => {
        if (this.#due.length > 0) return this.#rounds
        this.#running = false
        return Effect.void
      })
    )
  )

  /** The items of the next round: first those that have not failed. */
  get #due(): Array<readonly [A, Turn]> {
    const due = Array.from(this.#turns).filter(([, turn]) => isDue(turn))
    return [
      ...due.filter(([, { pause }]) => pause === undefined),
      ...due.filter(([, { pause }]) => pause !== undefined)
    ]
  }

  #attempts(turns: ReadonlyArray<readonly [A, Turn]>): Effect.Effect<void> {
    let done = 0
    return Effect.forEach(
      turns,
      ([item, turn]) => {
        const attempt = this.#attempt(item, turn)
        return ++done % perTurn === 0 ? Effect.andThen(attempt, Effect.yieldNow) : attempt
      },
      { concurrency: this.#concurrency, discard: true }
    )
  }

  /** Does the work unless it runs, and waits for it, but not for long. */
  #attempt(item: A, turn: Turn): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#turns.get(item) !== turn) return Effect.void
      if (turn.fiber === undefined && turn.isWanted) {
        turn.isWanted = false
        const work = this.#work(item)
        // Nearly all work is done by now: a fiber for it would take as long as the work.
        if (Exit.isExit(work)) return this.#ended(item, turn, work)
        const fiber = this.#run(work)
        const exit = fiber.pollUnsafe()
        if (exit !== undefined) return this.#ended(item, turn, exit)
        turn.fiber = fiber
        fiber.addObserver((exit) => {
          turn.fiber = undefined
          this.#run(this.#ended(item, turn, exit))
        })
      }
      return turn.fiber === undefined
        ? Effect.void
        : Effect.asVoid(Effect.timeoutOption(Fiber.await(turn.fiber), patience))
    })
  }

  #ended(item: A, turn: Turn, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    if (this.#turns.get(item) !== turn) return Effect.void
    if (Exit.isFailure(exit)) return this.#pause(turn)
    turn.pause = undefined
    turn.isPausing = false
    if (turn.isWanted) this.#begin()
    else this.#turns.delete(item)
    return Effect.void
  }

  #pause(turn: Turn): Effect.Effect<void> {
    turn.isWanted = true
    if (turn.isPausing) return Effect.void
    turn.isPausing = true
    return Effect.gen({ self: this }, function* () {
      const pause = (turn.pause ??= yield* pauses())
      const over = Effect.sync(() => {
        turn.isPausing = false
        this.#begin()
      })
      yield* Effect.forkIn(Effect.andThen(Effect.ignore(pause(undefined)), over), this.#scope, {
        startImmediately: true
      })
    })
  }

  #want(item: A): Turn {
    let turn = this.#turns.get(item)
    if (turn === undefined) {
      turn = { isWanted: true, isPausing: false, pause: undefined, fiber: undefined }
      this.#turns.set(item, turn)
    }
    turn.isWanted = true
    return turn
  }

  #begin(): void {
    if (this.#running) return
    this.#running = true
    this.#run(Effect.forkIn(this.#rounds, this.#scope, { startImmediately: true }))
  }

  /** Removes all items, and interrupts the work that runs without waiting for it. */
  #end(): void {
    for (const { fiber } of this.#turns.values()) fiber?.interruptUnsafe()
    this.#turns.clear()
  }
}

const isDue = ({ fiber, isPausing, isWanted }: Turn): boolean => isWanted && !isPausing && fiber === undefined
