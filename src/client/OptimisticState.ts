/**
 * The state that a client shows while calls of optimistic actions have no answer: the reducers of the contract, applied
 * in the order of the calls to the last state of the server. An update is dropped when the change it stands for has
 * arrived, or when its call ends. Updates are applied again only when the state is read, and not at all when the server
 * did what they expected: many calls under way, and many changes meanwhile, are not multiplied by each other.
 */
import type { ActionCodec } from "../ComponentCodec.ts"
import type { CallReference } from "../LiveProtocol.ts"
import { isEqual } from "../Json.ts"
import type { Encoded, StateCodec } from "../StateCodec.ts"

/** The expected result of one call. */
export class OptimisticUpdate {
  readonly action: string
  readonly reduce: NonNullable<ActionCodec["reduce"]>
  readonly payload: unknown
  /** Whether its change has not arrived, as far as the client knows. */
  isPending = true
  /** Whether the change was made already, and will arrive with the next snapshot. */
  isComing = false
  readonly #bySent: Map<string, OptimisticUpdate>
  #sent: string | undefined

  /** `bySent` is where the update is found by the request of its call. */
  constructor(
    action: string,
    reduce: OptimisticUpdate["reduce"],
    payload: unknown,
    bySent: Map<string, OptimisticUpdate>
  ) {
    this.action = action
    this.reduce = reduce
    this.payload = payload
    this.#bySent = bySent
  }

  /** The call was sent with this request. */
  sent(call: CallReference): void {
    if (!this.isPending) return
    this.#forget()
    this.#sent = keyOf(call)
    this.#bySent.set(this.#sent, this)
  }

  /** It is not applied any more. */
  drop(): void {
    this.isPending = false
    this.#forget()
  }

  #forget(): void {
    if (this.#sent !== undefined) this.#bySent.delete(this.#sent)
  }
}

/** A state, and its encoded form where that is known. */
interface Shown<State> {
  readonly state: State
  readonly encoded: Encoded | undefined
}

/** More updates than these are applied at most once in a while, unless somebody reads the state. */
const many = 32

/** The updates of one component. */
export class OptimisticState<State> {
  readonly #codec: StateCodec<State>
  readonly #report: (action: string, defect: unknown) => void
  /** In the order of their calls; those from `#first` on may be pending. */
  #updates: Array<OptimisticUpdate> = []
  #first = 0
  #pending = 0
  readonly #bySent = new Map<string, OptimisticUpdate>()
  /** The updates whose changes are in the state that follows with `rebase`; undefined when they were not the first. */
  #confirmed: Array<OptimisticUpdate> | undefined = []
  /** The last state of the server. */
  #base: Shown<State>
  #shown: Shown<State>
  /** Whether the updates have to be applied again. */
  #isStale = false

  /** `report` is called for an update whose reducer fails. */
  constructor(codec: StateCodec<State>, initial: State, report: (action: string, defect: unknown) => void) {
    this.#codec = codec
    this.#report = report
    this.#base = this.#shown = { state: initial, encoded: undefined }
  }

  /** The state to show; the same value as before when all of its fields are. */
  get state(): State {
    if (this.#isStale) this.#recompute()
    return this.#shown.state
  }

  /** Whether to read the state is much work, so that it is better read once for several changes. */
  get isCostly(): boolean {
    return this.#isStale && this.#pending > many
  }

  /** The server has sent another state. */
  rebase(state: State, encoded: Encoded | undefined): void {
    const [old, confirmed] = [this.#base, this.#confirmed]
    this.#base = { state, encoded }
    this.#confirmed = []
    if (confirmed === undefined || !this.#isExpected(old, confirmed, encoded)) this.#isStale = true
  }

  /** A call begins. */
  add(action: string, reduce: OptimisticUpdate["reduce"], payload: unknown): OptimisticUpdate {
    const update = new OptimisticUpdate(action, reduce, payload, this.#bySent)
    if (this.#isStale && !this.isCostly) this.#recompute()
    const shown = this.#isStale ? this.#shown : this.#apply(this.#shown, update)
    if (shown === undefined) {
      update.drop()
      return update
    }
    this.#show(shown)
    this.#updates.push(update)
    this.#pending++
    return update
  }

  /** A call has ended; its change is shown already, or is about to arrive. */
  remove(update: OptimisticUpdate): void {
    if (update.isComing || !update.isPending) return
    this.#drop(update)
    this.#isStale = true
  }

  /** The state that follows with `rebase` includes the changes of these calls. */
  confirm(calls: ReadonlyArray<CallReference>): void {
    if (this.#pending === 0) return
    for (const call of calls) {
      const update = this.#bySent.get(keyOf(call))
      if (update === undefined) continue
      if (update === this.#updates[this.#first]) this.#confirmed?.push(update)
      else this.#confirmed = undefined
      this.#drop(update)
    }
  }

  /** The changes of these calls were missed; the next snapshot includes them. */
  expect(calls: ReadonlyArray<CallReference>): void {
    for (const call of calls) {
      const update = this.#bySent.get(keyOf(call))
      if (update !== undefined) update.isComing = true
    }
  }

  /** The state that follows with `rebase` is a snapshot. */
  snapshot(): void {
    this.#confirmed = undefined
    for (const update of this.#updates) if (update.isPending && update.isComing) this.#drop(update)
  }

  #drop(update: OptimisticUpdate): void {
    update.drop()
    this.#pending--
    while (this.#updates[this.#first]?.isPending === false) this.#first++
    if (this.#updates.length <= this.#pending * 2 + many) return
    this.#updates = this.#updates.filter(({ isPending }) => isPending)
    this.#first = 0
  }

  /** Whether the server did what these updates expected, so that those after them have the same result as before. */
  #isExpected(old: Shown<State>, confirmed: ReadonlyArray<OptimisticUpdate>, encoded: Encoded | undefined): boolean {
    if (this.#isStale || this.#pending === 0 || confirmed.length === 0 || encoded === undefined) return false
    const expected = this.#applyAll(old, confirmed)?.encoded
    return expected !== undefined && isEqual(expected, encoded)
  }

  #recompute(): void {
    this.#isStale = false
    const updates = this.#updates.filter(({ isPending }) => isPending)
    this.#show(this.#applyAll(this.#base, updates) ?? this.#applyEach(updates))
  }

  #show(shown: Shown<State>): void {
    this.#shown = isSame(shown.state as Values, this.#shown.state as Values)
      ? { ...shown, state: this.#shown.state }
      : shown
  }

  /** Applies updates one after the other, and encodes the result only. Undefined when one fails, or when they have to be applied singly. */
  #applyAll(from: Shown<State>, updates: ReadonlyArray<OptimisticUpdate>): Shown<State> | undefined {
    if (updates.length === 0) return from
    const codec = this.#codec
    try {
      let state = codec.freeze(from.state)
      for (const { payload, reduce } of updates) {
        if (codec.isLoose(state)) return undefined
        state = codec.freeze(reduce(state, payload) as State, state)
      }
      if (state === from.state) return from
      const { encoded } = from
      return { state, encoded: codec.encode(state, encoded && { from: from.state, to: encoded }) }
    } catch {
      return undefined
    }
  }

  /** Applies updates one after the other, and drops those that fail. */
  #applyEach(updates: ReadonlyArray<OptimisticUpdate>): Shown<State> {
    let shown = this.#base
    for (const update of updates) {
      const next = this.#apply(shown, update)
      if (next === undefined) this.#drop(update)
      else shown = next
    }
    return shown
  }

  /** Undefined when the reducer throws (as it does when it changes the state in place) or returns no state. */
  #apply(shown: Shown<State>, { action, payload, reduce }: OptimisticUpdate): Shown<State> | undefined {
    const codec = this.#codec
    try {
      const before = codec.freeze(shown.state)
      if (codec.isLoose(before)) return this.#applyLoosely(shown, reduce, payload)
      const state = reduce(before, payload) as State
      if (state === before) return shown
      return { state, encoded: codec.encode(state, shown.encoded && { from: before, to: shown.encoded }) }
    } catch (defect) {
      this.#report(action, defect)
      return undefined
    }
  }

  /** What a reducer may change in place is given to it as a copy; what it leaves as it was is kept. */
  #applyLoosely({ encoded, state }: Shown<State>, reduce: OptimisticUpdate["reduce"], payload: unknown): Shown<State> {
    const codec = this.#codec
    const known = encoded ?? codec.encode(state)
    const copy = codec.restore(known, { from: known, to: state }) as Values
    const next = reduce(copy, payload) as Values
    const after = codec.encode(next as State, { from: copy as State, to: known })
    const kept: Record<string, unknown> = { ...next }
    for (const name of Object.keys(after)) {
      const isKept = next[name] === copy[name] && isEqual(known[name] ?? null, after[name] ?? null)
      if (isKept) kept[name] = (state as Values)[name]
    }
    return { state: kept as State, encoded: after }
  }
}

type Values = { readonly [name: string]: unknown }

const keyOf = ({ callId, connectionId }: CallReference): string => `${callId} ${connectionId}`

const isSame = (a: Values, b: Values): boolean => {
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && Object.is(a[name], b[name]))
  )
}
