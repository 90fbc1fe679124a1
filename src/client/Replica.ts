/**
 * One mounted component on the client: its state, its status, its presence list and its calls. Whenever there is a
 * connection it mounts, until it is released: with its session if that is still there, else from its token, else anew.
 * It is the synchronous core of `LiveHandle` and of the React hook: a snapshot, which is a new value exactly when
 * something changed, and listeners.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Log from "../Log.ts"
import type * as Component from "../Component.ts"
import type { LiveError } from "../LiveError.ts"
import type { ComponentId } from "../LiveId.ts"
import type { ResumePoint } from "../LiveProtocol.ts"
import type { SsrComponent } from "../SsrData.ts"
import { presenceId } from "../ServerMessages.ts"
import { Listeners } from "../Listeners.ts"
import type { Encoded, StateCodec } from "../StateCodec.ts"
import * as TimeLimit from "../TimeLimit.ts"
import { ActionCaller, type CallOptions } from "./ActionCaller.ts"
import { ComponentUploads } from "./ComponentUploads.ts"
import { type KeptPair, KeptState } from "./KeptState.ts"
import { type MountResult, Mounter, type MountTarget } from "./Mounter.ts"
import { type OptimisticUpdate, OptimisticState } from "./OptimisticState.ts"
import type { Watched } from "./PresenceLists.ts"
import type { ComponentEvent, Connected, Receiver, ConnectionListener } from "./Router.ts"
import { type PatchedEvent, StateCopy } from "./StateCopy.ts"
import { initial, type ComponentSnapshotOf } from "./ComponentSnapshot.ts"
import type { ClientConnection } from "./ClientConnection.ts"
import { crashed, stopped, tooLate, unreadable } from "./ReplicaError.ts"

/** An event of the contract that was told. */
interface HeardEvent {
  readonly name: string
  readonly payload: unknown
}

/** A component that a server has mounted for the page that it has rendered. */
interface Rendered {
  readonly activation?: undefined
  readonly mounted: SsrComponent
}

/** One mounted component. */
export class Replica<C extends Component.Typed> implements ConnectionListener, Receiver {
  readonly component: C
  readonly props: Component.Props<C>
  /** What it is mounted with. */
  readonly mounting: MountTarget
  readonly uploads: ComponentUploads
  readonly #connection: ClientConnection
  readonly #mounter: Mounter
  readonly #calls: ActionCaller
  readonly #unsubscribe: () => void
  readonly #listeners = new Listeners((defect) => this.report(defect))
  readonly #eventListeners = new Listeners<HeardEvent>((defect) => this.report(defect))
  readonly #copy: StateCopy<Component.State<C>>
  readonly #optimism: OptimisticState<Component.State<C>>
  readonly #first: Component.State<C>
  #view: ComponentSnapshotOf<C>
  /** Its state in the StateCache, where that is wanted. */
  readonly #kept: KeptState<Component.State<C>> | undefined
  /** The view that listeners were told of last. */
  #told: ComponentSnapshotOf<C>
  /** Whether the state is going to be shown soon. */
  #isShowing = false
  /** The index of the last event broadcast to the clients that have mounted it. */
  #index = 0
  #componentId: ComponentId | undefined
  #unroute: (() => void) | undefined
  #presence: Watched | undefined
  #released = false
  #stopMounting: (() => void) | undefined
  readonly #stopTimeout: () => void
  #mounted = Deferred.makeUnsafe<void, LiveError>()

  constructor(component: C, props: Component.Props<C>, mounting: MountTarget, connection: ClientConnection) {
    this.component = component
    this.props = props
    this.mounting = mounting
    this.#connection = connection
    this.#mounter = new Mounter(component, props, mounting, connection, (result) => this.#accept(result))
    const target = () => this.#target()
    const refusal = () => (this.#released ? stopped(component) : this.#view.error)
    this.uploads = new ComponentUploads(component, connection, { target, refusal })
    this.#calls = new ActionCaller(component, connection, {
      target,
      refusal,
      update: (action, reduce, payload) => this.#update(action, reduce, payload),
      ended: (update) => this.#ended(update)
    })
    this.#view = this.#told = initial(component, props)
    this.#first = this.#view.state
    const state = component.codec.state as StateCodec<Component.State<C>>
    this.#copy = new StateCopy(state, () => this.#resync())
    this.#optimism = new OptimisticState(state, this.#view.state, (action, defect) => {
      const { componentName } = component
      connection.run(Log.error(`The reducer of "${action}" of "${componentName}" failed`, { cause: defect }))
    })
    this.#kept = KeptState.of(component, mounting, connection)
    if (this.#kept !== undefined) connection.run(Effect.map(this.#kept.read, (found) => this.#remember(found)))
    this.#stopTimeout = this.#wait()
    connection.ssr?.take(component, mounting, props, this.#mounter, (mounted) => this.#accept({ mounted }))
    this.#unsubscribe = connection.subscribe(this)
  }

  /** What can be shown now; the same value until something changes. */
  get view(): ComponentSnapshotOf<C> {
    const { state } = this.#optimism
    if (state !== this.#view.state) this.#view = { ...this.#view, state }
    return this.#view
  }

  /** Whether there was nothing to show yet but the state of its props. */
  get isInitial(): boolean {
    return this.#view.activation === undefined && this.#optimism.state === this.#first
  }

  /** Calls the listener after each change, until the function returned is called. */
  listen(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  /** Calls the listener with each event of the contract, until the function returned is called. */
  listenToEvents(listener: (name: string, payload: unknown) => void): () => void {
    return this.#eventListeners.add(({ name, payload }) => listener(name, payload))
  }

  /** Events were lost on the way to a listener. */
  dropped(count: number): void {
    this.#show({ eventsDropped: this.#view.eventsDropped + count })
  }

  /** Waits until it is mounted. Fails when the server refuses or does not answer in time. */
  mounted(): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      const { connected, error } = this.#view
      if (error !== undefined) return Effect.fail(error)
      return connected ? Effect.void : Deferred.await(this.#mounted)
    })
  }

  /**
   * Calls an action. It runs once, however often the connection is lost meanwhile. Fails with the action's own typed
   * error or with a `LiveError`. Interrupting it interrupts the handler.
   */
  call(action: string, payload: unknown, options?: CallOptions): Effect.Effect<unknown, unknown> {
    return this.#calls.call(action, payload, options)
  }

  /** Unmounts it for good. */
  release(): void {
    if (this.#released) return
    this.#released = true
    this.#kept?.flush()
    this.#stopTimeout()
    // The answer to a mount under way is still needed: what it mounts has to be unmounted.
    this.#mounter.release()
    this.#unsubscribe()
    this.#forget()
    // Calls that wait for the mount fail.
    const error = stopped(this.component)
    Deferred.doneUnsafe(this.#mounted, Exit.fail(error))
    this.#calls.fail(error)
    this.uploads.fail(error)
  }

  /** Another view shows it from now on: that it was mounted is known. */
  passedOn(): void {
    if (this.#view.connected) this.#show({ activation: "resumed" })
  }

  /** After the release, waits a short time until the last state is stored, if it is to be. */
  get left(): Effect.Effect<void> {
    return this.#mounter.left
  }

  /** After the release, calls a function when this has ended and the last state is stored, or it took too long. */
  whenLeft(ended: Effect.Effect<unknown>, then: () => void): void {
    const left = Effect.flatMap(Effect.forkChild(ended, { startImmediately: true }), (ending) =>
      Effect.andThen(this.left, Fiber.await(ending))
    )
    this.#connection.run(Effect.ensuring(left, Effect.sync(then)))
  }

  /** Runs an effect by the clock of the client; the function returned interrupts it. */
  run(effect: Effect.Effect<unknown>): () => void {
    return this.#connection.run(effect)
  }

  connected({ components }: Connected): void {
    if (components.has(this.#componentId as string)) {
      this.#stopMounting?.()
      this.#show({ connected: true, error: undefined, activation: "resumed" })
      return this.#ready()
    }
    this.#leaveRoute()
    this.#mount()
  }

  closed(): void {
    this.#stopMounting?.()
    this.#stopTimeout()
    const error = this.#connection.monitor.error("the client is closed")
    this.#refused(error)
    this.uploads.fail(error)
  }

  disconnected(): void {
    this.#stopMounting?.()
    this.uploads.disconnected()
    if (this.#view.connected) this.#show({ connected: false })
  }

  refused(error: LiveError): void {
    this.#stopTimeout()
    this.#show({ connected: false, error })
    this.#failMounted(error)
  }

  place(): ResumePoint | undefined {
    if (this.#componentId === undefined) return undefined
    return { componentId: this.#componentId, ...this.#copy.version, index: this.#index }
  }

  kept(): ComponentId | undefined {
    return this.#mounter.isKept ? this.#componentId : undefined
  }

  event(event: ComponentEvent): void {
    switch (event._tag) {
      case "Patched":
        return this.#patched([event])
      case "Patches":
        return this.#patched(event.changes)
      case "Snapshot":
        return void this.#read(() => {
          if (this.#copy.snapshot(event) === "known") return
          this.#optimism.snapshot()
          this.#showState()
        })
      case "Status":
        // A server that ends stops all instances, and the next server goes on with them.
        return event.status === "stopped" && this.#connection.isDraining()
          ? undefined
          : this.#show({ status: event.status })
      case "Sealed":
        return this.#mounter.sealed(event.token)
      case "EventsDropped":
        return this.#isRead(event) ? undefined : this.dropped(event.count)
      case "Event": {
        if (this.#isRead(event)) return
        const payload = this.component.codec.events.get(event.event)?.decode(event.payload)
        if (payload === undefined || Exit.isFailure(payload)) return
        this.#eventListeners.tell({ name: event.event, payload: payload.value })
      }
    }
  }

  inRooms(rooms: ReadonlyArray<string>): void {
    if (!Equal.equals(rooms, this.#view.rooms)) this.#show({ rooms })
    const componentId = this.#componentId
    const { codec, componentName } = this.component
    if (codec.presence === undefined || componentId === undefined) return
    const [room] = rooms
    const id = presenceId(componentName, room === undefined ? { componentId } : { room })
    if (this.#presence?.id === id) return
    this.#presence?.release()
    // The list before is shown until this one arrives.
    this.#presence = this.#connection.presence.watch(id, codec.presence, (people) =>
      this.#show({ presence: people as ComponentSnapshotOf<C>["presence"] })
    )
  }

  /** Where a call can be sent now. */
  #target(): { readonly componentId: string; readonly session: number } | undefined {
    return this.#componentId === undefined || !this.#view.connected || this.#connection.isDraining()
      ? undefined
      : { componentId: this.#componentId, session: this.#connection.session() }
  }

  /** Takes `mountTimeout`, and longer while a state is on its way: a slow link is no reason to give up. */
  get #patience(): Effect.Effect<void> {
    const { isBusy, limits } = this.#connection
    return Effect.gen(function* () {
      yield* Effect.sleep(limits.mountTimeout)
      while (isBusy()) yield* Effect.sleep("1 second")
    })
  }

  /** There is a connection: mounts, or shows why that failed, within `mountTimeout`. */
  #mount(first: Effect.Effect<void> = Effect.void): void {
    this.#stopMounting?.()
    const { mountTimeout } = this.#connection.limits
    const mount = TimeLimit.timeoutOrElse(Effect.andThen(first, this.#mounter.mount), {
      duration: this.#patience,
      orElse: () => Effect.fail(tooLate(this.#connection.monitor, mountTimeout))
    })
    this.#stopMounting = this.#connection.run(Effect.catchCause(mount, (cause) => this.#mountFailed(cause)))
  }

  /** Mounting failed. Even a defect is shown, because no other answer comes. */
  #mountFailed(cause: Cause.Cause<LiveError>): Effect.Effect<void> {
    const failure = cause.reasons.find(Cause.isFailReason)
    if (failure !== undefined) return Effect.sync(() => this.#refused(failure.error))
    if (Cause.hasInterruptsOnly(cause)) return Effect.void
    const { componentName } = this.component
    return Effect.andThen(
      Log.error(`"${componentName}" could not be mounted`, { cause }),
      Effect.sync(() => this.#refused(crashed(this.component)))
    )
  }

  /** Shows an error when it is not mounted in time. It is still mounted when that becomes possible. */
  #wait(): () => void {
    const { mountTimeout } = this.#connection.limits
    return this.#connection.run(
      Effect.andThen(
        this.#patience,
        Effect.sync(() => this.#refused(tooLate(this.#connection.monitor, mountTimeout)))
      )
    )
  }

  /** Without an activation a server has mounted it for this page: the connection that is to come continues it. */
  #accept({ activation, mounted }: MountResult | Rendered): void {
    const { componentId, index, status } = mounted
    this.#componentId = componentId
    if (this.#released) return this.#forget()
    this.#index = index
    const isRead = this.#read(() => {
      this.#copy.start(mounted, mounted.state as Encoded)
      this.#optimism.snapshot()
      this.#optimism.rebase(this.#copy.state as Component.State<C>, this.#copy.encoded)
    })
    if (!isRead) return
    const { state } = this.#optimism
    this.#kept?.changed(this.#copy.encoded)
    this.#show({ state, connected: !!activation, status, error: undefined, activation, componentId })
    if (activation) this.#ready()
  }

  #ready(): void {
    this.#stopTimeout()
    this.#unroute ??= this.#connection.route(this.#componentId as ComponentId, this)
    Deferred.doneUnsafe(this.#mounted, Exit.void)
    const target = this.#target()
    if (target === undefined) return
    this.#calls.release(target)
    this.uploads.wake()
  }

  #refused(error: LiveError): void {
    if (this.#released) return
    this.#stopTimeout()
    const { reason } = error
    const outdated = reason._tag === "VersionMismatch" && reason.client < reason.server
    this.#show({ connected: false, status: outdated ? "outdated" : "mounting", error })
    this.#failMounted(error)
    this.#calls.fail(error)
    // Without a connection they wait for the next one.
    if (reason._tag !== "Disconnected") this.uploads.fail(error)
  }

  #failMounted(error: LiveError): void {
    Deferred.doneUnsafe(this.#mounted, Exit.fail(error))
    this.#mounted = Deferred.makeUnsafe()
  }

  #forget(): void {
    const componentId = this.#componentId
    this.#leaveRoute()
    // Without a connection nothing can be sent. The next connection does not list it any more.
    if (componentId !== undefined && this.#connection.isConnected())
      this.#connection.run(this.#mounter.leave(componentId))
  }

  #leaveRoute(): void {
    this.#unroute?.()
    this.#unroute = undefined
    this.#presence?.release()
    this.#presence = undefined
    this.#componentId = undefined
  }

  #patched(changes: ReadonlyArray<PatchedEvent>): void {
    this.#read(() => {
      const by = changes.flatMap(({ by }) => by ?? [])
      // An update is dropped in the same step in which its change arrives.
      if (this.#copy.patchedTogether(changes) === "missing") return this.#optimism.expect(by)
      this.#optimism.confirm(by)
      this.#showState()
    })
  }

  /** Changes were missed: asks for the whole state, and shows the one before until it arrives. */
  #resync(): void {
    const componentId = this.#componentId
    if (componentId === undefined) return
    this.#connection.run(
      this.#connection.requests.Resync({ componentId }).pipe(
        Effect.catchCause((cause) =>
          Effect.sync(() => {
            const failure = cause.reasons.find(Cause.isFailReason)
            // The next connection answers this.
            const isOver = failure?.error._tag === "RpcClientError" || Cause.hasInterruptsOnly(cause)
            if (isOver || this.#componentId !== componentId) return
            this.#leaveRoute()
            // After a defect the instance may still be mounted: without this it would be left behind, and its rooms
            // would not be told again.
            this.#mount(failure === undefined ? this.#mounter.leave(componentId) : Effect.void)
          })
        )
      )
    )
  }

  /** Reads what the server sent. When the contract cannot, gives the component up and returns false. */
  #read(read: () => void): boolean {
    try {
      read()
      return true
    } catch (issue) {
      this.#forget()
      this.#refused(unreadable(this.component, issue))
      return false
    }
  }

  /** Whether an event was handled before. For events of rooms the router decides that. */
  #isRead(event: Extract<ComponentEvent, { readonly _tag: "Event" | "EventsDropped" }>): boolean {
    if (event.room !== undefined) return false
    if (event.index <= this.#index) return true
    this.#index = event.index
    return false
  }

  #update(action: string, reduce: OptimisticUpdate["reduce"], payload: unknown): OptimisticUpdate {
    const update = this.#optimism.add(action, reduce, payload)
    this.#showOptimistic()
    return update
  }

  #ended(update: OptimisticUpdate): void {
    this.#optimism.remove(update)
    this.#showOptimistic()
  }

  #showState(): void {
    const { encoded, state } = this.#copy
    this.#optimism.rebase(state as Component.State<C>, encoded)
    this.#kept?.changed(encoded)
    this.#showOptimistic()
  }

  /** Shows the state from before, until there is the server's. */
  #remember(found: KeptPair<Component.State<C>> | undefined): void {
    if (found === undefined || this.#released || this.#view.componentId !== undefined) return
    this.#optimism.rebase(found.state, found.encoded)
    this.#showOptimistic()
  }

  /** Shows the state with the updates of calls: at once or, where that is much work, once for the changes of a frame. */
  #showOptimistic(): void {
    const show = () => this.#show({ state: this.#optimism.state })
    if (!this.#optimism.isCostly) return show()
    if (this.#isShowing) return
    this.#isShowing = true
    this.#connection.run(Effect.map(Effect.sleep(frame), () => ((this.#isShowing = false), show())))
  }

  #show(change: Partial<ComponentSnapshotOf<C>>): void {
    const before = this.#view
    if ((Object.keys(change) as Array<keyof ComponentSnapshotOf<C>>).some((name) => before[name] !== change[name])) {
      this.#view = { ...before, ...change }
    }
    if (this.#view === this.#told) return
    this.#told = this.#view
    this.#listeners.tell()
  }

  /** Says in the log of the client that a listener failed. */
  report(defect: unknown): void {
    this.#connection.run(Log.error(`A listener of "${this.component.componentName}" failed`, { cause: defect }))
  }
}

/** How long changes are collected that are much work to show. */
const frame = Duration.millis(16)
