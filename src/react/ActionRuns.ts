/** The runs of one action by one view: an external store for `useSyncExternalStore`. It does nothing until it runs. */
import * as Effect from "effect/Effect"
import type { CallOptions } from "../client/ActionCaller.ts"
import type { CallResult } from "../client/CallResult.ts"
import { Listeners } from "../Listeners.ts"
import * as Log from "../Log.ts"
import type { RunAction } from "./LiveComponent.ts"

/** How the runs are, without their types. */
export interface RunState {
  readonly run: (payload?: unknown, options?: CallOptions) => Promise<CallResult<unknown, unknown>>
  readonly pending: boolean
  readonly error: unknown
  readonly data: unknown
  readonly reset: () => void
}

/** The runs of one action. */
export class ActionRuns {
  readonly #run: RunAction
  readonly #action: string
  readonly #listeners: Listeners
  /** Counts the runs. */
  #last = 0
  /** The run that is shown: an answer of an earlier one says nothing new. */
  #shown = 0
  /** The runs without an answer; a reset forgets them. */
  readonly #open = new Set<number>()
  #snapshot: RunState

  constructor(run: RunAction, action: string) {
    this.#run = run
    this.#action = action
    this.#listeners = new Listeners((cause) => Effect.runFork(Log.error(`A listener of "${action}" failed`, { cause })))
    this.#snapshot = {
      run: (payload, options) => this.#begin(payload, options),
      pending: false,
      error: undefined,
      data: undefined,
      reset: () => this.#reset()
    }
  }

  /** Whether it was made for this component and action. */
  is(run: RunAction, action: string): boolean {
    return this.#run === run && this.#action === action
  }

  /** What can be shown now; the same value until something changes. */
  readonly snapshot = (): RunState => this.#snapshot

  /** Calls the listener after each change. */
  readonly subscribe = (listener: () => void): (() => void) => this.#listeners.add(listener)

  #begin(payload: unknown, options: CallOptions | undefined): Promise<CallResult<unknown, unknown>> {
    const number = ++this.#last
    this.#open.add(number)
    this.#show({ pending: true, error: undefined })
    return this.#run(this.#action, payload, options).then((result) => {
      this.#ended(number, result)
      return result
    })
  }

  #ended(number: number, result: CallResult<unknown, unknown>): void {
    if (!this.#open.delete(number)) return
    const pending = this.#open.size > 0
    if (number < this.#shown) return this.#show({ pending })
    this.#shown = number
    this.#show(result.ok ? { pending, error: undefined, data: result.value } : { pending, error: result.error })
  }

  #reset(): void {
    this.#open.clear()
    this.#show({ pending: false, error: undefined, data: undefined })
  }

  #show(change: Partial<RunState>): void {
    const before = this.#snapshot
    if ((Object.keys(change) as Array<keyof RunState>).every((name) => before[name] === change[name])) return
    this.#snapshot = { ...before, ...change }
    this.#listeners.tell()
  }
}
