/**
 * What happened to one instance, as numbers, in constant memory. Everything is counted for its component as well. To
 * read a clock costs more than to count; so of handlers that end at once, after the first ones, one in eight is timed
 * and stands for all eight. What waits, or makes others wait, is always timed.
 */
import * as Exit from "effect/Exit"
import { failureOf, isNoInterruption } from "../../actor/Activation.ts"
import type { Message } from "../../actor/Message.ts"
import type { ComponentStats } from "./ComponentStats.ts"
import * as HeardEvents from "./HeardEvents.ts"
import { Tally } from "./Tally.ts"
import { coarse, type Counted } from "./TimeBuckets.ts"
import { add, places, type TimeKind, type TimeRows } from "./TimeRows.ts"
import * as FieldTag from "../../FieldTag.ts"

/** What the numbers of all instances of a server share. */
export interface StatsHost {
  /** Milliseconds since the server began, read once per turn of the event loop. */
  readonly turn: () => number
  /** Microseconds with fractions, on a clock that never goes back and never reads 0. */
  readonly micros: () => number
  readonly rows: TimeRows
}

/** All of the first times are taken, and then one in so many. */
const sampledFrom = 64
const sampling = 8

/** How many times this one stands for: itself, or itself and those before it, or none. */
const weightOf = (sequence: number): number =>
  sequence < sampledFrom ? 1 : sequence % sampling === sampling - 1 ? sampling : 0

/** The numbers of one instance. */
export class InstanceStats extends Tally {
  /** The age of the server, in milliseconds, when the last message came. */
  accessed: number
  readonly #component: ComponentStats
  readonly #host: StatsHost
  /** The row of its times: these two in place of an object for each instance. */
  #counts: Uint16Array | undefined
  #at = 0

  constructor(component: ComponentStats, host: StatsHost) {
    super()
    this.#component = component
    this.#host = host
    this.accessed = host.turn()
    this.turn(this.accessed)
  }

  protected count(kind: TimeKind, micros: number, weight: number): void {
    if (this.#counts === undefined) {
      const { at, counts } = this.#host.rows.take()
      this.#counts = counts
      this.#at = at
    }
    add(this.#counts, this.#at, kind, micros, weight)
  }

  /** The times of a kind; undefined when there are none. */
  times(kind: TimeKind): Counted | undefined {
    const counts = this.#counts
    return counts && { buckets: coarse, counts, at: this.#at + places[kind], max: this[`${kind}Max`] }
  }

  /** The instance has stopped. */
  end(): void {
    if (this.#counts !== undefined) this.#host.rows.give({ counts: this.#counts, at: this.#at })
    this.#counts = undefined
  }

  /** Messages that were handled in any way. */
  get messages(): number {
    return this.actions + this.writes + this.events
  }

  /** A message waits. */
  queued(message: Message): void {
    message.queuedAt = this.#host.micros()
  }

  /** The handler of a message begins. */
  begun(message: Message): void {
    this.accessed = this.#turn()
    const { queuedAt } = message
    const weight = queuedAt === 0 ? weightOf(this.messages) : 1
    if (weight === 0) return
    message.begunAt = this.#host.micros()
    this.#timed("wait", queuedAt === 0 ? 0 : message.begunAt - queuedAt, weight)
  }

  /** The handler of a message did not end at once. */
  continued(message: Message): void {
    if (message.begunAt === 0) message.begunAt = this.#host.micros()
  }

  /** The handler of a message has ended without a crash. */
  ended(message: Message, exit: Exit.Exit<unknown, unknown>): void {
    if (Exit.isSuccess(exit)) return this.#handled(message, false)
    const isInterrupted = failureOf(exit, isNoInterruption) === undefined
    const outcome = isInterrupted ? (message.overdue ? "timeouts" : "cancelled") : "failures"
    this[outcome]++
    this.#component[outcome]++
    this.#handled(message, outcome === "timeouts")
  }

  /** The actor has crashed, in the handler of a message if one is given. */
  crashed(message: Message | undefined): void {
    this.defects++
    this.#component.defects++
    if (message !== undefined) this.#handled(message, true)
  }

  /** The state was replaced. */
  updated(): void {
    this.updates++
    this.#component.updates++
  }

  /** The behaviour is built again. */
  restarted(): void {
    this.#turn()
    this.rebuilt()
    this.#component.rebuilt()
  }

  /** When a change begins to be published; 0 when it is not timed. */
  get publishing(): number {
    return weightOf(this.renders) === 0 ? 0 : this.#host.micros()
  }

  /** A change that began to be published then is published. */
  published(begunAt: number): void {
    this.#turn()
    if (begunAt !== 0) this.#timed("publish", this.#host.micros() - begunAt, weightOf(this.renders))
    this.rendered()
    this.#component.rendered()
  }

  #turn(): number {
    const now = this.#host.turn()
    this.turn(now)
    this.#component.turn(now)
    return now
  }

  #handled(message: Message, isBroken: boolean): void {
    const { begunAt, fiber, queuedAt, tag } = message
    if (begunAt !== 0) {
      const weight = fiber === undefined && queuedAt === 0 ? weightOf(this.messages) : 1
      this.#timed("run", this.#host.micros() - begunAt, weight)
    }
    if (FieldTag.fieldOf(tag) !== undefined) {
      this.writes++
      this.#component.writes++
    } else if (HeardEvents.isTag(tag)) {
      this.events++
      this.#component.events++
    } else {
      this.acted(isBroken)
      this.#component.acted(isBroken)
    }
  }

  #timed(kind: TimeKind, micros: number, weight: number): void {
    this.time(kind, micros, weight)
    this.#component.time(kind, micros, weight)
  }
}
