/**
 * The Clock and the Random of one message. While it is recorded, its handler reads the real time, and what it reads is
 * kept; when it is replayed, it reads the same again. Its random numbers come from a seed. Fibers that outlive the
 * message have the time of the program.
 */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** Readings of one message that are kept. Later ones are not. */
const maxReadings = 256

/** The Clock of one message. */
abstract class MessageClock implements Clock.Clock {
  readonly base: Clock.Clock
  readonly currentTimeMillis: Effect.Effect<number>
  readonly currentTimeNanos: Effect.Effect<bigint>
  readonly monotonicTimeNanos: Effect.Effect<bigint>

  constructor(base: Clock.Clock) {
    this.base = base
    this.currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe())
    this.currentTimeNanos = base.currentTimeNanos
    this.monotonicTimeNanos = base.monotonicTimeNanos
  }

  abstract currentTimeMillisUnsafe(): number

  currentTimeNanosUnsafe(): bigint {
    return this.base.currentTimeNanosUnsafe()
  }

  monotonicTimeNanosUnsafe(): bigint {
    return this.base.monotonicTimeNanosUnsafe()
  }

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return this.base.sleep(duration)
  }
}

class RecordingClock extends MessageClock {
  readonly #at: number
  readonly #readings: Array<number>
  isOver = false

  constructor(base: Clock.Clock, at: number, readings: Array<number>) {
    super(base)
    this.#at = at
    this.#readings = readings
  }

  currentTimeMillisUnsafe(): number {
    const now = this.base.currentTimeMillisUnsafe()
    if (!this.isOver && this.#readings.length < maxReadings) this.#readings.push(now - this.#at)
    return now
  }
}

class ReplayingClock extends MessageClock {
  readonly #at: number
  readonly #readings: ReadonlyArray<number>
  #next = 0
  isOver = false

  constructor(base: Clock.Clock, at: number, readings: ReadonlyArray<number>) {
    super(base)
    this.#at = at
    this.#readings = readings
  }

  currentTimeMillisUnsafe(): number {
    const reading = this.isOver ? undefined : this.#readings[this.#next++]
    return reading === undefined ? this.base.currentTimeMillisUnsafe() : this.#at + reading
  }
}

/** Random numbers of a seed. The generator is made when the first of them is needed. */
class SeededRandom {
  readonly #seed: number
  #made: typeof Random.Random.Service | undefined

  constructor(seed: number) {
    this.#seed = seed
  }

  get #random(): typeof Random.Random.Service {
    return (this.#made ??= Effect.runSync(Random.withSeed(Effect.service(Random.Random), this.#seed)))
  }

  nextIntUnsafe(): number {
    return this.#random.nextIntUnsafe()
  }

  nextDoubleUnsafe(): number {
    return this.#random.nextDoubleUnsafe()
  }
}

/** What surrounds one message. */
export class Surroundings {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly seed: number
  /** What was read from the Clock, in milliseconds after `at`. */
  readonly readings: ReadonlyArray<number>
  readonly #clock: RecordingClock | ReplayingClock

  private constructor(
    at: number,
    seed: number,
    readings: ReadonlyArray<number>,
    clock: RecordingClock | ReplayingClock
  ) {
    this.at = at
    this.seed = seed
    this.readings = readings
    this.#clock = clock
  }

  /** Of a message that begins now. */
  static record(clock: Clock.Clock, random: typeof Random.Random.Service): Surroundings {
    const at = clock.currentTimeMillisUnsafe()
    const readings: Array<number> = []
    return new Surroundings(at, random.nextIntUnsafe(), readings, new RecordingClock(clock, at, readings))
  }

  /** Of a message that was recorded. */
  static replay(
    clock: Clock.Clock,
    { at, clock: readings, seed }: { readonly at: number; readonly clock: ReadonlyArray<number>; readonly seed: number }
  ): Surroundings {
    return new Surroundings(at, seed, readings, new ReplayingClock(clock, at, readings))
  }

  /** Runs a handler in them. */
  provide<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    const random = Effect.provideService(effect, Random.Random, new SeededRandom(this.seed))
    return Effect.provideService(random, Clock.Clock, this.#clock)
  }

  /** The message has ended. */
  end(): void {
    this.#clock.isOver = true
  }
}
