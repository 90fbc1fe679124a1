/** One component on a page, as a store: what it shows, and everything that can be done with it. */
import type * as Component from "../Component.ts"
import { ActionRuns } from "./ActionRuns.ts"
import type { ViewOptions } from "./ComponentOptions.ts"
import type { FieldCommit } from "./FieldDraft.ts"
import { EditedField } from "./EditedField.ts"
import type { Live } from "./Live.ts"
import type { ActionNamed, ActionStore } from "./LiveAction.ts"
import type { LiveComponent } from "./LiveComponent.ts"
import type {
  ActionsTaking,
  FieldError,
  FieldOptions,
  FieldStore,
  FieldValue,
  TakenField,
  TakerOf
} from "./LiveField.ts"
import { Mount } from "./Mount.ts"
import type { ViewTarget } from "./ViewTarget.ts"
import { MountEvents } from "./MountEvents.ts"
import type { ReadableStore } from "./ReadableStore.ts"
import { UploadList, type UploadListStore } from "./UploadList.ts"

/**
 * One component on a page. It is mounted while somebody subscribes: with the first listener, and until the last one is gone for
 * `gcTime`.
 */
export interface ComponentStore<C extends Component.Typed>
  extends ReadableStore<LiveComponent<C>>, Pick<LiveComponent<C>, "call" | "mount" | "set" | "unmount"> {
  /** Calls the handler with each event of that name, until the function returned is called. Does not mount. */
  readonly on: <Name extends keyof Component.EventsOf<C> & string>(
    name: Name,
    handler: (payload: Component.EventsOf<C>[Name]) => void
  ) => () => void
  /**
   * An action with its own `pending`, `error` and `data`, which other actions, and other uses of this one, do not touch. Its error is
   * not that of the component.
   */
  readonly action: <Name extends Component.Actions<C>["_tag"] & string>(name: Name) => ActionStore<ActionNamed<C, Name>>
  /** A field of the state as it is edited: what is typed is a draft on this page, which an action takes to the server. */
  readonly field: FieldOf<C>
  /** The uploads of this name, by this page. */
  readonly upload: (name: keyof Component.Uploads<C> & string) => UploadListStore
}

/** A field of the state: the action may be left out where the contract has `SetZone` for `zone`, or lists `zone` as writable. */
export interface FieldOf<C extends Component.Typed> {
  <Name extends keyof Component.State<C> & string>(
    name: Name & TakenField<C, Name>,
    options?: FieldCommit & { readonly action?: undefined }
  ): FieldStore<FieldValue<C, Name>, FieldError<C, TakerOf<C, Name>>>
  <Name extends keyof Component.State<C> & string, Tag extends ActionsTaking<C, Name>>(
    name: Name,
    options: FieldCommit & { readonly action: Tag }
  ): FieldStore<FieldValue<C, Name>, FieldError<C, Tag>>
}

/** A component on the page of this client. */
export const make = <C extends Component.Typed>(
  live: Live,
  component: C,
  options: ViewTarget<C> & ViewOptions<C> = {}
): ComponentStore<C> => {
  const mounted = new Mount(live, component, options)
  const events = new MountEvents(mounted)
  events.use(options)
  const { call, mount, set, unmount } = mounted.getSnapshot()
  return {
    getSnapshot: mounted.getSnapshot,
    getServerSnapshot: mounted.getServerSnapshot,
    // What is told once is told once, however many listen.
    subscribe: (listener) => {
      const stops = [mounted.subscribe(listener), events.listen()]
      return () => stops.forEach((stop) => stop())
    },
    call,
    set,
    mount,
    unmount,
    on: (name, handler) =>
      mounted.listen((event, payload) => {
        if (event === name) handler(payload as never)
      }),
    action: (name) => new ActionRuns(mounted.run, name) as never,
    field: (name: string, options?: FieldOptions) => new EditedField(mounted, name, options) as never,
    upload: (name) => new UploadList(mounted.uploads, name)
  }
}
