/** Mounts a component while a view is on the page. The state is there from the first render. */
import type { MountPlace, MountProps } from "../MountOptions.ts"
import type * as Component from "../Component.ts"
import type { KeyMissing, PropsMissing, ViewOptions } from "../store/ComponentOptions.ts"
import type { LiveComponent } from "../store/LiveComponent.ts"
import type { ViewTarget } from "../store/ViewTarget.ts"
import { useMount } from "./useMount.ts"
import { type Selector, useSelected } from "./useSelected.ts"

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
    options: MountProps<C> & MountPlace<C> & ViewOptions<C>
  ): LiveComponent<C>
  <C extends Component.Typed, Selected>(
    component: C,
    options: MountProps<C> & MountPlace<C> & ViewOptions<C>,
    select: Selector<C, Selected>
  ): Selected
}

/**
 * Mounts a component while the view is on the page, and renders the view again after each change. When the component,
 * key, room or props change (props are compared by value), another one is mounted. One that no view shows any more is unmounted after
 * `gcTime`, and a view that asks for the same until then gets it. With a
 * selector it returns what that gives, and the view is rendered again when that has changed, by value. On a server it returns
 * `initial(props)` and mounts nothing.
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
export const useComponent: UseComponent = <C extends Component.Typed, Selected>(
  component: C,
  options: ViewTarget<C> & ViewOptions<C> = {},
  select?: Selector<C, Selected>
): LiveComponent<C> | Selected => useSelected(useMount(component, options), select)
