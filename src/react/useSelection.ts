/** A part of a store, of which a view is rendered again when that part has changed, by value. */
import * as Equal from "effect/Equal"
import { useEffect, useMemo, useState, useSyncExternalStore } from "react"
import type { ReadableStore } from "../store/ReadableStore.ts"

/** The part that `select` gives, of the same identity as long as its value is the same; everything without one. */
export const useSelection = <A, B>(store: ReadableStore<A>, select: ((snapshot: A) => B) | undefined): A | B => {
  const { getServerSnapshot, getSnapshot, subscribe } = store
  const [shown] = useState(() => new Shown<A | B>())
  const [selected, serverSelected] = useMemo(
    () =>
      select === undefined
        ? [getSnapshot, getServerSnapshot]
        : [remembering(getSnapshot, select, shown), remembering(getServerSnapshot, select, shown)],
    [select, getServerSnapshot, shown, getSnapshot]
  )
  const value = useSyncExternalStore<A | B>(subscribe, selected, serverSelected)
  useEffect(() => shown.use(value), [shown, value])
  return value
}

/** What is on the page. */
class Shown<A> {
  #shown: { readonly value: A } | undefined

  use(value: A): void {
    this.#shown = { value }
  }

  /** What is on the page, if it has this value; otherwise the value. */
  orNew<B extends A>(value: B): B {
    return this.#shown !== undefined && Equal.equals(this.#shown.value, value) ? (this.#shown.value as B) : value
  }
}

/** Selects once for each snapshot, so that a view is not rendered for ever by a selector that gives something new each time. */
const remembering = <A, B>(snapshot: () => A, select: (snapshot: A) => B, shown: Shown<A | B>): (() => B) => {
  let last: { readonly of: A; readonly value: B } | undefined
  return () => {
    const of = snapshot()
    if (last?.of !== of) last = { of, value: shown.orNew(select(of)) }
    return last.value
  }
}
