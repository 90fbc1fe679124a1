/** What a view shows of its mount. */
import { useMemo } from "react"
import type * as Component from "../Component.ts"
import type { LiveComponent } from "../store/LiveComponent.ts"
import type { Mount } from "../store/Mount.ts"
import { useSelection } from "./useSelection.ts"

/** What a view shows of its component. */
export type Selector<C extends Component.Typed, Selected> = (
  state: Component.State<C>,
  component: LiveComponent<C>
) => Selected

/** What the selector gives, or else the component. */
export const useSelected = <C extends Component.Typed, Selected>(
  mount: Mount<C>,
  select: Selector<C, Selected> | undefined
): LiveComponent<C> | Selected => {
  const selectSnapshot = useMemo(
    () => (select === undefined ? undefined : (component: LiveComponent<C>) => select(component.state, component)),
    [select]
  )
  return useSelection(mount, selectSnapshot)
}
