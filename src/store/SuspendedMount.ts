/**
 * What a view waits for that shows nothing before it is there. React forgets all that a waiting view has made, so the page holds it, and
 * gives it to the view when that is tried again.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Component from "../Component.ts"
import type { LiveError } from "../LiveError.ts"
import * as Log from "../Log.ts"
import type { KeptMounts, Wait } from "./KeptMounts.ts"
import type { Live } from "./Live.ts"
import { OpenMount } from "./OpenMount.ts"
import type { ViewTarget } from "./ViewTarget.ts"

/** How long an error is known: React tries a view again that throws one, and whoever retries later wants to know anew. */
const memory = Duration.seconds(1)

/** One mount that is waited for. To create it mounts it. */
class SuspendedMount implements Wait {
  error: LiveError | undefined
  readonly settled: Promise<unknown>

  constructor(live: Live, kept: KeptMounts, component: Component.Typed, options: ViewTarget<Component.Typed>) {
    const mount = new OpenMount(live.client, component, options)
    kept.hold(mount, this)
    this.settled = mounted(mount).then((error) => {
      if (!kept.holds(mount)) return
      if (!kept.isOpen) return this.#isLost(kept, mount, component)
      // Whatever the view says of its `gcTime`, it needs some time to take it.
      if (error === undefined) return kept.offer(mount)
      this.error = error
      mount.replica?.run(
        Effect.andThen(
          Effect.sleep(memory),
          Effect.sync(() => kept.end(mount))
        )
      )
    })
  }

  /** There is no page to wait: a view that was tried again would wait again, for ever. */
  #isLost(kept: KeptMounts, mount: OpenMount<Component.Typed>, { componentName }: Component.Any): Promise<never> {
    kept.end(mount)
    Effect.runFork(
      Log.error(`"${componentName}" is waited for by a view that is not on the page, nor is its LiveProvider`, {
        hint: "Put the Suspense below the LiveProvider: React makes anew each time what is below one that waits."
      })
    )
    return new Promise(() => {})
  }
}

/** Resolves when it is mounted, or when it could not be: to why. */
const mounted = (mount: OpenMount<Component.Typed>): Promise<LiveError | undefined> =>
  Effect.runPromise(
    Effect.matchCause(
      Effect.flatMap(mount.opened, () => mount.replica?.mounted() ?? Effect.void),
      {
        onSuccess: () => undefined,
        onFailure: (cause) => cause.reasons.find(Cause.isFailReason)?.error
      }
    )
  )

/** What a view waits for that asks for this: the same as long as it waits. Undefined where nothing is mounted, as on a server. */
export const suspended = (
  live: Live,
  component: Component.Typed,
  options: ViewTarget<Component.Typed>
): Wait | undefined => {
  const { kept } = live
  if (kept === undefined || typeof window === "undefined") return undefined
  return kept.waitOf(component, options) ?? new SuspendedMount(live, kept, component, options)
}
