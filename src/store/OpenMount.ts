/**
 * One replica on a page, and the connection that it needs. It belongs to one view at a time, and goes from a view that is left to
 * the next one that asks for the same.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as ReplicaOpener from "../client/ReplicaOpener.ts"
import type { Replica } from "../client/Replica.ts"
import type * as Component from "../Component.ts"
import type { Retained } from "./RefCounted.ts"
import type { SharedClient } from "./SharedClient.ts"
import { ViewCalls } from "./ViewCalls.ts"
import { isSame, type ViewTarget } from "./ViewTarget.ts"

/** Shows a replica, until the function returned is called. */
export type ShowReplica<C extends Component.Typed> = (replica: Replica<C>) => () => void

/** One replica. To create it mounts it. */
export class OpenMount<C extends Component.Typed> {
  readonly #component: C
  readonly #options: ViewTarget<C>
  readonly #client: Retained<Effect.Effect<ReplicaOpener.ReplicaSource>>
  readonly #opening: Fiber.Fiber<void>
  #replica: Replica<C> | undefined
  #show: ShowReplica<C> | undefined
  #hide: (() => void) | undefined
  /** Those whose calls may have no answer yet. */
  #callers: ReadonlyArray<ViewCalls<C>> = []

  constructor(client: SharedClient, component: C, options: ViewTarget<C>) {
    this.#component = component
    this.#options = options
    this.#client = client.retain()
    this.#opening = Effect.runFork(
      Effect.map(this.#client.value, (client) => {
        this.#replica = ReplicaOpener.of(client)(component, options)
        this.#hide = this.#show?.(this.#replica)
      })
    )
  }

  /** Undefined until there is a client. */
  get replica(): Replica<C> | undefined {
    return this.#replica
  }

  /** Whether a view has shown it. */
  get isKnown(): boolean {
    return this.#callers.length > 0
  }

  /** Waits until there is a client. */
  get opened(): Effect.Effect<void> {
    return Fiber.join(this.#opening)
  }

  /** Whether another view may show it: there is no error that a new mount might not have, and its instance has not ended. */
  get isSound(): boolean {
    if (this.#replica === undefined) return false
    const { error, status } = this.#replica.view
    return error === undefined && status !== "stopped"
  }

  /** Whether it was made for these arguments. */
  is(component: Component.Typed, options: ViewTarget<Component.Typed>): boolean {
    return this.#component === component && isSame<Component.Typed>(this.#options, options)
  }

  /** Whether its state has the place in this browser that these arguments ask for. */
  isKeptAs(component: Component.Typed, { cacheKey, userId }: ViewTarget<Component.Typed>): boolean {
    const isNamed = cacheKey !== undefined && this.#component === component
    return isNamed && this.#options.cacheKey === cacheKey && this.#options.userId === userId
  }

  /** It belongs to this view, which shows it now, or as soon as there is a client. */
  give(show: ShowReplica<C>, calls: ViewCalls<C>): void {
    this.#callers = [...this.#callers.filter(({ isBusy }) => isBusy), calls]
    this.#show = show
    if (this.#replica !== undefined) this.#hide = show(this.#replica)
  }

  /** Its view is left. */
  leave(): void {
    this.#hide?.()
    this.#show = this.#hide = undefined
  }

  /** Unmounts it. The connection goes with what is mounted last: what was begun comes first. */
  end(): void {
    this.leave()
    this.#opening.interruptUnsafe()
    const { release } = this.#client
    const replica = this.#replica
    if (replica === undefined) return release()
    replica.release()
    replica.whenLeft(ViewCalls.answered(this.#callers), release)
  }
}
