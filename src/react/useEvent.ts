/** Listens to the events of a mounted component. */
import { useEffect, useInsertionEffect, useRef } from "react"
import type * as Component from "../Component.ts"
import type { LiveComponent } from "../store/LiveComponent.ts"

/** Calls the handler of the last render with each event of that name. A new handler does not subscribe again. */
export const useEvent = <C extends Component.Typed, Name extends keyof Component.EventsOf<C> & string>(
  of: LiveComponent<C>,
  name: Name,
  handler: (payload: Component.EventsOf<C>[Name]) => void
): void => {
  const mount = of["~mount"]
  const latest = useRef(handler)
  useInsertionEffect(() => {
    latest.current = handler
  })
  useEffect(
    () =>
      mount.listen((event, payload) => {
        if (event === name) latest.current(payload as Component.EventsOf<C>[Name])
      }),
    [mount, name]
  )
}
