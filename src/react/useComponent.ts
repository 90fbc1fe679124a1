/** Mounts a component while a view is on the page. The state is there from the first render. */
import { useState, useSyncExternalStore } from "react"
import type { MountOptions } from "../client/LiveClient.ts"
import type * as Component from "../Component.ts"
import type { LiveComponent } from "./LiveComponent.ts"
import { useSharedClient } from "./LiveContext.ts"
import { Mount } from "./Mount.ts"

/** The options may be left out when the component needs no props. */
export type UseComponentOptions<C extends Component.Typed> =
  {} extends MountOptions<C> ? [options?: MountOptions<C>] : [options: MountOptions<C>]

/**
 * Mounts a component while the view is on the page, and renders the view again after each change. When the component,
 * key, room or props change (props are compared by value), the old one is unmounted and the new one mounted. On a
 * server it returns `initial(props)` and mounts nothing.
 */
export const useComponent = <C extends Component.Typed>(
  component: C,
  ...[given]: UseComponentOptions<C>
): LiveComponent<C> => {
  const client = useSharedClient()
  const options = (given ?? {}) as MountOptions<C>
  const [current, setCurrent] = useState(() => new Mount(client, component, options))
  let mount = current
  if (!mount.is(client, component, options)) {
    mount = new Mount(client, component, options)
    setCurrent(mount)
  }
  return useSyncExternalStore(mount.subscribe, mount.snapshot, mount.serverSnapshot)
}
