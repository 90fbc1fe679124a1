/**
 * The state that a client shows while calls of optimistic actions have no answer: the reducers of the contract, applied
 * in the order of the calls to the last state of the server. An update is dropped when the change it stands for has
 * arrived, or when its call ends.
 */
import * as Equal from "effect/Equal"
import type { ActionCodec } from "../ComponentCodec.ts"
import type { CallReference } from "../LiveProtocol.ts"
import type { Encoded, StateCodec } from "../StateCodec.ts"

/** The expected result of one call. */
export interface OptimisticUpdate {
  readonly action: string
  readonly reduce: NonNullable<ActionCodec["reduce"]>
  readonly payload: unknown
  /** The last request of the call, once it was sent. */
  sent: CallReference | undefined
  /** Whether the change was made already, and will arrive with the next snapshot. */
  isComing: boolean
}

/** A state, and its encoded form where that is known. */
interface Shown<State> {
  readonly state: State
  readonly encoded: Encoded | undefined
}

/** The updates of one component. */
export class OptimisticState<State> {
  readonly #codec: StateCodec<State>
  readonly #report: (action: string, defect: unknown) => void
  #updates: ReadonlyArray<OptimisticUpdate> = []
  /** The last state of the server. */
  #base: Shown<State>
  #shown: Shown<State>

  /** `report` is called for an update whose reducer fails. */
  constructor(codec: StateCodec<State>, initial: State, report: (action: string, defect: unknown) => void) {
    this.#codec = codec
    this.#report = report
    this.#base = this.#shown = { state: initial, encoded: undefined }
  }

  /** The state to show; the same value as before when all of its fields are. */
  get state(): State {
    return this.#shown.state
  }

  /** The server has sent another state. */
  rebase(state: State, encoded: Encoded | undefined): void {
    this.#base = { state, encoded }
    this.#recompute()
  }

  /** A call begins. */
  add(action: string, reduce: OptimisticUpdate["reduce"], payload: unknown): OptimisticUpdate {
    const update: OptimisticUpdate = { action, reduce, payload, sent: undefined, isComing: false }
    const shown = this.#apply(this.#shown, update)
    if (shown === undefined) return update
    this.#updates = [...this.#updates, update]
    this.#shown = shown
    return update
  }

  /** A call has ended; its change is shown already, or is about to arrive. */
  remove(update: OptimisticUpdate): void {
    if (update.isComing || !this.#updates.includes(update)) return
    this.#updates = this.#updates.filter((other) => other !== update)
    this.#recompute()
  }

  /** The state that follows with `rebase` includes the changes of these calls. */
  confirm(calls: ReadonlyArray<CallReference>): void {
    if (this.#updates.length > 0) this.#updates = this.#updates.filter((update) => !isOf(update, calls))
  }

  /** The changes of these calls were missed; the next snapshot includes them. */
  expect(calls: ReadonlyArray<CallReference>): void {
    for (const update of this.#updates) if (isOf(update, calls)) update.isComing = true
  }

  /** The state that follows with `rebase` is a snapshot. */
  snapshot(): void {
    if (this.#updates.some(({ isComing }) => isComing)) {
      this.#updates = this.#updates.filter(({ isComing }) => !isComing)
    }
  }

  #recompute(): void {
    let shown = this.#base
    for (const update of this.#updates) {
      const next = this.#apply(shown, update)
      if (next === undefined) this.#updates = this.#updates.filter((other) => other !== update)
      else shown = next
    }
    this.#shown = isSame(shown.state, this.#shown.state) ? { ...shown, state: this.#shown.state } : shown
  }

  /** Undefined when the reducer throws (as it does when it changes the state in place) or returns no state. */
  #apply({ encoded, state }: Shown<State>, { action, payload, reduce }: OptimisticUpdate): Shown<State> | undefined {
    try {
      const next = reduce(this.#codec.freeze(state), payload) as State
      if (next === state) return { encoded, state }
      return { state: next, encoded: this.#codec.encode(next, encoded && { from: state, to: encoded }) }
    } catch (defect) {
      this.#report(action, defect)
      return undefined
    }
  }
}

const isOf = ({ sent }: OptimisticUpdate, calls: ReadonlyArray<CallReference>): boolean =>
  sent !== undefined && calls.some((call) => Equal.equals(call, sent))

const isSame = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  const fields = Object.entries(a)
  const others = new Map(Object.entries(b))
  return (
    fields.length === others.size &&
    fields.every(([name, value]) => others.has(name) && Object.is(others.get(name), value))
  )
}
