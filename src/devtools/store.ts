/** `fibra/devtools/store`: the devtools for pages of `fibra/store`, Vue and Svelte. */
import type { LiveStore } from "../store/LiveStore.ts"
import { type DevtoolsOptions, show } from "./Devtools.ts"

export type { DevtoolsOptions }

/**
 * Shows the devtools in a corner of the page, until the function returned is called. Meanwhile the page is connected, also after its
 * `close`.
 */
export const showDevtools = (page: LiveStore, options: DevtoolsOptions = {}): (() => void) =>
  show(page["~live"], options)
