/** The mount of one view: on the page as long as the view is, and another one when it asks for something else. */
import { useEffect, useInsertionEffect, useState } from "react"
import type * as Component from "../Component.ts"
import type { ViewOptions } from "../store/ComponentOptions.ts"
import { Mount } from "../store/Mount.ts"
import type { ViewTarget } from "../store/ViewTarget.ts"
import { useLive } from "./LiveContext.ts"
import { SteadyMount } from "./SteadyMount.ts"

/** The mount of one view. */
export const useMount = <C extends Component.Typed>(
  component: C,
  options: ViewTarget<C> & ViewOptions<C>
): Mount<C> => {
  const live = useLive()
  const [current, setCurrent] = useState(() => new SteadyMount(new Mount(live, component, options)))
  const next = current.at(live, component, options)
  if (next !== current) setCurrent(next)
  const { events, mount } = next
  const { autoMount, gcTime } = options
  useInsertionEffect(() => {
    events.use(options)
    mount.keepFor(gcTime)
  })
  useEffect(() => events.listen(), [events])
  useEffect(() => mount.follow(autoMount), [mount, autoMount])
  return mount
}
