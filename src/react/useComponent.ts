/** Mounts a component while a view is on the page. The state is there from the first render. */
import { useState, useSyncExternalStore } from "react"
import type { MountCache, MountPlace, MountProps } from "../client/MountOptions.ts"
import type * as Component from "../Component.ts"
import type { LiveComponent } from "./LiveComponent.ts"
import { useLive } from "./LiveContext.ts"
import { Mount, type MountTargetOf } from "./Mount.ts"
import { SteadyMount } from "./SteadyMount.ts"

/** Stands in a type error for options that are missing: the component has props, and they are not optional. */
export interface PropsMissing<Props> {
  readonly "~propsMissing": Props
}

/** Stands in a type error for options that are missing: the component is shared, so it is mounted with a key. */
export interface KeyMissing {
  readonly "~keyMissing": string
}

/** `useComponent`: the options may be left out when the component needs no props. */
export interface UseComponent {
  // One signature for each number of arguments, so that an error is that of one of them.
  <C extends Component.Typed>(
    component: C &
      ({} extends Component.Props<C> ? unknown : PropsMissing<Component.Props<C>>) &
      ([Component.PlacementOf<C>] extends ["shared"] ? KeyMissing : unknown)
  ): LiveComponent<C>
  <C extends Component.Typed>(
    component: C,
    // Spelt out: an error says this, and not the name of the type.
    options: MountProps<C> & MountPlace<C> & MountCache
  ): LiveComponent<C>
}

/**
 * Mounts a component while the view is on the page, and renders the view again after each change. When the component,
 * key, room or props change (props are compared by value), the old one is unmounted and the new one mounted. On a
 * server it returns `initial(props)` and mounts nothing.
 *
 * <!-- snippet: examples/counter/CounterView.tsx#view -->
 *
 * ```tsx
 * import { useState } from "react"
 * import { LiveStatus, useComponent, useEvent } from "fibra/react"
 * import { Counter } from "./Counter.ts"
 *
 * // Everyone who looks at it shares one counter, by its key.
 * export const CounterView = () => {
 *   const counter = useComponent(Counter, { props: { start: 0 }, key: "everyone" })
 *   const [milestone, setMilestone] = useState<number>()
 *   useEvent(counter, "Milestone", ({ count }) => setMilestone(count))
 *   const { call, connected, error, state } = counter
 *   return (
 *     <section>
 *       <p>
 *         <output aria-label="Count">{state.count}</output> <LiveStatus of={counter} />
 *       </p>
 *       <button disabled={!connected} onClick={() => call.Increment({ by: 1 })}>
 *         +1
 *       </button>
 *       <button disabled={!connected} onClick={() => call.Reset()}>
 *         Reset
 *       </button>
 *       {milestone !== undefined && <p>The last milestone was {milestone}.</p>}
 *       {error && <p role="alert">{error._tag === "LimitReached" ? `No further than ${error.max}.` : error.message}</p>}
 *     </section>
 *   )
 * }
 * ```
 */
export const useComponent: UseComponent = <C extends Component.Typed>(
  component: C,
  options: MountTargetOf<C> = {}
): LiveComponent<C> => {
  const live = useLive()
  const [current, setCurrent] = useState(() => new SteadyMount(new Mount(live, component, options)))
  const next = current.at(live, component, options)
  if (next !== current) setCurrent(next)
  const { mount } = next
  return useSyncExternalStore(mount.subscribe, mount.snapshot, mount.serverSnapshot)
}
