/** Who is there with a mounted component. */
import { useEffect, useInsertionEffect, useRef } from "react"
import type * as Component from "../Component.ts"
import * as Presence from "../Presence.ts"
import type { LiveComponent } from "./LiveComponent.ts"

/** Gives the list, and calls the handler of the last render with each who joins, leaves or changes after the first list. */
export const usePresence = <C extends Component.Typed>(
  of: LiveComponent<C>,
  onChange?: (change: Presence.Change<Component.Metadata<C>>) => void
): ReadonlyArray<Presence.Person<Component.Metadata<C>>> => {
  const { presence } = of
  const handler = useRef(onChange)
  const shown = useRef(presence)
  useInsertionEffect(() => {
    handler.current = onChange
  })
  useEffect(() => {
    const before = shown.current
    shown.current = presence
    // The first list is news of nobody.
    if (before.length === 0) return
    for (const change of Presence.changes(before, presence)) handler.current?.(change)
  }, [presence])
  return presence
}
