/**
 * An event loop that a seed drives: nothing runs by itself. Macrotasks run in an order the seed chooses, time moves when it is told
 * to, and wall clock and monotonic clock may part. While it is installed, `setImmediate` and `setTimeout` of the process are its own.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Scheduler from "effect/Scheduler"
import type { SeededRandom } from "./Random.ts"

interface Sleeper {
  readonly at: number
  readonly order: number
  readonly wake: () => void
}

/** Tasks that may run while nothing else happens before something is taken to run for ever. */
const maxTasksPerDrain = 200_000

/** How far out of their order macrotasks may run. */
const reach = 3

const real = { setImmediate, clearImmediate, setTimeout, clearTimeout }

/** Microtasks have run when this resolves. */
const microtasks = (): Promise<void> => new Promise((resolve) => void real.setImmediate(resolve))

/** An event loop that a seed drives. */
export class EventLoop {
  readonly #random: SeededRandom
  readonly #tasks: Array<() => void> = []
  #sleepers: Array<Sleeper> = []
  #order = 0
  #monotonic = 1_000_000
  /** Milliseconds by which the wall clock is ahead of the monotonic one. */
  #offset = Date.UTC(2026, 0, 1) - 1_000_000
  /** What was thrown where nobody could catch it. */
  readonly uncaught: Array<unknown> = []
  readonly context: Context.Context<never>

  constructor(random: SeededRandom) {
    this.#random = random
    this.context = Context.empty().pipe(
      Context.add(Clock.Clock, this.#clock),
      Context.add(Scheduler.Scheduler, this.#scheduler),
      Context.add(Random.Random, {
        nextDoubleUnsafe: () => random.next(),
        nextIntUnsafe: () => random.below(Number.MAX_SAFE_INTEGER)
      })
    )
  }

  /** Milliseconds of the monotonic clock. */
  get now(): number {
    return this.#monotonic
  }

  /** Milliseconds since the epoch, as far as the process can know. */
  get wall(): number {
    return this.#monotonic + this.#offset
  }

  /** Somebody sets the wall clock. */
  jump(millis: number): void {
    this.#offset += millis
  }

  /** Everything that can run without time passing has run. */
  async drain(): Promise<void> {
    let count = 0
    await microtasks()
    while (this.#tasks.length > 0) {
      if (++count > maxTasksPerDrain) throw new Error("Something runs for ever without waiting")
      const [task] = this.#tasks.splice(this.#random.below(Math.min(reach, this.#tasks.length)), 1)
      this.#guarded(task ?? noop)
      if (this.#tasks.length === 0) await microtasks()
    }
  }

  /** Time passes, and whatever was to happen in it happens at its time. */
  async advance(millis: number): Promise<void> {
    const until = this.#monotonic + millis
    await this.drain()
    for (let next = this.#due(until); next !== undefined; next = this.#due(until)) {
      this.#monotonic = Math.max(this.#monotonic, next.at)
      this.#guarded(next.wake)
      await this.drain()
    }
    this.#monotonic = until
  }

  /** The process stands still for so long: what was to happen in that time happens at once after it. */
  async freeze(millis: number): Promise<void> {
    this.#monotonic += millis
    for (let next = this.#due(this.#monotonic); next !== undefined; next = this.#due(this.#monotonic)) {
      this.#guarded(next.wake)
    }
    await this.drain()
  }

  /** Runs an effect in this loop. */
  run<A, E>(effect: Effect.Effect<A, E>): Fiber.Fiber<A, E> {
    return Effect.runForkWith(this.context)(effect)
  }

  /** Takes the place of the event loop of the process until the function it returns is called. */
  install(): () => void {
    const onUncaught = (error: unknown) => void this.uncaught.push(error)
    process.on("uncaughtException", onUncaught)
    process.on("unhandledRejection", onUncaught)
    Object.assign(globalThis, {
      setImmediate: (task: (...args: ReadonlyArray<unknown>) => void, ...args: ReadonlyArray<unknown>) =>
        this.#immediately(() => task(...args)),
      clearImmediate: (cancel: (() => void) | undefined) => cancel?.(),
      setTimeout: (task: () => void, millis = 0) => this.#later(millis, task),
      clearTimeout: (cancel: (() => void) | undefined) => cancel?.()
    })
    return () => {
      Object.assign(globalThis, real)
      process.off("uncaughtException", onUncaught)
      process.off("unhandledRejection", onUncaught)
    }
  }

  #immediately(task: () => void): () => void {
    let isWanted = true
    this.#tasks.push(() => {
      if (isWanted) task()
    })
    return () => void (isWanted = false)
  }

  #later(millis: number, wake: () => void): () => void {
    if (millis <= 0) return this.#immediately(wake)
    const sleeper = { at: this.#monotonic + millis, order: ++this.#order, wake }
    this.#sleepers.push(sleeper)
    return () => void (this.#sleepers = this.#sleepers.filter((other) => other !== sleeper))
  }

  /** The next one whose time comes by then, which sleeps no longer. */
  #due(until: number): Sleeper | undefined {
    const due = this.#sleepers.filter(({ at }) => at <= until)
    const next = due.reduce<Sleeper | undefined>((first, other) => (isBefore(first, other) ? first : other), undefined)
    if (next !== undefined) this.#sleepers = this.#sleepers.filter((other) => other !== next)
    return next
  }

  #guarded(task: () => void): void {
    try {
      task()
    } catch (error) {
      this.uncaught.push(error)
    }
  }

  get #clock(): Clock.Clock {
    const nanos = (millis: number) => BigInt(Math.round(millis)) * 1_000_000n
    return {
      currentTimeMillisUnsafe: () => this.wall,
      currentTimeMillis: Effect.sync(() => this.wall),
      currentTimeNanosUnsafe: () => nanos(this.wall),
      currentTimeNanos: Effect.sync(() => nanos(this.wall)),
      monotonicTimeNanosUnsafe: () => nanos(this.now),
      monotonicTimeNanos: Effect.sync(() => nanos(this.now)),
      sleep: (duration) =>
        Effect.callback<void>((resume) => {
          const millis = Duration.toMillis(duration)
          if (millis === Infinity) return undefined
          const cancel = this.#later(millis, () => resume(Effect.void))
          return Effect.sync(cancel)
        })
    }
  }

  get #scheduler(): Scheduler.Scheduler {
    const loop = this
    const mixed = new Scheduler.MixedScheduler("async", (task) => loop.#immediately(task))
    return {
      executionMode: "async",
      // Now and then a fiber has to give way where it would not have to.
      shouldYield: (fiber) => mixed.shouldYield(fiber) || loop.#random.chance(0.001),
      makeDispatcher: () => mixed.makeDispatcher()
    }
  }
}

const noop = (): void => {}

const isBefore = (first: Sleeper | undefined, other: Sleeper): boolean =>
  first !== undefined && (first.at < other.at || (first.at === other.at && first.order < other.order))
