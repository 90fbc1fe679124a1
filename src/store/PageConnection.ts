/** The connection of a page, as a store, which does nothing before it has a listener. */
import * as Effect from "effect/Effect"
import type { ConnectionState } from "../client/ConnectionState.ts"
import type { ConnectionTiming } from "../client/ConnectionTiming.ts"
import * as ReplicaOpener from "../client/ReplicaOpener.ts"
import { Listeners } from "../Listeners.ts"
import * as Log from "../Log.ts"
import type { ReadableStore } from "./ReadableStore.ts"
import { type Opened, RefCounted, subscription } from "./RefCounted.ts"
import type { SharedClient } from "./SharedClient.ts"

/** What a page knows of its connection. */
export interface LiveConnection extends Omit<ConnectionState, "since">, ConnectionTiming {
  /** Since when there is a connection, or none: milliseconds since the epoch. Undefined before the first render is done. */
  readonly since: number | undefined
  /** Connects now, where there is no connection: from a button. An attempt that is being made goes on. */
  readonly retry: () => void
  /** Connects anew, at once: after signing in or out where no `token` says so. */
  readonly reconnect: () => void
}

/** The connection of one client. */
export class PageConnection implements ReadableStore<LiveConnection> {
  readonly #client: SharedClient
  readonly #reconnecting: () => void
  readonly #listeners = new Listeners((cause) =>
    Effect.runFork(Log.error("A listener of the connection failed", { cause }))
  )
  readonly #initial: LiveConnection = {
    status: "connecting",
    since: undefined,
    failure: undefined,
    retryAt: undefined,
    latency: undefined,
    retry: () => this.#with(({ retry }) => retry),
    reconnect: () => this.reconnect()
  }
  #snapshot = this.#initial

  /** `reconnecting` is called before it connects anew, perhaps as somebody else. */
  constructor(client: SharedClient, reconnecting: () => void = () => {}) {
    this.#client = client
    this.#reconnecting = reconnecting
  }

  /** What can be shown now. */
  readonly getSnapshot = (): LiveConnection => this.#snapshot

  /** What a server renders, and a page that is hydrated shows first. */
  readonly getServerSnapshot = (): LiveConnection => this.#initial

  /** Calls the listener after each change. */
  readonly subscribe = subscription(this.#listeners, new RefCounted(() => this.#open()))

  /** Connects anew, at once. */
  reconnect(): void {
    this.#reconnecting()
    this.#with(({ reconnect }) => reconnect)
  }

  #with(act: (connection: ReplicaOpener.ConnectionAccess) => Effect.Effect<void>): void {
    const { release, value } = this.#client.retain()
    Effect.runFork(
      Effect.ensuring(
        Effect.flatMap(value, (client) => act(ReplicaOpener.connectionOf(client))),
        Effect.sync(release)
      )
    )
  }

  #open(): Opened<void> {
    const client = this.#client.retain()
    let stop = () => {}
    const opening = Effect.runFork(
      Effect.map(client.value, (client) => {
        const { monitor, timing } = ReplicaOpener.connectionOf(client)
        const show = () => this.#show({ ...monitor.state, ...timing.timing })
        const stops = [monitor.listen(show), timing.listen(show)]
        stop = () => stops.forEach((each) => each())
        show()
      })
    )
    return {
      value: undefined,
      close: () => {
        opening.interruptUnsafe()
        stop()
        client.release()
      }
    }
  }

  #show(known: ConnectionState & ConnectionTiming): void {
    const { reconnect, retry } = this.#initial
    this.#snapshot = { ...known, retry, reconnect }
    this.#listeners.tell()
  }
}
