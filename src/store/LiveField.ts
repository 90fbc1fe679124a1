/** One field of a mounted component's state, as it is edited. */
import * as Equal from "effect/Equal"
import type * as Rpc from "effect/rpc/Rpc"
import type * as Component from "../Component.ts"
import { tagOf } from "../FieldTag.ts"
import type { LiveError } from "../LiveError.ts"
import type { DraftState, FieldCommit, FieldDraft } from "./FieldDraft.ts"
import type { ActionNamed } from "./LiveAction.ts"
import type { ReadableStore } from "./ReadableStore.ts"

/** The value of a field. */
export type FieldValue<C extends Component.Typed, Name> = Component.State<C>[Name & keyof Component.State<C>]

/** The actions that take a field alone: their payload may be `{ [field]: value }`. */
export type ActionsTaking<C extends Component.Typed, Name extends string> = {
  readonly [Tag in Component.Actions<C>["_tag"]]: [Rpc.Payload<ActionNamed<C, Tag>>] extends [void]
    ? never
    : { readonly [field in Name]: FieldValue<C, Name> } extends Rpc.Payload<ActionNamed<C, Tag>>
      ? Tag
      : never
}[Component.Actions<C>["_tag"]]

/** The action that takes a field where no other is named: `SetZone` for `zone`. */
export type SetterOf<Name extends string> = `Set${Capitalize<Name>}`

/**
 * What takes a field where no action is named: the one of that name, or without it a call that sets the field, where the contract
 * lists it as writable. Never for other fields.
 */
export type TakerOf<C extends Component.Typed, Name extends string> =
  SetterOf<Name> extends Component.Actions<C>["_tag"]
    ? SetterOf<Name> & ActionsTaking<C, Name>
    : Name extends Component.Writable<C>
      ? `set ${Name}`
      : never

/** Stands in a type error for a field that nothing takes: `action` has to say what does. */
export interface NoActionTakes<Name> {
  readonly "~noActionTakes": Name
}

/** Whether no action has to be named for a field. */
export type TakenField<C extends Component.Typed, Name extends string> = [TakerOf<C, Name>] extends [never]
  ? NoActionTakes<Name>
  : unknown

/** One field, as it is edited. */
export interface LiveField<Value, Error> {
  /** What is being typed, or else the server's value. */
  readonly value: Value
  /** Something was typed; the same function for as long as the component is mounted. */
  readonly setValue: (value: Value) => void
  /** The field was left: what was typed is sent, unless that is done by `commit` alone. */
  readonly leave: () => void
  /** Sends what was typed now; says whether the server has taken it. True when nothing was typed. It never rejects. */
  readonly commit: () => Promise<boolean>
  /** Forgets what was typed, and the error. A commit that is under way goes on. */
  readonly reset: () => void
  /** Whether something else was typed than the server has. As long as it is, the server's value is not shown. */
  readonly isDirty: boolean
  /** Whether a commit has no answer yet. */
  readonly pending: boolean
  /** The error of the last commit, if it failed, until another one has succeeded. */
  readonly error: Error | undefined
}

/** One field, as a store. Its functions are those of each snapshot. */
export interface FieldStore<Value, Error>
  extends
    ReadableStore<LiveField<Value, Error>>,
    Pick<LiveField<Value, Error>, "setValue" | "leave" | "commit" | "reset"> {}

/** The errors of the action that takes a field. */
export type FieldError<C extends Component.Typed, Tag> = Rpc.Error<ActionNamed<C, Tag>> | LiveError

/** When a draft is committed, and by which action, where it is not the one named after the field. */
export interface FieldOptions extends FieldCommit {
  readonly action?: string | undefined
}

/** The action that takes a field, or the tag of the call that sets it. */
export const actionTaking = (name: string, { action }: FieldOptions, { codec }: Component.Any): string => {
  const setter = `Set${name.charAt(0).toUpperCase()}${name.slice(1)}`
  return action ?? (codec.writable.has(name) && !codec.actions.has(setter) ? tagOf(name) : setter)
}

/** The field with this draft, where the server has `known`. */
export const fieldOf = (of: FieldDraft, { draft, error, pending }: DraftState, known: unknown) => {
  const { commit, leave, reset, setValue } = of
  const value = draft === undefined ? known : draft.value
  const isDirty = draft !== undefined && !Equal.equals(draft.value, known)
  return { value, setValue, leave, commit, reset, isDirty, pending, error } satisfies LiveField<unknown, unknown>
}
