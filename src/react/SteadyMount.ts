/**
 * The mount of one view, through its renders. Props that are new at each render (`Date.now()`, `Math.random()`) would mount
 * again with each state that arrives, for ever: after some of that, one warning says so, and the last mount stays.
 */
import * as Effect from "effect/Effect"
import type * as Component from "../Component.ts"
import * as Log from "../Log.ts"
import { Mount } from "../store/Mount.ts"
import type { ViewTarget } from "../store/ViewTarget.ts"
import { MountEvents } from "../store/MountEvents.ts"
import type { Live } from "../store/Live.ts"

/** How often in a row the arguments may be others without anything around the view having changed. */
const maxRestless = 3

/** The mount of one view. */
export class SteadyMount<C extends Component.Typed> {
  readonly mount: Mount<C>
  readonly events: MountEvents<C>
  /** What the view has shown. */
  #seen: unknown
  #restless: number
  #isWarned = false
  /** What the view has asked for last, perhaps in a render that was thrown away because it waits for that. */
  #asked: Mount<C> | undefined
  /** Whether it was made in the render that goes on. */
  #isNew = true

  constructor(mount: Mount<C>, restless = 0) {
    this.mount = mount
    this.events = new MountEvents(mount)
    this.#seen = mount.getSnapshot()
    this.#restless = restless
  }

  /** The mount for these arguments: this one, or another. */
  at(live: Live, component: C, options: ViewTarget<C>): SteadyMount<C> {
    const snapshot = this.mount.getSnapshot()
    // Its own component has changed, and not what is around the view.
    const isOwn = snapshot !== this.#seen
    this.#seen = snapshot
    if (this.mount.is(live, component, options)) {
      this.#isNew = false
      if (isOwn) this.#restless = 0
      return this
    }
    if ((isOwn || this.#isNew) && this.#asked?.is(live, component, options) !== true) this.#restless++
    if (this.#restless < maxRestless) {
      this.#asked = new Mount(live, component, options)
      return new SteadyMount(this.#asked, this.#restless)
    }
    if (!this.#isWarned) {
      this.#isWarned = true
      Effect.runFork(
        Log.warning(
          `The arguments of useComponent("${component.componentName}") are others at every render, and the component stays as it is`,
          {
            hint: "Compute props once: with useState or useMemo, or outside of the view. Date.now() differs at every render."
          }
        )
      )
    }
    return this
  }
}
