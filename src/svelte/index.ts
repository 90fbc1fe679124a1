/** `fibra/svelte`: live components in Svelte 5. Everything is done by the stores of `fibra/store`. */
import { onDestroy } from "svelte"
import type * as Component from "../Component.ts"
import { ActionRuns } from "../store/ActionRuns.ts"
import type { ShowComponent, ViewOptions } from "../store/ComponentOptions.ts"
import { EditedField } from "../store/EditedField.ts"
import type { FieldCommit } from "../store/FieldDraft.ts"
import type { ActionNamed, LiveAction } from "../store/LiveAction.ts"
import type { LiveComponent } from "../store/LiveComponent.ts"
import type {
  ActionsTaking,
  FieldError,
  FieldOptions,
  FieldsWithSetter,
  FieldValue,
  LiveField,
  SetterOf
} from "../store/LiveField.ts"
import type { MountTargetOf } from "../store/Mount.ts"
import type { LiveConnection } from "../store/PageConnection.ts"
import { UploadList, type UploadingFile, type UploadListStore } from "../store/UploadList.ts"
import { useLive } from "./provideLive.ts"
import { useView } from "./useView.ts"

export type { CallResult } from "../client/CallResult.ts"
export type { ComponentCallbacks } from "../store/MountEvents.ts"
export type { ComponentStatus } from "../store/ComponentStatus.ts"
export type { FieldCommit, LiveAction, LiveComponent, LiveConnection, LiveField, UploadingFile, ViewOptions }
export { LiveStore, type LiveStoreOptions } from "../store/LiveStore.ts"
export { type LiveStatusText, statusText } from "../store/StatusText.ts"
export { provideLive } from "./provideLive.ts"

/**
 * Mounts a component while a view is on the page, and gives what it shows: an object to read from, not to take apart. The options are those of the moment:
 * for others, make the view anew, with a `key`.
 *
 * <!-- snippet: examples/svelte/CounterView.svelte -->
 */
export const useComponent: ShowComponent = <C extends Component.Typed>(
  component: C,
  options?: MountTargetOf<C> & ViewOptions<C>
): LiveComponent<C> => useView(useLive().component(component, options as never), itself)

/** What the page knows of its connection, with `retry` and `reconnect`. */
export const useConnection = (): LiveConnection => useView(useLive().connection, itself)

/** An action with its own `pending`, `error` and `data`, which other actions, and other uses of this one, do not touch. */
export const useAction = <C extends Component.Typed, Name extends Component.Actions<C>["_tag"] & string>(
  of: LiveComponent<C>,
  name: Name
): LiveAction<ActionNamed<C, Name>> => useView(new ActionRuns(of["~mount"].run, name), itself) as never

/** Calls the handler with each event of that name. */
export const useEvent = <C extends Component.Typed, Name extends keyof Component.EventsOf<C> & string>(
  of: LiveComponent<C>,
  name: Name,
  handler: (payload: Component.EventsOf<C>[Name]) => void
): void => {
  const stop = of["~mount"].listen((event, payload) => {
    if (event === name) handler(payload as never)
  })
  onDestroy(stop)
}

/** A field as it is edited, and what an element needs that edits it. */
export interface SvelteField<Value, Error> extends LiveField<Value, Error> {
  /** For `<input {...field.input} />`, where the value is a text. */
  readonly input: {
    readonly value: Value
    readonly oninput: (event: Event) => void
    readonly onblur: () => void
  }
}

/** `useField`: the action may be left out where the contract has `SetZone` for `zone`. */
export interface UseSvelteField {
  <C extends Component.Typed, Name extends FieldsWithSetter<C>>(
    of: LiveComponent<C>,
    name: Name,
    options?: FieldCommit & { readonly action?: undefined }
  ): SvelteField<FieldValue<C, Name>, FieldError<C, SetterOf<Name>>>
  <C extends Component.Typed, Name extends keyof Component.State<C> & string, Tag extends ActionsTaking<C, Name>>(
    of: LiveComponent<C>,
    name: Name,
    options: FieldCommit & { readonly action: Tag }
  ): SvelteField<FieldValue<C, Name>, FieldError<C, Tag>>
}

/** A field of the state as it is edited: what is typed is a draft in this view, which an action takes to the server. */
export const useField: UseSvelteField = (
  of: LiveComponent<Component.Typed>,
  name: string,
  options?: FieldOptions
): SvelteField<unknown, unknown> =>
  useView(new EditedField(of["~mount"], name, options), (field) => {
    const oninput = ({ target }: Event) => field.setValue((target as HTMLInputElement).value)
    return { ...field, input: { value: field.value, oninput, onblur: field.leave } }
  })

/** The uploads of this name, by this view. When it leaves the page, what is under way is cancelled. */
export const useUpload = <C extends Component.Typed>(
  of: LiveComponent<C>,
  name: keyof Component.Uploads<C> & string
): { readonly files: ReadonlyArray<UploadingFile> } & Pick<UploadListStore, "add"> => {
  const list = new UploadList(of["~mount"].uploads, name)
  return useView(list, (files) => ({ files, add: list.add }))
}

const itself = <A>(value: A): A => value
