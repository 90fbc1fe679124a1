/** One field of a mounted component's state, as it is edited. */
import type * as Rpc from "effect/rpc/Rpc"
import { useEffect, useInsertionEffect, useMemo, useState, useSyncExternalStore } from "react"
import * as Equal from "effect/Equal"
import type * as Component from "../Component.ts"
import type { LiveError } from "../LiveError.ts"
import { type FieldCommit, FieldDraft } from "../store/FieldDraft.ts"
import type { LiveComponent } from "../store/LiveComponent.ts"
import type { ActionNamed } from "./useAction.ts"

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

/** The fields that have an action of that name. */
export type FieldsWithSetter<C extends Component.Typed> = {
  readonly [Name in keyof Component.State<C> & string]: SetterOf<Name> extends ActionsTaking<C, Name> ? Name : never
}[keyof Component.State<C> & string]

/** One field, as it is edited. */
export interface LiveField<Value, Error> {
  /** What is being typed, or else the server's value. */
  readonly value: Value
  /** Something was typed; the same function for as long as the component is mounted. */
  readonly setValue: (value: Value) => void
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
  /** For `<input {...field.input} />`, where the value is a text. */
  readonly input: FieldInputProps<Value>
}

/** What an `<input>` or a `<textarea>` gets. */
export interface FieldInputProps<Value> {
  readonly value: Value
  readonly onChange: (event: { readonly currentTarget: { readonly value: Value } }) => void
  readonly onBlur: () => void
}

/** The field of a component, with the errors of the action that takes it. */
export type LiveFieldOf<C extends Component.Typed, Name extends string, Tag> = LiveField<
  FieldValue<C, Name>,
  Rpc.Error<ActionNamed<C, Tag>> | LiveError
>

/** `useField`: the action may be left out where the contract has `SetZone` for `zone`. */
export interface UseField {
  <C extends Component.Typed, Name extends FieldsWithSetter<C>>(
    of: LiveComponent<C>,
    name: Name,
    options?: FieldCommit & { readonly action?: undefined }
  ): LiveFieldOf<C, Name, SetterOf<Name>>
  <C extends Component.Typed, Name extends keyof Component.State<C> & string, Tag extends ActionsTaking<C, Name>>(
    of: LiveComponent<C>,
    name: Name,
    options: FieldCommit & { readonly action: Tag }
  ): LiveFieldOf<C, Name, Tag>
}

/**
 * A field of the state as it is edited: what is typed is a draft in this view, which an action takes to the server. A draft is not
 * overwritten by what the server sends, and survives a lost connection. It goes with its view, and with its component.
 *
 * <!-- snippet: test/examples/ProfileForm.tsx#form -->
 */
export const useField: UseField = (
  of: LiveComponent<Component.Typed>,
  name: string,
  options: FieldCommit & { readonly action?: string | undefined } = {}
): LiveField<unknown, unknown> => {
  const target = { run: of["~run"], after: of["~after"] }
  const { action = `Set${name.charAt(0).toUpperCase()}${name.slice(1)}`, commit, debounce } = options
  const [current, setCurrent] = useState(() => new FieldDraft(target, name, action))
  let field = current
  if (!field.is(target, name, action)) {
    field = new FieldDraft(target, name, action)
    setCurrent(field)
  }
  const { draft, error, pending } = useSyncExternalStore(field.subscribe, field.snapshot, field.snapshot)
  const known = (of.state as { readonly [name: string]: unknown })[name]
  useInsertionEffect(() => field.observe(known, { commit, debounce }))
  useEffect(() => field.settle(), [field, known])
  useEffect(() => field.flush, [field])
  return useMemo(() => {
    const value = draft === undefined ? known : draft.value
    const { commit, left, reset, setValue } = field
    const onChange = (event: { readonly currentTarget: { readonly value: unknown } }) =>
      setValue(event.currentTarget.value)
    const isDirty = draft !== undefined && !Equal.equals(draft.value, known)
    const input = { value, onChange, onBlur: left }
    return { value, setValue, commit, reset, isDirty, pending, error, input }
  }, [draft, error, field, known, pending])
}
