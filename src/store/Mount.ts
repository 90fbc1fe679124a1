/**
 * One component mounted by one view. To create it does nothing, so that React may do it while it renders. It mounts when somebody
 * subscribes, and unmounts after the last one has left.
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Log from "../Log.ts"
import type { CallResult } from "../client/CallResult.ts"
import type { Replica } from "../client/Replica.ts"
import { stopped } from "../client/ReplicaError.ts"
import { initial, type ComponentSnapshot, type ComponentSnapshotOf } from "../client/ComponentSnapshot.ts"
import type * as Component from "../Component.ts"
import { Listeners } from "../Listeners.ts"
import type { LiveError } from "../LiveError.ts"
import { OpenMount } from "./OpenMount.ts"
import { isSame, type ViewTarget } from "./ViewTarget.ts"
import { RefCounted, type Opened, subscription } from "./RefCounted.ts"
import type { CallAfter, ListenToEvents, LiveComponent, LiveUploads, MountAccess, RunAction } from "./LiveComponent.ts"
import { type ComponentStatus, statusOf } from "./ComponentStatus.ts"
import type { Live } from "./Live.ts"
import type { LiveConnection } from "./PageConnection.ts"
import { ViewCalls } from "./ViewCalls.ts"

/** One mounted component. */
export class Mount<C extends Component.Typed> implements MountAccess {
  readonly #live: Live
  readonly component: C
  readonly #options: ViewTarget<C>
  readonly #calls: ViewCalls<C>
  readonly place: ReadonlyArray<string>
  readonly run: RunAction
  readonly uploads: LiveUploads
  readonly #listeners = new Listeners((defect) => this.#report(defect))
  readonly #eventListeners = new Listeners<readonly [name: string, payload: unknown]>((defect) => this.#report(defect))
  readonly #initial: LiveComponent<C>
  #snapshot: LiveComponent<C>
  #view: ComponentSnapshotOf<C>
  readonly #first: ComponentSnapshotOf<C>
  #callError: LiveComponent<C>["error"]
  /** The last replica. */
  #replicaShown: Replica<C> | undefined
  #autoMount: boolean
  #gcTime: Duration.Input | undefined
  /** Whether somebody wants it to be mounted. */
  #isWanted: boolean
  /** Whether it is on the page. */
  #isOpen = false
  /** Leaves what is mounted to the page. */
  #leave: ((gcTime: Duration.Input | undefined) => void) | undefined
  /** What is mounted, or was last. */
  #open: OpenMount<C> | undefined
  /** Calls made before it is mounted wait for this. */
  #replica = Deferred.makeUnsafe<Replica<C>, LiveError>()

  constructor(live: Live, component: C, options: ViewTarget<C>) {
    this.#live = live
    this.component = component
    this.#options = options
    const { cacheKey = "", key = "", room = "", userId = "" } = options
    this.place = [key, room, cacheKey, userId]
    this.#isWanted = this.#autoMount = options.autoMount ?? true
    this.#gcTime = options.gcTime
    this.#calls = new ViewCalls(
      component,
      () => this.#replica,
      (result) => this.#called(result)
    )
    this.run = this.#calls.run
    this.uploads = {
      policies: component.codec.uploads,
      mounted: Effect.suspend(() => Effect.map(Deferred.await(this.#replica), ({ uploads }) => uploads))
    }
    this.#first = initial(component, options.props ?? {})
    if (!this.#isWanted) Deferred.doneUnsafe(this.#replica, Exit.fail(stopped(component)))
    // A page that is hydrated shows first what a server has rendered, which has no connection.
    this.#view = live.ssr?.view(component, options, this.#first) ?? this.#first
    this.#initial = this.#take(live.connection.getServerSnapshot())
    const found = this.#isWanted ? live.kept?.find(component, options)?.replica : undefined
    if (found !== undefined) this.#view = found.view
    this.#snapshot = this.#take(live.connection.getSnapshot())
  }

  /** Whether it was made for these arguments; props are compared by value. */
  is(live: Live, component: C, options: ViewTarget<C>): boolean {
    return this.#live === live && this.component === component && isSame(this.#options, options)
  }

  /** The name of the component. */
  get name(): string {
    return this.component.componentName
  }

  /** Whether there is nothing to show yet but the state of the props, and it is not on the page. */
  get isUnseen(): boolean {
    return !this.#isOpen && this.#snapshot.loading
  }

  /** How long it stays mounted without a view, as of the last render. */
  keepFor(gcTime: Duration.Input | undefined): void {
    this.#gcTime = gcTime
  }

  /** Follows the option: what it says anew goes. */
  follow(autoMount = true): void {
    if (autoMount === this.#autoMount) return
    this.#autoMount = autoMount
    if (autoMount) this.#mount()
    else this.#unmount()
  }

  /** What can be shown now. */
  readonly getSnapshot = (): LiveComponent<C> => this.#snapshot

  /** What a server renders, and a page that is hydrated shows first. */
  readonly getServerSnapshot = (): LiveComponent<C> => this.#initial

  readonly #free = () => this.#onPage.closeUnheld()
  readonly #onPage: RefCounted<void> = new RefCounted<void>(
    () => this.#arrive(),
    () => this.#live.kept?.left(this.#free)
  )

  /** Mounts it for as long as there is a listener, and calls the listener after each change. */
  readonly subscribe = subscription(this.#listeners, this.#onPage)

  /** Calls the listener with each event; does not mount. */
  readonly listen: ListenToEvents = (listener) => this.#eventListeners.add(([name, payload]) => listener(name, payload))

  /** By the clock of the client. */
  readonly after: CallAfter = (time, then) => {
    const waiting = Effect.andThen(Effect.sleep(time), Effect.sync(then))
    if (this.#replicaShown !== undefined) return this.#replicaShown.run(waiting)
    const fiber = Effect.runFork(waiting)
    return () => fiber.interruptUnsafe()
  }

  readonly #mount = (): void => {
    if (this.#isWanted) return
    this.#isWanted = true
    if (this.#isOpen) this.#begin()
    this.#show()
  }

  /** The state stays on the page. */
  readonly #unmount = (): void => {
    if (!this.#isWanted) return
    this.#isWanted = false
    this.#leave?.(0)
    if (this.#open !== undefined) this.#live.kept?.end(this.#open as never)
    this.#callError = undefined
    this.#view = { ...this.#first, state: this.#view.state }
    this.#show()
  }

  #arrive(): Opened<void> {
    const { connection } = this.#live
    this.#isOpen = true
    const unfollow = connection.subscribe(() => {
      if (this.#statusAt(connection.getSnapshot()) !== this.#snapshot.status) this.#show()
    })
    if (this.#isWanted) this.#begin()
    return {
      value: undefined,
      close: () => {
        this.#isOpen = false
        unfollow()
        this.#leave?.(this.#gcTime)
      }
    }
  }

  #begin(): void {
    const { client, kept } = this.#live
    if (Deferred.isDoneUnsafe(this.#replica)) this.#replica = Deferred.makeUnsafe()
    const opened = this.#replica
    const taken = kept?.take(this.component, this.#options)
    // That it was mounted, the view before was told.
    if (taken?.isKnown === true) taken.replica?.passedOn()
    const open = (this.#open = taken ?? new OpenMount(client, this.component, this.#options))
    open.give((replica) => {
      Deferred.doneUnsafe(opened, Exit.succeed(replica))
      return this.#attach(replica)
    }, this.#calls)
    this.#leave = (gcTime) => {
      this.#leave = undefined
      Deferred.doneUnsafe(opened, Exit.fail(stopped(this.component)))
      open.leave()
      if (kept === undefined) open.end()
      else kept.keep(open as never, gcTime)
    }
  }

  #attach(replica: Replica<C>): () => void {
    this.#replicaShown = replica
    const { state } = this.#view
    const changed = () => {
      if (this.#replicaShown !== replica || !this.#isWanted || replica.view === this.#view) return
      // What was shown before stays until there is something to take its place.
      this.#changed(replica.isInitial ? { ...replica.view, state } : replica.view)
    }
    const stops = [
      replica.listen(changed),
      replica.listenToEvents((name, payload) => this.#eventListeners.tell([name, payload]))
    ]
    // A fresh replica shows what is shown already; another object with the same value would render everything again.
    if (!replica.isInitial || !isFresh(replica.view) || !isFresh(this.#view)) changed()
    return () => stops.forEach((stop) => stop())
  }

  #changed(view: ComponentSnapshotOf<C>): void {
    if (view.connected && !this.#view.connected) this.#callError = undefined
    this.#view = view
    this.#show()
  }

  #called(result: CallResult<unknown, unknown>): void {
    const error = (result.ok ? undefined : result.error) as LiveComponent<C>["error"]
    if (error === this.#callError) return
    this.#callError = error
    this.#show()
  }

  #show(): void {
    this.#snapshot = this.#take(this.#live.connection.getSnapshot())
    this.#listeners.tell()
  }

  /** A listener failed: that is told as any other error of the page, or where a page cannot be told, in the log. */
  #report(defect: unknown): void {
    if (typeof reportError === "function") return reportError(defect)
    if (this.#replicaShown !== undefined) return this.#replicaShown.report(defect)
    Effect.runFork(Log.error(`A listener of "${this.component.componentName}" failed`, { cause: defect }))
  }

  #statusAt({ status }: Pick<LiveConnection, "status">): ComponentStatus {
    return this.#isWanted ? statusOf(this.#view, status) : "disconnected"
  }

  #take(connection: Pick<LiveConnection, "status">): LiveComponent<C> {
    const { activation, componentId, connected, error, eventsDropped, presence, state } = this.#view
    return {
      state,
      connected,
      status: this.#statusAt(connection),
      loading: this.#isWanted && componentId === undefined && error === undefined,
      activation,
      componentId,
      presence,
      eventsDropped,
      error: error ?? this.#callError,
      call: this.#calls.call,
      set: this.#calls.set,
      mount: this.#mount,
      unmount: this.#unmount,
      "~mount": this
    }
  }
}

const isFresh = ({ error, status }: ComponentSnapshot<unknown>): boolean => status === "mounting" && error === undefined
