/** Something that is shown and changes, for any framework, or none: React's `useSyncExternalStore` takes it as it is. */

/** One value at a time, which is another one exactly when something changed. */
export interface ReadableStore<A> {
  /** What can be shown now: the same value, by identity, until something changes. */
  readonly getSnapshot: () => A
  /** What a server renders, and a page that is hydrated shows first. */
  readonly getServerSnapshot: () => A
  /** Calls the listener after each change, until the function returned is called. */
  readonly subscribe: (listener: () => void) => () => void
}
