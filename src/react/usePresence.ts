/** The presence list of a mounted component. */
import { useEffect, useInsertionEffect, useRef } from "react"
import { changes } from "../client/PresenceList.ts"
import type * as Component from "../Component.ts"
import type * as Presence from "../Presence.ts"
import type { LiveComponent } from "../store/LiveComponent.ts"

/**
 * Returns the presence list, and calls the handler of the last render when somebody joins, leaves or changes. People in
 * the first list do not count as joining.
 */
export const usePresence = <C extends Component.Typed>(
  of: LiveComponent<C>,
  onChange?: (change: Presence.Change<Component.Metadata<C>>) => void
): ReadonlyArray<Presence.Person<Component.Metadata<C>>> => {
  const { presence } = of
  const mount = of["~mount"]
  const latest = useRef(onChange)
  const told = useRef({ mount, presence })
  useInsertionEffect(() => {
    latest.current = onChange
  })
  useEffect(() => {
    const before = told.current
    told.current = { mount, presence }
    // Lists of two components say nothing about who came and who left.
    if (before.mount !== mount) return
    for (const change of changes(before.presence, presence)) latest.current?.(change)
  }, [mount, presence])
  return presence
}
