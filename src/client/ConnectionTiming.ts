/** When a client connects again, and how long its server takes to answer: apart from its state, because it changes all the time. */
import type * as Clock from "effect/Clock"
import { Listeners } from "../Listeners.ts"

/** The times of a connection. */
export interface ConnectionTiming {
  /** When the next attempt to connect is made, in milliseconds since the epoch. Undefined while none is waited for. */
  readonly retryAt: number | undefined
  /** Milliseconds that the server took to answer the last time: to the first message of a connection, and then to each ping. */
  readonly latency: number | undefined
}

/** The times of one connection, and who is told when they change. */
export class TimingMonitor {
  readonly #clock: Clock.Clock
  readonly #listeners: Listeners<ConnectionTiming>
  #timing: ConnectionTiming = { retryAt: undefined, latency: undefined }

  /** `report` is told what a listener threw. */
  constructor(clock: Clock.Clock, report: (defect: unknown) => void) {
    this.#clock = clock
    this.#listeners = new Listeners(report)
  }

  /** What is known now; the same value until something changes. */
  get timing(): ConnectionTiming {
    return this.#timing
  }

  /** Calls the listener after each change, until the function returned is called. */
  readonly listen = (listener: (timing: ConnectionTiming) => void): (() => void) => this.#listeners.add(listener)

  /** The next attempt is made in so many milliseconds; undefined when it begins, or when none is made by itself. */
  waits(millis: number | undefined): void {
    const retryAt = millis === undefined ? undefined : this.#clock.currentTimeMillisUnsafe() + Math.round(millis)
    this.#set({ ...this.#timing, retryAt })
  }

  /** The server has answered after so many milliseconds; undefined when there is no connection. */
  measured(millis: number | undefined): void {
    this.#set({ ...this.#timing, latency: millis === undefined ? undefined : Math.round(millis) })
  }

  #set(timing: ConnectionTiming): void {
    const { latency, retryAt } = this.#timing
    if (timing.latency === latency && timing.retryAt === retryAt) return
    this.#timing = timing
    this.#listeners.tell(timing)
  }
}
