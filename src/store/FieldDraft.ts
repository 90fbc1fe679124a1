/**
 * What is being typed into one field, and how it gets to the server. The server's value never replaces a draft that
 * differs from it. One commit is under way at a time; what was typed meanwhile follows.
 */
import * as Duration from "effect/Duration"
import * as Equal from "effect/Equal"
import type { MountAccess } from "./LiveComponent.ts"
import { ViewState } from "./ViewState.ts"

/** When a draft is committed. */
export interface FieldCommit {
  /**
   * `change`: when nothing was typed for `debounce`, and when the field is left (the default); `blur`: when the field is left;
   * `manual`: by `commit` alone.
   */
  readonly commit?: "change" | "blur" | "manual" | undefined
  /** How long nothing is typed before a `change` is committed (250 ms). */
  readonly debounce?: Duration.Input | undefined
}

/** What a field shows besides the server's value. */
export interface DraftState {
  /** Undefined when there is nothing but the server's value. */
  readonly draft: { readonly value: unknown } | undefined
  readonly pending: boolean
  readonly error: unknown
}

/** A commit under way. */
interface Sent {
  readonly value: unknown
  readonly answer: Promise<boolean>
}

const debounce = Duration.millis(250)

/** The draft of one field. */
export class FieldDraft extends ViewState<DraftState> {
  readonly #target: Pick<MountAccess, "run" | "after">
  readonly #field: string
  readonly #action: string
  /** The server's value, as it was rendered last. */
  #known: unknown
  #when: FieldCommit = {}
  #sent: Sent | undefined
  /** Forgets a commit that waits for the end of typing. */
  #cancel: (() => void) | undefined

  constructor(target: Pick<MountAccess, "run" | "after">, field: string, action: string) {
    super(field, { draft: undefined, pending: false, error: undefined })
    this.#target = target
    this.#field = field
    this.#action = action
  }

  /** Whether it was made for this component, field and action. */
  is({ run }: Pick<MountAccess, "run" | "after">, field: string, action: string): boolean {
    return this.#target.run === run && this.#field === field && this.#action === action
  }

  /** What was rendered: the server's value, and when to commit. */
  observe(known: unknown, when: FieldCommit): void {
    this.#known = known
    this.#when = when
  }

  /** Forgets a draft that the server has by now. */
  settle(): void {
    const { draft } = this.getSnapshot()
    const known = this.#known
    if (draft !== undefined && this.#sent === undefined && Equal.equals(draft.value, known)) this.#discard()
  }

  /** Something was typed. */
  readonly setValue = (value: unknown): void => {
    this.#cancel?.()
    this.#cancel = undefined
    if (this.#sent === undefined && Equal.equals(value, this.#known)) return this.#discard()
    this.show({ draft: { value } })
    if ((this.#when.commit ?? "change") !== "change") return
    this.#cancel = this.#target.after(this.#when.debounce ?? debounce, () => void this.commit())
  }

  /** The field was left. */
  readonly leave = (): void => {
    if (this.#when.commit !== "manual") void this.commit()
  }

  /** The view is left: what waits for the end of typing is committed. */
  readonly flush = (): void => {
    if (this.#cancel !== undefined) void this.commit()
  }

  /** Sends the draft, if there is one; says whether the server has taken it. */
  readonly commit = (): Promise<boolean> => {
    this.#cancel?.()
    this.#cancel = undefined
    const { draft } = this.getSnapshot()
    const sent = this.#sent
    if (sent !== undefined) {
      const isUnderWay = draft === undefined || Equal.equals(draft.value, sent.value)
      return isUnderWay ? sent.answer : sent.answer.then(() => this.commit())
    }
    return draft === undefined ? Promise.resolve(true) : this.#send(draft.value)
  }

  /** Forgets the draft and its error. A commit that is under way goes on. */
  readonly reset = (): void => {
    this.#cancel?.()
    this.#cancel = undefined
    this.show({ draft: undefined, error: undefined })
  }

  #send(value: unknown): Promise<boolean> {
    const answer = this.#target.run(this.#action, { [this.#field]: value }, undefined).then((result) => {
      this.#sent = undefined
      const { draft } = this.getSnapshot()
      const isLast = draft !== undefined && Equal.equals(draft.value, value)
      // Refused is what nobody wants any more.
      const error = result.ok || draft === undefined ? undefined : result.error
      this.show({ pending: false, error, draft: result.ok && isLast ? undefined : draft })
      return result.ok
    })
    this.#sent = { value, answer }
    this.show({ pending: true })
    return answer
  }

  /** The draft is what the server has. */
  #discard(): void {
    this.show({ draft: undefined, error: undefined })
  }
}
