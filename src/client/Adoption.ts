/**
 * What a server has mounted for a page that it has rendered. The first connection of the page takes up the session, and each view
 * the component that it was rendered with. Views may come later than the connection (React hydrates them one by one): what nobody
 * has taken yet stays mounted for a while.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import type * as Component from "../Component.ts"
import { copy, type Json } from "../Json.ts"
import type { ResumePoint } from "../LiveProtocol.ts"
import type { SsrComponent, SsrData } from "../SsrData.ts"
import type { Encoded } from "../StateCodec.ts"
import type { LiveRequests } from "./LiveRequests.ts"
import type { ConnectionListener, Router } from "./Router.ts"

/** How long a page may take to hydrate after it has connected. */
const patience = Duration.seconds(10)

/** What a view shows. */
export interface AdoptionTarget {
  readonly props?: unknown
  readonly key?: string | undefined
  readonly room?: string | undefined
  readonly cacheKey?: string | undefined
}

/** What was mounted for one page. */
export class Adoption {
  readonly #components: ReadonlyArray<SsrComponent>
  /** Those that no view has taken. */
  readonly #waiting: Set<SsrComponent>
  #session: string | undefined
  #isOver = false
  #isConnected = false
  #stops: ReadonlyArray<() => void> = []

  constructor({ components, session }: SsrData) {
    this.#components = components
    this.#waiting = new Set(components)
    this.#session = session
  }

  /**
   * The token of the session, for the first client that begins with it. What comes for views that have not taken theirs yet is
   * kept for them, until a while after the client is connected; then what nobody has taken is unmounted.
   */
  begin(
    router: Pick<Router, "expectMount" | "subscribe">,
    run: (effect: Effect.Effect<void>) => void,
    requests: () => Pick<LiveRequests, "Unmount">
  ): string | undefined {
    const session = this.#session
    this.#session = undefined
    if (session === undefined) return undefined
    this.#stops = [
      router.expectMount(),
      router.subscribe({
        connected: () => {
          if (this.#isConnected) return
          this.#isConnected = true
          const ended = () => {
            for (const { componentId } of this.#end()) run(Effect.ignore(requests().Unmount({ componentId })))
          }
          run(Effect.map(Effect.sleep(patience), ended))
        },
        disconnected: () => {},
        closed: () => void this.#end(),
        place: () => undefined
      }),
      ...this.#components.map((one) => router.subscribe(new Waiting(() => (this.#waiting.has(one) ? one : undefined))))
    ]
    return session
  }

  /** What the page was rendered with for this view; `initial` for another one, and for one that comes after all others. */
  view<Shown extends object>(component: Component.Typed, target: AdoptionTarget, initial: Shown): Shown {
    const found = this.#isOver ? undefined : this.#find(this.#components, component, target)
    if (found === undefined) return initial
    const { componentId, status } = found
    try {
      return { ...initial, state: component.codec.state.decode(found.state as Encoded), status, componentId }
    } catch {
      // The contract of this page cannot read it: it is told when it is mounted.
      return initial
    }
  }

  /** Gives a view the instance that is its alone: two views of the same are two mounts. Its token goes to what mounts it later. */
  take(
    component: Component.Typed,
    target: Omit<AdoptionTarget, "props">,
    props: unknown,
    mounter: { readonly sealed: (token: string) => void },
    accept: (mounted: SsrComponent) => void
  ): void {
    const found = this.#find(this.#waiting, component, { ...target, props })
    if (found === undefined) return
    this.#waiting.delete(found)
    if (found.token !== undefined) mounter.sealed(found.token)
    accept(found)
  }

  /** Nothing is taken any more. Returns what nobody has taken. */
  #end(): ReadonlyArray<SsrComponent> {
    this.#isOver = true
    for (const stop of this.#stops) stop()
    this.#stops = []
    const left = Array.from(this.#waiting)
    this.#waiting.clear()
    return left
  }

  #find(
    components: Iterable<SsrComponent>,
    { codec, componentName, version }: Component.Typed,
    { cacheKey, key, props = {}, room }: AdoptionTarget
  ): SsrComponent | undefined {
    // A server does not know what a browser keeps.
    if (cacheKey !== undefined) return undefined
    let encoded: Json | undefined
    for (const one of components) {
      const isSame = one.component === componentName && one.version === version && one.key === key && one.room === room
      if (!isSame) continue
      if (encoded === undefined) {
        const exit = codec.encodeProps(props)
        if (Exit.isFailure(exit)) return undefined
        encoded = copy(exit.value as Json)
      }
      if (Equal.equals(one.props, encoded)) return one
    }
    return undefined
  }
}

/** Says how far the page has read a component that no view has taken. */
class Waiting implements ConnectionListener {
  readonly #component: () => SsrComponent | undefined

  constructor(component: () => SsrComponent | undefined) {
    this.#component = component
  }

  connected(): void {}
  disconnected(): void {}
  closed(): void {}

  place(): ResumePoint | undefined {
    const component = this.#component()
    if (component === undefined) return undefined
    const { componentId, epoch, index, revision } = component
    return { componentId, epoch, index, revision }
  }
}

/** For the option `ssr`, what `LiveSsr.page` gave as `data`. */
export const ssrOf = (data: SsrData): Adoption => new Adoption(data)
