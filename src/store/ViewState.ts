/** A store of one value, which is another one exactly when something changed. */
import * as Effect from "effect/Effect"
import { Listeners } from "../Listeners.ts"
import * as Log from "../Log.ts"
import type { ReadableStore } from "./ReadableStore.ts"

/** What one use of an action or of a field shows. */
export class ViewState<State extends object> implements ReadableStore<State> {
  readonly #listeners: Listeners
  #snapshot: State

  /** `name` is what a failure of a listener is logged with. */
  constructor(name: string, first: State) {
    this.#listeners = new Listeners((cause) => Effect.runFork(Log.error(`A listener of "${name}" failed`, { cause })))
    this.#snapshot = first
  }

  /** What can be shown now; the same value until something changes. */
  readonly getSnapshot = (): State => this.#snapshot

  readonly getServerSnapshot = this.getSnapshot

  /** Calls the listener after each change. */
  readonly subscribe = (listener: () => void): (() => void) => this.#listeners.add(listener)

  /** Shows something else, where it is something else. */
  protected show(change: Partial<State>): void {
    const before = this.#snapshot
    if ((Object.keys(change) as Array<keyof State>).every((name) => before[name] === change[name])) return
    this.#snapshot = { ...before, ...change }
    this.#listeners.tell()
  }
}
