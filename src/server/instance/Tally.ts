/**
 * What happened to an instance, or to all of a component, as numbers: how often, and how long it took. Counting is
 * adding, and allocates nothing. All numbers only grow, except those of the last minute.
 */
import * as Schema from "effect/Schema"
import type { TimeKind } from "./TimeRows.ts"
import { longest } from "./TimeBuckets.ts"

/** The last minute is this half and the one before. */
const halfMinute = 30_000

/** What was counted in the last half to whole minute. */
export const Recently = Schema.Struct({
  /** Calls of actions that ended, and how many of them crashed or ran too long. */
  actions: Schema.Int,
  crashes: Schema.Int,
  /** Changes that were published, and how many of them took more than a second. */
  renders: Schema.Int,
  slow: Schema.Int,
  /** How often a behaviour was built again. */
  restarts: Schema.Int,
  /** The milliseconds in which that was. */
  millis: Schema.Finite
})

/** What was counted in the last half to whole minute. */
export type Recently = typeof Recently.Type

/** A time that counts as slow for a change that is published, in microseconds. */
const slowRender = 1_000_000

/** Counts and times. Times are in microseconds. */
export abstract class Tally {
  /** Calls of actions that ended in any way. */
  actions = 0
  /** Those that failed with an error of their contract, or were refused. */
  failures = 0
  /** Crashes: in handlers of any kind, and in the background. */
  defects = 0
  /** Handlers that were interrupted because they ran too long, and by their callers. */
  timeouts = 0
  cancelled = 0
  /** Fields that clients set, and events that were heard in rooms. */
  writes = 0
  events = 0
  /** How often the state was replaced, and how often a change of it was published. */
  updates = 0
  renders = 0
  restarts = 0
  /** Times: all together, the last, and the longest. */
  runTotal = 0
  runLast = 0
  runMax = 0
  publishTotal = 0
  publishLast = 0
  publishMax = 0
  waitTotal = 0
  waitMax = 0
  #half = 0
  #actions = 0
  #actionsBefore = 0
  #crashes = 0
  #crashesBefore = 0
  #renders = 0
  #rendersBefore = 0
  #slow = 0
  #slowBefore = 0
  #restarts = 0
  #restartsBefore = 0

  protected abstract count(kind: TimeKind, micros: number, weight: number): void

  /** Counts a time that stands for `weight` times. */
  time(kind: TimeKind, exactly: number, weight: number): void {
    const micros = Math.min(longest, Math.max(0, Math.round(exactly))) | 0
    this.count(kind, micros, weight)
    switch (kind) {
      case "run":
        this.runTotal += micros * weight
        this.runLast = micros
        if (micros > this.runMax) this.runMax = micros
        return
      case "publish":
        this.publishTotal += micros * weight
        this.publishLast = micros
        if (micros > this.publishMax) this.publishMax = micros
        if (micros > slowRender) this.#slow += weight
        return
      case "wait":
        this.waitTotal += micros * weight
        if (micros > this.waitMax) this.waitMax = micros
    }
  }

  /** Begins the present half minute. `now` is the age of the server in milliseconds. */
  turn(now: number): void {
    const half = Math.floor(now / halfMinute)
    if (half === this.#half) return
    const follows = half === this.#half + 1
    this.#half = half
    this.#actionsBefore = follows ? this.#actions : 0
    this.#crashesBefore = follows ? this.#crashes : 0
    this.#rendersBefore = follows ? this.#renders : 0
    this.#slowBefore = follows ? this.#slow : 0
    this.#restartsBefore = follows ? this.#restarts : 0
    this.#actions = this.#crashes = this.#renders = this.#slow = this.#restarts = 0
  }

  /** An action has ended. */
  acted(isBroken: boolean): void {
    this.actions++
    this.#actions++
    if (isBroken) this.#crashes++
  }

  /** The behaviour is built again. */
  rebuilt(): void {
    this.restarts++
    this.#restarts++
  }

  /** Forgets the last minute, which says nothing of what comes. */
  forget(): void {
    this.#actionsBefore = this.#crashesBefore = this.#rendersBefore = this.#slowBefore = this.#restartsBefore = 0
    this.#actions = this.#crashes = this.#renders = this.#slow = this.#restarts = 0
  }

  /** A change was published. */
  rendered(): void {
    this.renders++
    this.#renders++
  }

  /** The last minute. `now` is the age of the server in milliseconds. */
  recently(now: number): Recently {
    this.turn(now)
    return {
      actions: this.#actions + this.#actionsBefore,
      crashes: this.#crashes + this.#crashesBefore,
      renders: this.#renders + this.#rendersBefore,
      slow: this.#slow + this.#slowBefore,
      restarts: this.#restarts + this.#restartsBefore,
      millis: Math.min(now, halfMinute + (now % halfMinute))
    }
  }
}
