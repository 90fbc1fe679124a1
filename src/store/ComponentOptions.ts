/** What a page asks for when it shows a component. */
import type * as Duration from "effect/Duration"
import type { MountCache, MountPlace, MountProps } from "../MountOptions.ts"
import type * as Component from "../Component.ts"
import type { LiveComponent } from "./LiveComponent.ts"
import type { MountListener } from "./MountEvents.ts"

/** Stands in a type error for options that are missing: the component has props, and they are not optional. */
export interface PropsMissing<Props> {
  readonly "~propsMissing": Props
}

/** Stands in a type error for options that are missing: the component is shared, so it is mounted with a key. */
export interface KeyMissing {
  readonly "~keyMissing": string
}

/** How a view mounts, besides what. */
export interface ViewOptions<C extends Component.Typed> extends MountCache, MountListener<C> {
  /** Whether it is mounted while the view is on the page (true); with false by `mount`, or when this is true. */
  readonly autoMount?: boolean | undefined
  /**
   * Whether this browser keeps the last state, and shows it until the server's is there (false): after a reload, also while the server is
   * away. It is kept as it is, and needs a `cacheKey` or a `key`.
   */
  readonly fallbackToLocal?: boolean | undefined
  /**
   * How long it stays mounted when its view is gone (5 seconds): a view that asks for the same until then shows its state at once.
   */
  readonly gcTime?: Duration.Input | undefined
}

/** Shows a component: the options may be left out when it needs no props. */
export interface ShowComponent {
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
}
