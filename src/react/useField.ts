/** One field of a mounted component's state, as it is edited. */
import { useEffect, useInsertionEffect, useMemo, useState, useSyncExternalStore } from "react"
import type * as Component from "../Component.ts"
import { type FieldCommit, FieldDraft } from "../store/FieldDraft.ts"
import type { LiveComponent } from "../store/LiveComponent.ts"
import {
  type ActionsTaking,
  actionTaking,
  type FieldError,
  fieldOf,
  type FieldOptions,
  type FieldValue,
  type LiveField,
  type TakenField,
  type TakerOf
} from "../store/LiveField.ts"

/** One field, as it is edited, and what an element needs that edits it. */
export interface InputField<Value, Error> extends LiveField<Value, Error> {
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
export type LiveFieldOf<C extends Component.Typed, Name extends string, Tag> = InputField<
  FieldValue<C, Name>,
  FieldError<C, Tag>
>

/** `useField`: the action may be left out where the contract has `SetZone` for `zone`, or lists `zone` as writable. */
export interface UseField {
  <C extends Component.Typed, Name extends keyof Component.State<C> & string>(
    of: LiveComponent<C>,
    name: Name & TakenField<C, Name>,
    options?: FieldCommit & { readonly action?: undefined }
  ): LiveFieldOf<C, Name, TakerOf<C, Name>>
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
  options: FieldOptions = {}
): InputField<unknown, unknown> => {
  const target = of["~mount"]
  const { commit, debounce, keep } = options
  const action = actionTaking(name, options, target.component)
  const [current, setCurrent] = useState(() => new FieldDraft(target, name, action, keep))
  let draft = current
  if (!draft.is(target, name, action, keep)) {
    draft = new FieldDraft(target, name, action, keep)
    setCurrent(draft)
  }
  const state = useSyncExternalStore(draft.subscribe, draft.getSnapshot, draft.getServerSnapshot)
  const known = (of.state as { readonly [name: string]: unknown })[name]
  useInsertionEffect(() => draft.observe(known, { commit, debounce }))
  useEffect(() => draft.settle(), [draft, known])
  useEffect(() => draft.flush, [draft])
  return useMemo(() => {
    const field = fieldOf(draft, state, known)
    const { leave, setValue, value } = field
    const onChange = (event: { readonly currentTarget: { readonly value: unknown } }) =>
      setValue(event.currentTarget.value)
    return { ...field, input: { value, onChange, onBlur: leave } }
  }, [draft, known, state])
}
