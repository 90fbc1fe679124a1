/** `fibra/vue`: live components in Vue 3.5 and later. Everything is done by the stores of `fibra/store`. */
import { onScopeDispose } from "vue"
import { bindings } from "../store/bindings.ts"
import { useLive } from "./provideLive.ts"
import { useView } from "./useView.ts"

export type { CallResult } from "../client/CallResult.ts"
export type { BoundField, BoundUploads, UseBoundField } from "../store/bindings.ts"
export type { ViewOptions } from "../store/ComponentOptions.ts"
export type { ComponentStatus } from "../store/ComponentStatus.ts"
export type { FieldCommit } from "../store/FieldDraft.ts"
export type { LiveAction } from "../store/LiveAction.ts"
export type { LiveComponent } from "../store/LiveComponent.ts"
export type { LiveField } from "../store/LiveField.ts"
export { LiveStore, type LiveStoreOptions } from "../store/LiveStore.ts"
export type { ComponentCallbacks } from "../store/MountEvents.ts"
export type { LiveConnection } from "../store/PageConnection.ts"
export { type LiveStatusText, statusText } from "../store/StatusText.ts"
export type { UploadingFile } from "../store/UploadList.ts"
export { livePlugin, provideLive } from "./provideLive.ts"

/** What an `<input>` gets besides its value. */
export interface VueListeners {
  readonly onInput: (event: Event) => void
  readonly onBlur: () => void
}

const bound = bindings<VueListeners>({
  useLive,
  useView,
  onLeave: onScopeDispose,
  listeners: (onInput, onBlur) => ({ onInput, onBlur })
})

/**
 * Mounts a component while a view is on the page, and gives what it shows: an object to read from, not to take apart. The options are those of the moment:
 * for others, make the view anew, with a `key`.
 *
 * <!-- snippet: examples/vue/CounterView.vue -->
 */
export const useComponent = bound.useComponent

/** What the page knows of its connection, with `retry` and `reconnect`. */
export const useConnection = bound.useConnection

/** An action with its own `pending`, `error` and `data`, which other actions, and other uses of this one, do not touch. */
export const useAction = bound.useAction

/** Calls the handler with each event of that name. */
export const useEvent = bound.useEvent

/** A field of the state as it is edited: what is typed is a draft in this view, which an action takes to the server. */
export const useField = bound.useField

/** The uploads of this name, by this view. When it leaves the page, what is under way is cancelled. */
export const useUpload = bound.useUpload
