/** A text that is being typed, as it is kept in the tab of the browser: it outlives a reload, and goes with the tab. */

import type { MountAccess } from "./LiveComponent.ts"

/** Undefined where there is none, as on a server. Reading it throws where the page may not use it. */
const storage = (): Storage | undefined => (typeof window === "undefined" ? undefined : window.sessionStorage)

/** A page may have no right to its storage, or no room: then nothing is kept. */
const attempt = <A>(use: (storage: Storage) => A): A | undefined => {
  try {
    const of = storage()
    return of === undefined ? undefined : use(of)
  } catch {
    return undefined
  }
}

/** The text of one field. */
export class KeptDraft {
  readonly #entry: string

  /** `keep` is the application's name for what is edited, `of` the component that it is a part of. */
  constructor({ component, place }: Pick<MountAccess, "component" | "place">, keep: string, field: string) {
    this.#entry = ["fibra", "draft", component.componentName, ...place, keep, field].map(encodeURIComponent).join("/")
  }

  /** What was kept last; undefined for nothing. */
  read(): string | undefined {
    return attempt((storage) => storage.getItem(this.#entry)) ?? undefined
  }

  /** Keeps a text, in place of the one before. Anything else removes that. */
  write(value: unknown): void {
    attempt((storage) =>
      typeof value === "string" ? storage.setItem(this.#entry, value) : storage.removeItem(this.#entry)
    )
  }
}
