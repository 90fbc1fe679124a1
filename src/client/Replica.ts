/**
 * One mounted component on the client: the state it was told, what is known of its life, and its calls. It comes to life whenever
 * there is a connection, until it is released: with its session when that is still there, else from its token, else anew. It is
 * the synchronous core under `LiveHandle` and the React hook: a view that is a new value exactly when something changed, and
 * listeners.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Component from "../Component.ts"
import { ContractMismatch, Disconnected, InstanceStopped, LiveError } from "../LiveError.ts"
import type { ComponentId } from "../LiveId.ts"
import type { Mounted, Place, Status } from "../LiveProtocol.ts"
import * as Patch from "../Patch.ts"
import type { Encoded } from "../StateCodec.ts"
import type { Person } from "../Presence.ts"
import { Calls, type CallOptions } from "./Calls.ts"
import { Optimism } from "./Optimism.ts"
import { Whereabouts } from "./Whereabouts.ts"
import { type Activation, type Ascent, Ladder, type Mounting } from "./Ladder.ts"
import type { ComponentEvent, Connected, Subscriber } from "./Router.ts"
import type { Wire } from "./Wire.ts"

/** What there is to show of a component. */
export interface View<State, Metadata = unknown> {
  readonly state: State
  /** False until it is mounted, and while the connection is lost. */
  readonly connected: boolean
  /** `outdated`: the server has a later version of the contract than this client. */
  readonly status: Status | "mounting" | "outdated"
  /** Why it could not be mounted; it is tried again with the next connection. */
  readonly error: LiveError | undefined
  /** How it came to its state; undefined before it was mounted. */
  readonly activation: Activation | undefined
  /** The rooms it is in, in the order it joined them. */
  readonly rooms: ReadonlyArray<string>
  /** Who is there: in its first room, or, of an instance in none, those who have mounted it. */
  readonly presence: ReadonlyArray<Person<Metadata>>
  /** Events that were lost because this client read too slowly. */
  readonly eventsDropped: number
}

/** One mounted component. */
export class Replica<C extends Component.Typed> implements Subscriber {
  readonly component: C
  readonly props: Component.Props<C>
  readonly #wire: Wire
  readonly #ladder: Ladder
  readonly #calls: Calls
  readonly #unsubscribe: () => void
  readonly #listeners = new Set<() => void>()
  readonly #eventListeners = new Set<(name: string, payload: unknown) => void>()
  #view: View<Component.State<C>, Component.Metadata<C>>
  /** The state as the server has told it, without guesses. */
  #told: Component.State<C>
  readonly #optimism: Optimism
  readonly #whereabouts: Whereabouts
  #encoded: Encoded | undefined
  #epoch = 0
  #revision = 0
  /** Of the last event. */
  #index = 0
  #componentId: ComponentId | undefined
  #unroute: (() => void) | undefined
  #resyncing = false
  #released = false
  #stopClimbing: (() => void) | undefined
  readonly #stopWaiting: () => void
  #mounted = Deferred.makeUnsafe<void, LiveError>()

  constructor(component: C, props: Component.Props<C>, mounting: Mounting, wire: Wire) {
    this.component = component
    this.props = props
    this.#wire = wire
    this.#ladder = new Ladder(component, props, mounting, wire)
    this.#calls = new Calls(component, wire, {
      target: () => this.#target(),
      refusal: () => (this.#released ? stopped(component) : this.#view.error),
      guess: (guess) => {
        this.#optimism.add(guess)
        this.#showState()
      },
      ended: (guess) => {
        if (this.#optimism.remove(guess)) this.#showState()
      }
    })
    this.#optimism = new Optimism((defect) =>
      wire.run(Effect.logError(`A reducer of "${component.componentName}" failed`, Cause.die(defect)))
    )
    this.#whereabouts = new Whereabouts(component, wire, (change) => this.#show(change as {}))
    const state = (this.#told = component.codec.initial(props) as Component.State<C>)
    this.#view = {
      state,
      connected: false,
      status: "mounting",
      error: undefined,
      activation: undefined,
      rooms: [],
      presence: [],
      eventsDropped: 0
    }
    this.#stopWaiting = this.#wait()
    this.#unsubscribe = wire.subscribe(this)
  }

  /** What there is to show now; the same value until something changes. */
  get view(): View<Component.State<C>, Component.Metadata<C>> {
    return this.#view
  }

  /** Calls the listener after each change, until the function returned is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Calls the listener with each event of the contract, until the function returned is called. */
  listenToEvents(listener: (name: string, payload: unknown) => void): () => void {
    this.#eventListeners.add(listener)
    return () => void this.#eventListeners.delete(listener)
  }

  /** Waits until it is mounted; fails when the server refuses, or does not answer in time. */
  mounted(): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      const { connected, error } = this.#view
      if (error !== undefined) return Effect.fail(error)
      return connected ? Effect.void : Deferred.await(this.#mounted)
    })
  }

  /**
   * Calls an action, once, however often the connection is lost meanwhile. Fails with its own typed error or with a `LiveError`;
   * interrupting it interrupts the handler.
   */
  call(action: string, payload: unknown, options?: CallOptions): Effect.Effect<unknown, unknown> {
    return this.#calls.call(action, payload, options)
  }

  /** Events are lost to whoever listens, because they are not read. */
  dropped(count: number): void {
    this.#show({ eventsDropped: this.#view.eventsDropped + count })
  }

  /** Unmounts it, and mounts it no more. */
  release(): void {
    if (this.#released) return
    this.#released = true
    this.#stopWaiting()
    // An answer that is on its way has to be heard, for what it brings has to be unmounted.
    this.#ladder.release()
    this.#unsubscribe()
    this.#forget()
    // Calls that wait for the mount wait for nothing now.
    const error = stopped(this.component)
    Deferred.doneUnsafe(this.#mounted, Exit.fail(error))
    this.#calls.fail(error)
  }

  /** Waits, after the release, until its state is kept, if it is to be. */
  get left(): Effect.Effect<void> {
    return this.#ladder.left
  }

  connected({ components }: Connected): void {
    if (this.#componentId !== undefined && components.has(this.#componentId)) {
      this.#stopClimbing?.()
      this.#show({ connected: true, error: undefined, activation: "resumed" })
      return this.#ready()
    }
    this.#unroute?.()
    this.#unroute = undefined
    this.#whereabouts.end()
    this.#componentId = undefined
    this.#climb()
  }

  closed(): void {
    this.#stopClimbing?.()
    this.#stopWaiting()
    this.#refused(disconnected("its client is closed"))
  }

  disconnected(): void {
    this.#stopClimbing?.()
    if (this.#view.connected) this.#show({ connected: false })
  }

  place(): Place | undefined {
    if (this.#componentId === undefined) return undefined
    // Of a state that is not to be trusted no revision is named, so that all of it is sent.
    const revision = this.#resyncing ? -1 : this.#revision
    return { componentId: this.#componentId, epoch: this.#epoch, revision, index: this.#index }
  }

  event(event: ComponentEvent): void {
    switch (event._tag) {
      case "Patched":
        return this.#patched(event)
      case "Snapshot": {
        if (event.epoch === this.#epoch && event.revision < this.#revision) return
        this.#resyncing = false
        return void this.#replace(event, event.state as Encoded)
      }
      case "Status":
        // A server that ends stops everything, and the next one goes on.
        return event.status === "stopped" && this.#wire.isDraining() ? undefined : this.#show({ status: event.status })
      case "Sealed":
        return this.#ladder.sealed(event.token)
      case "Joined":
      case "Left":
        return this.#whereabouts.update()
      case "EventsDropped": {
        if (event.room === undefined && event.index <= this.#index) return
        if (event.room === undefined) this.#index = event.index
        return this.dropped(event.count)
      }
      case "Event": {
        // Of a room it is known elsewhere how far it was read.
        if (event.room === undefined && event.index <= this.#index) return
        if (event.room === undefined) this.#index = event.index
        const payload = this.component.codec.events.get(event.event)?.decode(event.payload)
        if (payload === undefined || Exit.isFailure(payload)) return
        for (const listener of Array.from(this.#eventListeners)) {
          this.#tell(() => listener(event.event, payload.value))
        }
      }
    }
  }

  /** Where a call can be sent now. */
  #target(): { readonly componentId: string; readonly session: number } | undefined {
    return this.#componentId === undefined || !this.#view.connected || this.#wire.isDraining()
      ? undefined
      : { componentId: this.#componentId, session: this.#wire.session() }
  }

  /** There is a connection: what can be had of the state is had, or it is said why not, in time. */
  #climb(): void {
    this.#stopClimbing?.()
    const { mountTimeout } = this.#wire.limits
    const climb = Effect.timeoutOrElse(this.#ladder.climb, {
      duration: mountTimeout,
      orElse: () => Effect.fail(tooLate(mountTimeout))
    })
    // What is told of it before it is accepted is kept until then.
    const ended = this.#wire.expectMount()
    this.#stopClimbing = this.#wire.run(
      Effect.match(climb, {
        onSuccess: (ascent) => {
          if (ascent !== undefined) this.#accept(ascent)
        },
        onFailure: (error) => this.#refused(error)
      }).pipe(Effect.ensuring(Effect.sync(ended)))
    )
  }

  /** When it is not mounted in time, that is said; and it is mounted all the same when it can be. */
  #wait(): () => void {
    const { mountTimeout } = this.#wire.limits
    return this.#wire.run(
      Effect.andThen(
        Effect.sleep(mountTimeout),
        Effect.sync(() => this.#refused(tooLate(mountTimeout)))
      )
    )
  }

  #accept({ activation, mounted }: Ascent): void {
    this.#componentId = mounted.componentId
    this.#stopWaiting()
    if (this.#released) return this.#forget()
    this.#encoded = undefined
    this.#resyncing = false
    this.#index = mounted.index
    if (!this.#replace(mounted, mounted.state as Encoded)) return
    this.#show({ connected: true, status: mounted.status, error: undefined, activation })
    this.#whereabouts.begin(mounted.componentId)
    this.#unroute = this.#wire.route(mounted.componentId, this)
    Deferred.doneUnsafe(this.#mounted, Exit.void)
    this.#ready()
  }

  #ready(): void {
    const target = this.#target()
    if (target !== undefined) this.#calls.release(target)
  }

  #refused(error: LiveError): void {
    if (this.#released) return
    const { reason } = error
    const outdated = reason._tag === "VersionMismatch" && reason.client < reason.server
    this.#show({ connected: false, status: outdated ? "outdated" : "mounting", error })
    Deferred.doneUnsafe(this.#mounted, Exit.fail(error))
    this.#mounted = Deferred.makeUnsafe()
    this.#calls.fail(error)
  }

  #forget(): void {
    const componentId = this.#componentId
    this.#unroute?.()
    this.#unroute = undefined
    this.#whereabouts.end()
    this.#componentId = undefined
    // Without a connection nothing can be asked for; on the next one it is not named any more.
    if (componentId !== undefined && this.#wire.isConnected()) this.#ladder.leave(componentId)
  }

  #patched({ by, epoch, from, patch, revision }: Extract<ComponentEvent, { readonly _tag: "Patched" }>): void {
    if (this.#encoded === undefined || this.#resyncing) return
    if (epoch === this.#epoch && revision <= this.#revision) return
    if (epoch !== this.#epoch || (from ?? revision - 1) !== this.#revision) return this.#resync()
    let encoded: Encoded
    try {
      encoded = Patch.apply(this.#encoded, patch) as Encoded
    } catch {
      // Not the state the patch was made for: what is here is worth nothing.
      return this.#resync()
    }
    if (by !== undefined) this.#optimism.arrived(by, this.#wire.connectionId())
    this.#replace({ epoch, revision }, encoded)
  }

  /** Something is missing: asks for all of the state, and shows what is here until it comes. */
  #resync(): void {
    const componentId = this.#componentId
    if (componentId === undefined || this.#resyncing) return
    this.#resyncing = true
    this.#wire.run(
      this.#wire.requests.Resync({ componentId }).pipe(
        Effect.catch((error) =>
          Effect.sync(() => {
            // With another connection comes another answer.
            const isGone = error._tag === "LiveError" && this.#componentId === componentId
            if (isGone) this.connected({ components: new Set() })
          })
        )
      )
    )
  }

  /** Shows the state; false when the contract cannot read it, and then the component is given up. */
  #replace({ epoch, revision }: Pick<Mounted, "epoch" | "revision">, encoded: Encoded): boolean {
    const previous = this.#encoded
    let state: unknown
    try {
      state = this.component.codec.state.decode(
        encoded,
        previous === undefined ? undefined : { from: previous, to: this.#told }
      )
    } catch (issue) {
      const reason = new ContractMismatch({ component: this.component.componentName, issue: String(issue) })
      this.#forget()
      this.#refused(new LiveError({ reason }))
      return false
    }
    this.#encoded = encoded
    this.#epoch = epoch
    this.#revision = revision
    this.#told = state as Component.State<C>
    this.#showState(true)
    return true
  }

  /** Shows what the server has told, and what calls without an answer are going to make of it. */
  #showState(always = false): void {
    const state = this.#optimism.over(this.#told) as Component.State<C>
    if (always || state !== this.#view.state) this.#show({ state })
  }

  #show(change: Partial<View<Component.State<C>, Component.Metadata<C>>>): void {
    this.#view = { ...this.#view, ...change }
    for (const listener of Array.from(this.#listeners)) this.#tell(listener)
  }

  /** A listener that throws is not to end the connection it heard from. */
  #tell(listener: () => void): void {
    try {
      listener()
    } catch (defect) {
      this.#wire.run(Effect.logError(`A listener of "${this.component.componentName}" failed`, Cause.die(defect)))
    }
  }
}

const stopped = ({ componentName }: Component.Typed): LiveError =>
  new LiveError({ reason: new InstanceStopped({ component: componentName }) })

const disconnected = (detail: string): LiveError => new LiveError({ reason: new Disconnected({ detail }) })

const tooLate = (timeout: Duration.Duration): LiveError =>
  disconnected(`nothing was mounted within ${Duration.format(timeout)}`)
