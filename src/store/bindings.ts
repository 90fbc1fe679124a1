/**
 * The functions of a framework over the stores. All that frameworks differ in is how a view follows a store, how it ends, and what
 * an element calls its listeners.
 */
import type * as Component from "../Component.ts"
import { ActionRuns } from "./ActionRuns.ts"
import type { ShowComponent, ViewOptions } from "./ComponentOptions.ts"
import { EditedField } from "./EditedField.ts"
import type { FieldCommit } from "./FieldDraft.ts"
import type { ActionNamed, LiveAction } from "./LiveAction.ts"
import type { LiveComponent } from "./LiveComponent.ts"
import type {
  ActionsTaking,
  FieldError,
  FieldOptions,
  FieldValue,
  LiveField,
  TakenField,
  TakerOf
} from "./LiveField.ts"
import type { LiveStore } from "./LiveStore.ts"
import type { ViewTarget } from "./ViewTarget.ts"
import type { LiveConnection } from "./PageConnection.ts"
import type { ReadableStore } from "./ReadableStore.ts"
import { UploadList, type UploadingFile, type UploadListStore } from "./UploadList.ts"

/** What differs. */
export interface Framework<Listeners extends object> {
  /** The page that is provided to this view; throws when there is none. */
  readonly useLive: () => LiveStore
  /** What the store shows, as an object that is followed by what reads it, while the view is on the page. */
  readonly useView: <A, B extends object>(store: ReadableStore<A>, view: (snapshot: A) => B) => B
  /** Calls this when the view leaves the page. */
  readonly onLeave: (stop: () => void) => void
  /** The listeners of an element that edits a text. */
  readonly listeners: (edit: (event: Event) => void, leave: () => void) => Listeners
}

/** A field as it is edited, and what an element needs that edits it. */
export type BoundField<Value, Error, Listeners> = LiveField<Value, Error> & {
  /** For an `<input>` whose value is a text. */
  readonly input: { readonly value: Value } & Listeners
}

/** `useField`: the action may be left out where the contract has `SetZone` for `zone`, or lists `zone` as writable. */
export interface UseBoundField<Listeners> {
  <C extends Component.Typed, Name extends keyof Component.State<C> & string>(
    of: LiveComponent<C>,
    name: Name & TakenField<C, Name>,
    options?: FieldCommit & { readonly action?: undefined }
  ): BoundField<FieldValue<C, Name>, FieldError<C, TakerOf<C, Name>>, Listeners>
  <C extends Component.Typed, Name extends keyof Component.State<C> & string, Tag extends ActionsTaking<C, Name>>(
    of: LiveComponent<C>,
    name: Name,
    options: FieldCommit & { readonly action: Tag }
  ): BoundField<FieldValue<C, Name>, FieldError<C, Tag>, Listeners>
}

/** The uploads of one view. */
export interface BoundUploads extends Pick<UploadListStore, "add"> {
  readonly files: ReadonlyArray<UploadingFile>
}

/** The functions of a framework. */
export const bindings = <Listeners extends object>({ listeners, onLeave, useLive, useView }: Framework<Listeners>) => {
  const useComponent: ShowComponent = <C extends Component.Typed>(
    component: C,
    options?: ViewTarget<C> & ViewOptions<C>
  ): LiveComponent<C> => useView(useLive().component(component, options as never), itself)

  const useConnection = (): LiveConnection => useView(useLive().connection, itself)

  const useAction = <C extends Component.Typed, Name extends Component.Actions<C>["_tag"] & string>(
    of: LiveComponent<C>,
    name: Name
  ): LiveAction<ActionNamed<C, Name>> => useView(new ActionRuns(of["~mount"].run, name), itself) as never

  const useEvent = <C extends Component.Typed, Name extends keyof Component.EventsOf<C> & string>(
    of: LiveComponent<C>,
    name: Name,
    handler: (payload: Component.EventsOf<C>[Name]) => void
  ): void => {
    const stop = of["~mount"].listen((event, payload) => {
      if (event === name) handler(payload as never)
    })
    onLeave(stop)
  }

  const useField: UseBoundField<Listeners> = (
    of: LiveComponent<Component.Typed>,
    name: string,
    options?: FieldOptions
  ): BoundField<unknown, unknown, Listeners> =>
    useView(new EditedField(of["~mount"], name, options), (field) => {
      const edit = ({ target }: Event) => field.setValue((target as HTMLInputElement).value)
      return { ...field, input: { value: field.value, ...listeners(edit, field.leave) } }
    })

  const useUpload = <C extends Component.Typed>(
    of: LiveComponent<C>,
    name: keyof Component.Uploads<C> & string
  ): BoundUploads => {
    const list = new UploadList(of["~mount"].uploads, name)
    return useView(list, (files) => ({ files, add: list.add }))
  }

  return { useAction, useComponent, useConnection, useEvent, useField, useUpload }
}

const itself = <A>(value: A): A => value
