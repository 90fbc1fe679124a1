/** The runs of one action by one view. It does nothing until it runs. */
import type { CallOptions } from "../client/ActionCaller.ts"
import type { CallResult } from "../client/CallResult.ts"
import type { RunAction } from "./LiveComponent.ts"
import { ViewState } from "./ViewState.ts"

/** How the runs are, without their types. */
export interface RunState {
  readonly run: (payload?: unknown, options?: CallOptions) => Promise<CallResult<unknown, unknown>>
  readonly pending: boolean
  readonly error: unknown
  readonly data: unknown
  readonly reset: () => void
}

/** The runs of one action. */
export class ActionRuns extends ViewState<RunState> {
  readonly #run: RunAction
  readonly #action: string
  /** Counts the runs. */
  #last = 0
  /** The run that is shown: an answer of an earlier one says nothing new. */
  #shown = 0
  /** The runs without an answer; a reset forgets them. */
  readonly #open = new Set<number>()

  constructor(run: RunAction, action: string) {
    super(action, {
      run: (payload, options) => this.#begin(payload, options),
      pending: false,
      error: undefined,
      data: undefined,
      reset: () => this.#reset()
    })
    this.#run = run
    this.#action = action
  }

  get run(): RunState["run"] {
    return this.getSnapshot().run
  }

  get reset(): RunState["reset"] {
    return this.getSnapshot().reset
  }

  /** Whether it was made for this component and action. */
  is(run: RunAction, action: string): boolean {
    return this.#run === run && this.#action === action
  }

  #begin(payload: unknown, options: CallOptions | undefined): Promise<CallResult<unknown, unknown>> {
    const number = ++this.#last
    this.#open.add(number)
    this.show({ pending: true, error: undefined })
    return this.#run(this.#action, payload, options).then((result) => {
      this.#ended(number, result)
      return result
    })
  }

  #ended(number: number, result: CallResult<unknown, unknown>): void {
    if (!this.#open.delete(number)) return
    const pending = this.#open.size > 0
    if (number < this.#shown) return this.show({ pending })
    this.#shown = number
    this.show(result.ok ? { pending, error: undefined, data: result.value } : { pending, error: result.error })
  }

  #reset(): void {
    this.#open.clear()
    this.show({ pending: false, error: undefined, data: undefined })
  }
}
