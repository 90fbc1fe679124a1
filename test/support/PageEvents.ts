/** A page without a browser: its events happen when a test says so. */
import { Effect } from "effect"
import type { Page } from "../../src/client/PageLifecycle.ts"

/** A page, and what happens to it. */
export interface PageEvents {
  readonly page: Page
  /** It is closed, or put away and kept (`persisted`). */
  readonly hide: (persisted: boolean) => Effect.Effect<void>
  /** It is brought back. */
  readonly show: Effect.Effect<void>
  readonly online: Effect.Effect<void>
  readonly focus: Effect.Effect<void>
  readonly visible: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
}

export const makePage = (): PageEvents => {
  const window = new EventTarget()
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" as DocumentVisibilityState })
  const tell = (target: EventTarget, name: string, fields = {}) =>
    Effect.sync(() => void target.dispatchEvent(Object.assign(new Event(name), fields)))
  return {
    page: { window, document },
    hide: (persisted) => tell(window, "pagehide", { persisted }),
    show: tell(window, "pageshow", { persisted: true }),
    online: tell(window, "online"),
    focus: tell(window, "focus"),
    visible: tell(document, "visibilitychange"),
    resume: tell(document, "resume")
  }
}
