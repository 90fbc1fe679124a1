/**
 * The life of a page, as its browser tells it: it is left, put away, brought back, and looked at again. A page that is
 * frozen is only told when it goes on.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Where the events of a page happen. */
export interface Page {
  readonly window: Pick<EventTarget, "addEventListener" | "removeEventListener">
  readonly document: Pick<EventTarget, "addEventListener" | "removeEventListener"> & {
    readonly visibilityState: DocumentVisibilityState
  }
}

/** The page that this program is in; undefined outside of pages. */
export const Page = Context.Reference<Page | undefined>("fibra/client/Page", {
  defaultValue: () =>
    typeof window === "undefined" || typeof document === "undefined" || window.addEventListener === undefined
      ? undefined
      : { window, document }
})

/** What follows. */
export interface PageHandlers {
  /** The page is left for good. This is the last moment, and nothing is waited for. */
  readonly leave: () => void
  /** The page is put away, and may be brought back. */
  readonly suspend: () => void
  /** There is a network again, or somebody looks at the page. */
  readonly wake: () => void
}

/** Follows the life of the page, if there is one, until the Scope closes. */
export const follow = ({ leave, suspend, wake }: PageHandlers): Effect.Effect<void, never, Scope.Scope> =>
  Effect.flatMap(Page, (page) => {
    if (page === undefined) return Effect.void
    const { document, window } = page
    const hidden = (event: Event): void =>
      (event as Event & { readonly persisted?: boolean }).persisted === true ? suspend() : leave()
    const looked = (): void => {
      if (document.visibilityState !== "hidden") wake()
    }
    const listeners = [
      [window, "pagehide", hidden],
      [window, "pageshow", wake],
      [window, "online", wake],
      [window, "focus", wake],
      [document, "visibilitychange", looked],
      // The page was frozen.
      [document, "resume", wake]
    ] as const
    return Effect.acquireRelease(
      Effect.sync(() => listeners.forEach(([target, name, listener]) => target.addEventListener(name, listener))),
      () =>
        Effect.sync(() => listeners.forEach(([target, name, listener]) => target.removeEventListener(name, listener)))
    )
  })
