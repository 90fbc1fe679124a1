/**
 * What calls that have no answer yet are going to make of the state, as far as the contract can tell: its reducers, applied in the
 * order of the calls on top of whatever the server says. A guess goes when the change it stands for is there, or when its call ends.
 */
import * as Equal from "effect/Equal"
import type { ActionCodec } from "../ComponentCodec.ts"
import { freeze } from "../Frozen.ts"
import type { CallReference } from "../LiveProtocol.ts"
import type { Encoded, StateCodec } from "../StateCodec.ts"

/** What one call is going to do. */
export interface OptimisticUpdate {
  readonly action: string
  readonly reduce: NonNullable<ActionCodec["reduce"]>
  readonly payload: unknown
  /** How the call was sent last, if it was. */
  sent: CallReference | undefined
  /** Whether its change was made, and is going to come with the next snapshot. */
  isComing: boolean
}

/** A state, and its encoded form if that is known. */
interface Shown<State> {
  readonly state: State
  readonly encoded: Encoded | undefined
}

/** The guesses of one component. */
export class OptimisticState<State> {
  readonly #codec: StateCodec<State>
  readonly #report: (action: string, defect: unknown) => void
  #updates: ReadonlyArray<OptimisticUpdate> = []
  /** What the server has said. */
  #base: Shown<State>
  #shown: Shown<State>

  /** `report` is told once of a guess that is good for nothing. */
  constructor(codec: StateCodec<State>, initial: State, report: (action: string, defect: unknown) => void) {
    this.#codec = codec
    this.#report = report
    this.#base = this.#shown = { state: initial, encoded: undefined }
  }

  /** What there is to show; the same value as before when each of its fields is. */
  get state(): State {
    return this.#shown.state
  }

  /** The server has said something else. */
  rebase(state: State, encoded: Encoded | undefined): void {
    this.#base = { state, encoded }
    this.#recompute()
  }

  /** A call is made. */
  add(action: string, reduce: OptimisticUpdate["reduce"], payload: unknown): OptimisticUpdate {
    const update: OptimisticUpdate = { action, reduce, payload, sent: undefined, isComing: false }
    const shown = this.#apply(this.#shown, update)
    if (shown === undefined) return update
    this.#updates = [...this.#updates, update]
    this.#shown = shown
    return update
  }

  /** A call has ended; what it did is shown already, or is coming. */
  remove(update: OptimisticUpdate): void {
    if (update.isComing || !this.#updates.includes(update)) return
    this.#updates = this.#updates.filter((other) => other !== update)
    this.#recompute()
  }

  /** What these calls have done is in the state that follows with `rebase`. */
  confirm(calls: ReadonlyArray<CallReference>): void {
    if (this.#updates.length > 0) this.#updates = this.#updates.filter((update) => !isOf(update, calls))
  }

  /** What these calls have done was missed, and is in the next snapshot. */
  expect(calls: ReadonlyArray<CallReference>): void {
    for (const update of this.#updates) if (isOf(update, calls)) update.isComing = true
  }

  /** A snapshot follows with `rebase`. */
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

  /** Undefined when the reducer throws, as one does that changes the state in place, or makes something that is no state. */
  #apply({ encoded, state }: Shown<State>, { action, payload, reduce }: OptimisticUpdate): Shown<State> | undefined {
    try {
      const next = reduce(freeze(state), payload) as State
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
