/**
 * What is mounted on a page and shown by no view: it waits a time for a view that asks for the same, so that leaving a view and coming
 * back loses nothing, and mounts nothing.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Component from "../Component.ts"
import type { ViewTarget } from "./ViewTarget.ts"
import type { LiveError } from "../LiveError.ts"
import type { OpenMount } from "./OpenMount.ts"

/** How long a mount waits for another view by default. */
const gcTime = Duration.seconds(5)

/** How many may wait that no view has asked for: the one that waits longest ends first. */
const capacity = 32

/** How many may wait that views have asked for, which are not shown before: a page has hardly more views. */
const awaited = 1024

/** What a view waits for that shows nothing before. */
export interface Wait {
  /** Why it could not be mounted. */
  readonly error: LiveError | undefined
  /** Resolves when the view is to be tried again. */
  readonly settled: Promise<unknown>
}

interface Kept {
  readonly mount: OpenMount<Component.Typed>
  /** Of one that is not there yet, or has failed: no other view takes it. */
  readonly wait?: Wait | undefined
  /** Whether a view has asked for it, which would ask again if it ended. */
  readonly isAwaited: boolean
  /** Ends the wait. */
  readonly stop: () => void
}

/** The mounts that wait. */
export class KeptMounts {
  /** Those that wait longest come first. */
  #kept: ReadonlyArray<Kept> = []
  /** Give up what views show that were left in this task, and had not time to. */
  #left = new Set<() => void>()
  #isOpen = false

  /** Whether the page is there. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** A view was left: what it shows is free when it has no listener in the next task, or before that when `free` is called. */
  left(free: () => void): void {
    this.#left.add(free)
  }

  /** The mount that a view which asks for this would take. */
  find<C extends Component.Typed>(component: C, options: ViewTarget<C>): OpenMount<C> | undefined {
    const kept = this.#kept.find(
      ({ mount, wait }) => wait === undefined && mount.is(component, options) && mount.isSound
    )
    return kept?.mount as OpenMount<C> | undefined
  }

  /** Gives a mount to a view which asks for this. */
  take<C extends Component.Typed>(component: C, options: ViewTarget<C>): OpenMount<C> | undefined {
    const left = this.#left
    this.#left = new Set()
    for (const free of left) free()
    const found = this.find(component, options)
    if (found !== undefined) this.#remove(found as never)
    // Of two instances with one `cacheKey`, one would be what the other has left.
    else for (const { mount } of this.#kept) if (mount.isKeptAs(component, options)) this.end(mount)
    return found
  }

  /** Its view is left: it ends after this time, or at once where nobody could come back to it. */
  keep(mount: OpenMount<Component.Typed>, time: Duration.Input = gcTime): void {
    this.#keep(mount, Duration.fromInputUnsafe(time), false)
  }

  /** It is there, for the view that has waited for it. */
  offer(mount: OpenMount<Component.Typed>): void {
    this.#keep(mount, gcTime, true)
  }

  #keep(mount: OpenMount<Component.Typed>, duration: Duration.Duration, isAwaited: boolean): void {
    this.#remove(mount)
    const { isSound, replica } = mount
    if (!this.#isOpen || Duration.toMillis(duration) <= 0 || !isSound || replica === undefined) return mount.end()
    const stop = replica.run(
      Effect.andThen(
        Effect.sleep(duration),
        Effect.sync(() => this.end(mount))
      )
    )
    this.#add({ mount, isAwaited, stop })
  }

  /** Holds a mount that a view waits for, until it is given to `offer` or `end`. */
  hold(mount: OpenMount<Component.Typed>, wait: Wait): void {
    this.#add({ mount, wait, isAwaited: true, stop: () => {} })
  }

  /** Whether it waits here. */
  holds(mount: OpenMount<Component.Typed>): boolean {
    return this.#kept.some((kept) => kept.mount === mount)
  }

  /** What views wait for that ask for this. */
  waitOf(component: Component.Typed, options: ViewTarget<Component.Typed>): Wait | undefined {
    return this.#kept.find(({ mount, wait }) => wait !== undefined && mount.is(component, options))?.wait
  }

  /** Ends a mount, if it waits. */
  end(mount: OpenMount<Component.Typed>): void {
    if (this.#remove(mount)) mount.end()
  }

  /** Ends all that wait: somebody else may use the page from now on. */
  clear(): void {
    for (const { mount } of this.#kept) this.end(mount)
  }

  /** The page is there, until the function returned is called: then nothing waits any more. */
  open(): () => void {
    this.#isOpen = true
    return () => {
      this.#isOpen = false
      this.clear()
    }
  }

  #add(kept: Kept): void {
    this.#kept = [...this.#kept, kept]
    const { isAwaited } = kept
    const alike = this.#kept.filter((other) => other.isAwaited === isAwaited)
    const [first] = alike
    if (first !== undefined && alike.length > (isAwaited ? awaited : capacity)) this.end(first.mount)
  }

  #remove(mount: OpenMount<Component.Typed>): boolean {
    const kept = this.#kept.find((kept) => kept.mount === mount)
    if (kept === undefined) return false
    this.#kept = this.#kept.filter((other) => other !== kept)
    kept.stop()
    return true
  }
}
