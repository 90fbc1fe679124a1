/**
 * When a client tries again: at once after a connection was lost, later and later while that fails, and after somebody
 * has done something where time alone mends nothing.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Random from "effect/Random"
import { type ConnectionFailure, isFinal } from "../ConnectionFailure.ts"

/** Delay before attempt `attempt` (0 is the first) to connect again, in milliseconds, before jitter. */
export const backoffDelay = (attempt: number, backoff: Duration.Duration, max: Duration.Duration): number =>
  attempt === 0 ? 0 : Math.min(Duration.toMillis(backoff) * 2 ** (attempt - 1), Duration.toMillis(max))

/** The codes of a server that would close the next connection again: too much was sent, or too little was read. */
const refusals: ReadonlySet<number | undefined> = new Set([1008, 1013])

/** Whether the server accepted the connection only to refuse it, so that being accepted is no reason to come at once. */
const isRefusal = ({ code, kind }: ConnectionFailure): boolean =>
  kind === "client" || kind === "protocol" || (kind === "closed" && refusals.has(code))

/**
 * How many connections in a row on which the server said nothing are followed by an attempt at once, as a bad network may cut several.
 * What ends every connection as soon as it is there, such as a proxy whose server is away, is to be spared.
 */
const tolerated = 3

/** The attempts of one client. */
export class Reconnection {
  readonly #backoff: Duration.Duration
  readonly #maxBackoff: Duration.Duration
  readonly #tries = Latch.makeUnsafe(false)
  readonly #begins = Latch.makeUnsafe(false)
  #attempt = 0
  #refused = 0
  /** How many connections there were since the server said something. */
  #mute = 0
  #isAsked = false
  #isPaused = false

  constructor(backoff: Duration.Duration, maxBackoff: Duration.Duration) {
    this.#backoff = backoff
    this.#maxBackoff = maxBackoff
  }

  /** There is a connection. */
  connected(): void {
    this.#attempt = 0
    this.#mute++
  }

  /** The server has said something. */
  heard(): void {
    this.#mute = 0
  }

  /** The next attempt is made now, whatever became of the last one. */
  begin(): void {
    this.#isAsked = true
    this.#isPaused = false
    this.#attempt = 0
    this.#begins.openUnsafe()
    this.#tries.openUnsafe()
  }

  /** The next attempt is made now, unless it makes no sense. */
  hurry(): void {
    this.#isPaused = false
    this.#tries.openUnsafe()
  }

  /** No further attempt is made until `begin` or `hurry`. */
  pause(): void {
    this.#isPaused = true
  }

  /** A connection was lost that was not refused. */
  #lost(): void {
    this.#refused = 0
    this.#attempt = Math.max(0, this.#mute - tolerated)
  }

  /**
   * Waits until the next attempt is due. Within milliseconds of the first one clients spread their return. `explain`
   * finds out more about the failure meanwhile. `tell` gets how many milliseconds it waits, and undefined afterwards.
   */
  wait(
    failure: ConnectionFailure,
    within: number,
    explain: Effect.Effect<ConnectionFailure>,
    tell: (millis: number | undefined) => void = () => {}
  ): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      if (this.#isAsked) return void (this.#isAsked = false)
      this.#tries.closeUnsafe()
      this.#begins.closeUnsafe()
      if (this.#isPaused) return yield* this.#tries.await
      const random = yield* Random.next
      if (isRefusal(failure)) this.#attempt = ++this.#refused
      else if (this.#attempt === 0) this.#lost()
      const spread = this.#attempt === 0 ? within * random : 0
      const delay = backoffDelay(this.#attempt++, this.#backoff, this.#maxBackoff) * (0.5 + random / 2)
      if (spread + delay > 0) tell(spread + delay)
      const due = Effect.raceFirst(Effect.sleep(Duration.millis(spread + delay)), this.#tries.await)
      const both = Effect.flatMap(Effect.forkChild(explain, { startImmediately: true }), (explaining) =>
        Effect.andThen(due, Fiber.join(explaining))
      )
      const known = yield* Effect.raceFirst(both, Effect.as(this.#begins.await, undefined))
      tell(undefined)
      if (known !== undefined && isFinal(known)) yield* this.#begins.await
      this.#isAsked = false
    })
  }
}
