/**
 * What is being typed into one field, and how it gets to the server. The server's value never replaces a draft that
 * differs from it. One commit is under way at a time; what was typed meanwhile follows.
 */
import * as Duration from "effect/Duration"
import * as Equal from "effect/Equal"
import { fieldOf } from "../FieldTag.ts"
import { KeptDraft } from "./KeptDraft.ts"
import type { MountAccess } from "./LiveComponent.ts"
import { ViewState } from "./ViewState.ts"

/** When a draft is committed, and whether it is kept. */
export interface FieldCommit {
  /**
   * `change`: when nothing was typed for `debounce`, and when the field is left (the default); `blur`: when the field is left;
   * `manual`: by `commit` alone.
   */
  readonly commit?: "change" | "blur" | "manual" | undefined
  /** How long nothing is typed before a `change` is committed (250 ms). */
  readonly debounce?: Duration.Input | undefined
  /**
   * The application's name for what is edited. With it, a text is kept in the tab of the browser until the server has taken it, also
   * over a reload, and is committed then as if it was typed again: for the same component, key, room, `cacheKey` and `userId`.
   */
  readonly keep?: string | undefined
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

/** The component of a field. */
type DraftTarget = Pick<MountAccess, "after" | "component" | "place" | "run">

const debounce = Duration.millis(250)

const nothing: DraftState = { draft: undefined, pending: false, error: undefined }

/** The draft of one field. */
export class FieldDraft extends ViewState<DraftState> {
  readonly #target: DraftTarget
  readonly #field: string
  readonly #action: string
  /** The server's value, as it was rendered last. */
  #known: unknown
  #when: FieldCommit = {}
  #sent: Sent | undefined
  /** Forgets a commit that waits for the end of typing. */
  #cancel: (() => void) | undefined
  readonly #keep: string | undefined
  readonly #kept: KeptDraft | undefined
  /** Whether the draft is one that was kept, and has to be committed yet. */
  #isRestored = false

  constructor(target: DraftTarget, field: string, action: string, keep?: string) {
    const kept = keep === undefined ? undefined : new KeptDraft(target, keep, field)
    const value = kept?.read()
    super(field, { ...nothing, draft: value === undefined ? undefined : { value } })
    this.#target = target
    this.#field = field
    this.#action = action
    this.#keep = keep
    this.#kept = kept
    this.#isRestored = value !== undefined
  }

  /** Whether it was made for this component, field and action, and is kept under this name. */
  is({ run }: Pick<MountAccess, "run" | "after">, field: string, action: string, keep?: string): boolean {
    return this.#target.run === run && this.#field === field && this.#action === action && this.#keep === keep
  }

  /** What a server has rendered, which knows nothing of what the browser keeps. */
  override readonly getServerSnapshot = (): DraftState => nothing

  /** What was rendered: the server's value, and when to commit. */
  observe(known: unknown, when: FieldCommit): void {
    this.#known = known
    this.#when = when
    if (!this.#isRestored) return
    this.#isRestored = false
    this.#commitLater()
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
    this.#commitLater()
  }

  #commitLater(): void {
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

  protected override show(change: Partial<DraftState>): void {
    super.show(change)
    if ("draft" in change) this.#kept?.write(change.draft?.value)
  }

  #send(value: unknown): Promise<boolean> {
    const payload = fieldOf(this.#action) === undefined ? { [this.#field]: value } : value
    const answer = this.#target.run(this.#action, payload, undefined).then((result) => {
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
