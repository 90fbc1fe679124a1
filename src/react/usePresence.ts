/** Who is there with a mounted component. */
import { useEffect, useInsertionEffect, useRef } from "react"
import { changes } from "../client/PresenceList.ts"
import type * as Component from "../Component.ts"
import type * as Presence from "../Presence.ts"
import type { LiveComponent } from "./LiveComponent.ts"

/**
 * Gives who is there, and calls the handler of the last render with each who joins, leaves or changes from then on. Nobody is new in
 * the list that is known first.
 */
export const usePresence = <C extends Component.Typed>(
  of: LiveComponent<C>,
  onChange?: (change: Presence.Change<Component.Metadata<C>>) => void
): ReadonlyArray<Presence.Person<Component.Metadata<C>>> => {
  const { presence } = of
  const mount = of["~listen"]
  const latest = useRef(onChange)
  const told = useRef({ mount, presence })
  useInsertionEffect(() => {
    latest.current = onChange
  })
  useEffect(() => {
    const before = told.current
    told.current = { mount, presence }
    // The lists of two components say nothing of who came and who went.
    if (before.mount !== mount) return
    for (const change of changes(before.presence, presence)) latest.current?.(change)
  }, [mount, presence])
  return presence
}
