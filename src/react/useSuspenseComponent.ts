/** `useComponent` for views that are not shown before there is something to show. */
import type * as Component from "../Component.ts"
import type { ViewOptions } from "../store/ComponentOptions.ts"
import type { LiveComponent } from "../store/LiveComponent.ts"
import { suspended } from "../store/SuspendedMount.ts"
import type { ViewTarget } from "../store/ViewTarget.ts"
import { useLive } from "./LiveContext.ts"
import type { UseComponent } from "./useComponent.ts"
import { useMount } from "./useMount.ts"
import { type Selector, useSelected } from "./useSelected.ts"

/**
 * Mounts a component as `useComponent` does, and suspends the view until the server's state is there: `initial(props)` is never shown. It
 * is thrown to the error boundary as a `LiveError` when it cannot be mounted. The `Suspense` has to be below the `LiveProvider`.
 *
 * <!-- snippet: test/examples/ProfileCard.tsx#card -->
 */
export const useSuspenseComponent: UseComponent = <C extends Component.Typed, Selected>(
  component: C,
  options: ViewTarget<C> & ViewOptions<C> = {},
  select?: Selector<C, Selected>
): LiveComponent<C> | Selected => {
  const live = useLive()
  const mount = useMount(component, options)
  const shown = useSelected(mount, select)
  const wait = mount.isUnseen ? suspended(live, component, options) : undefined
  if (wait !== undefined) throw wait.error ?? wait.settled
  return shown
}
