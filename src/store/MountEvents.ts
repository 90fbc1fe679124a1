/** Tells a view what happens to its component, each thing once, and the log where somebody wants to read along. */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import type * as Component from "../Component.ts"
import * as Log from "../Log.ts"
import type { LiveComponent } from "./LiveComponent.ts"
import type { Mount } from "./Mount.ts"

/** What a view may be told. The functions of the last render are called. */
export interface ComponentCallbacks<C extends Component.Typed> {
  /** It can be used: it was mounted, or the connection is back. */
  readonly onConnect?: ((component: LiveComponent<C>) => void) | undefined
  /** It was mounted anew: it has the state of its props, or the one that all have who share it. */
  readonly onMount?: ((component: LiveComponent<C>) => void) | undefined
  /** It was mounted with the state of its token: after a reload, or after its server was lost. */
  readonly onRehydrate?: ((component: LiveComponent<C>) => void) | undefined
  /** It cannot be used any more: the connection is lost, or it was unmounted. */
  readonly onDisconnect?: ((component: LiveComponent<C>) => void) | undefined
  /** It has another `error`. */
  readonly onError?: ((error: NonNullable<LiveComponent<C>["error"]>, component: LiveComponent<C>) => void) | undefined
  /** It shows another state, by value. */
  readonly onStateChange?: ((state: Component.State<C>, before: Component.State<C>) => void) | undefined
}

/** What is told, and whether it is logged. */
export interface MountListener<C extends Component.Typed> extends ComponentCallbacks<C> {
  /** Logs what happens to it: its status, the fields that change, its errors. Values are not logged (false). */
  readonly debug?: boolean | undefined
}

/** What happens to one mount. */
export class MountEvents<C extends Component.Typed> {
  readonly #mount: Mount<C>
  /** What was told last. Effects run twice in StrictMode, and that is told once. */
  #told: LiveComponent<C>
  #listener: MountListener<C> = {}

  constructor(mount: Mount<C>) {
    this.#mount = mount
    const snapshot = mount.getSnapshot()
    // A view that comes back to a mount is told that it can use it, as any other.
    this.#told = snapshot.connected ? { ...snapshot, connected: false } : snapshot
  }

  /** The listener of the last render. */
  use(listener: MountListener<C>): void {
    this.#listener = listener
  }

  /** Tells from now on, until the function returned is called. */
  readonly listen = (): (() => void) => {
    const stop = this.#mount.subscribe(() => this.#tell())
    this.#tell()
    return stop
  }

  #tell(): void {
    const [before, after] = [this.#told, this.#mount.getSnapshot()]
    if (before === after) return
    this.#told = after
    const { debug, onConnect, onDisconnect, onError, onMount, onRehydrate, onStateChange } = this.#listener
    if (debug === true) this.#log(before, after)
    if (onStateChange !== undefined && !Equal.equals(before.state, after.state))
      onStateChange(after.state, before.state)
    if (after.connected && (!before.connected || before.componentId !== after.componentId)) {
      if (after.activation === "mounted") onMount?.(after)
      if (after.activation === "rehydrated") onRehydrate?.(after)
      if (!before.connected) onConnect?.(after)
    }
    if (before.connected && !after.connected) onDisconnect?.(after)
    const error = after.error as NonNullable<LiveComponent<C>["error"]> | undefined
    if (error !== undefined && before.error !== error) onError?.(error, after)
  }

  #log(before: LiveComponent<C>, after: LiveComponent<C>): void {
    const { activation, componentId, error, state, status } = after
    const name = this.#mount.name
    const log = (message: string, details: Log.LogDetails = {}) =>
      Effect.runFork(Log.info(`"${name}" ${message}`, { component: componentId, ...details }))
    const old = before.state as { readonly [field: string]: unknown }
    const changed = Object.entries(state as object).flatMap(([field, value]) =>
      Equal.equals(old[field], value) ? [] : [field]
    )
    if (before.status !== status) log(`is ${status}`, { before: before.status, activation })
    if (changed.length > 0) log(`has changed: ${changed.join(", ")}`)
    if (error !== undefined && before.error !== error) log("has an error", { cause: error })
  }
}
