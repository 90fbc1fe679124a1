/** What is known of the connection of a client, and since when: a value that is a new one exactly when something changed. */
import type * as Clock from "effect/Clock"
import { describe, type ConnectionFailure } from "../ConnectionFailure.ts"
import { Listeners } from "../Listeners.ts"
import { Disconnected, LiveError } from "../LiveError.ts"

/**
 * `connecting`: there was no connection yet. `reconnecting`: it was lost. `unauthorized`: the server asks to sign in, and
 * `reconnect` tries again. `failed`: the address is none, and `reconnect` tries again. `closed`: for good.
 */
export type ConnectionStatus = "connecting" | "connected" | "reconnecting" | "unauthorized" | "failed" | "closed"

/** What is known of a connection. */
export interface ConnectionState {
  readonly status: ConnectionStatus
  /** Since when there is a connection, or none: milliseconds since the epoch. */
  readonly since: number
  /** What became of the last attempt to connect, or of the last connection. Undefined while there is a connection. */
  readonly failure: ConnectionFailure | undefined
}

/** The state of one connection, and who is told when it changes. */
export class ConnectionMonitor {
  readonly #clock: Clock.Clock
  readonly #listeners: Listeners<ConnectionState>
  #wasConnected = false
  #state: ConnectionState

  /** `report` is told what a listener threw. */
  constructor(clock: Clock.Clock, report: (defect: unknown) => void) {
    this.#clock = clock
    this.#listeners = new Listeners(report)
    this.#state = { status: "connecting", since: this.#now, failure: undefined }
  }

  /** What is known now; the same value until something changes. */
  get state(): ConnectionState {
    return this.#state
  }

  /** Calls the listener after each change, until the function returned is called. */
  readonly listen = (listener: (state: ConnectionState) => void): (() => void) => this.#listeners.add(listener)

  connected(): void {
    if (this.#state.status === "connected") return
    this.#wasConnected = true
    this.#set({ status: "connected", since: this.#now, failure: undefined })
  }

  disconnected(): void {
    if (this.#state.status === "connected") this.#set({ status: "reconnecting", since: this.#now, failure: undefined })
  }

  failed(failure: ConnectionFailure): void {
    const { since } = this.#state
    const { kind } = failure
    const status = kind === "unauthorized" ? kind : kind === "invalidUrl" ? "failed" : this.#trying
    this.#set({ status, since, failure })
  }

  /** It is tried again, though it made no sense before. */
  retried(): void {
    const { failure, since, status } = this.#state
    if (status === "unauthorized" || status === "failed") this.#set({ status: this.#trying, since, failure })
  }

  closed(): void {
    this.#set({ status: "closed", since: this.#now, failure: undefined })
  }

  /** There is no connection: this, and why. */
  error(detail: string): LiveError {
    const { failure, since, status } = this.#state
    if (status === "connected" || status === "closed") return new LiveError({ reason: new Disconnected({ detail }) })
    const why = failure === undefined ? detail : detail === "" ? describe(failure) : `${detail}, ${describe(failure)}`
    const connection = failure === undefined ? {} : { connection: failure }
    return new LiveError({ reason: new Disconnected({ detail: why, since, ...connection }) })
  }

  get #trying(): ConnectionStatus {
    return this.#wasConnected ? "reconnecting" : "connecting"
  }

  get #now(): number {
    return this.#clock.currentTimeMillisUnsafe()
  }

  #set(state: ConnectionState): void {
    if (this.#state.status === "closed") return
    this.#state = state
    this.#listeners.tell(state)
  }
}
