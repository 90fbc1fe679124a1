// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * The mounts of one session: references to instances, how often the client has mounted each, and its cursors. Ids from
 * a client are looked up only here, so an id of another session is not found.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Begun from "../../actor/Begun.ts"
import * as Log from "../../Log.ts"
import { ComponentCrashed, Draining, LiveError, TooManyComponents } from "../../LiveError.ts"
import type { ComponentId } from "../../LiveId.ts"
import type { Mounted, MountRequest, ResumePoint } from "../../LiveProtocol.ts"
import type { Holder, InstanceRef, OnHeld } from "../instance/InstanceRef.ts"
import type { Instances, RestoreRequest } from "../instance/Instances.ts"
import type { TraceContext } from "../instance/TraceContext.ts"
import * as Tracing from "../instance/Tracing.ts"
import type { TraceSampler } from "../instance/Tracing.ts"
import type { Subscriber } from "../instance/Subscriber.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import * as RejectionLog from "../security/RejectionLog.ts"
import { SmallMap } from "../SmallMap.ts"
import type { StateCursor } from "../sync/StateCursor.ts"
import { interrupted, notMounted } from "./CallOutcome.ts"
import type { ClientFeed } from "./ClientFeed.ts"
import type { MountExit } from "./PendingRequests.ts"
import { over, type Pending, type ReplyListener } from "./ReplyListener.ts"

/** A mounted instance. */
interface Mount {
  readonly instance: InstanceRef
  readonly cursor: StateCursor<Subscriber>
  /** How often this session has mounted it: a page may show a shared instance several times. */
  times: number
}

/** The answer to the last unmount of an instance: the token of its state, if there is one. */
export interface Unmounted {
  readonly token?: string
}

/** What the mounts of all sessions share. */
export interface MountHost {
  readonly instances: Instances["Service"]
  readonly config: LiveConfig.Settings
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  /** Whether the server accepts nothing new any more. */
  readonly isDraining: () => boolean
  readonly sampler: TraceSampler
  /** Whether somebody listens to traces. */
  readonly isTraced: boolean
}

/** The mounts of one session. */
export class SessionMounts {
  readonly #host: MountHost
  readonly #feed: ClientFeed
  readonly #mounts = new SmallMap<string, Mount>()
  #holder: Holder | undefined
  /** The instances that are just being subscribed to, by id. */
  #subscribing: Map<string, Deferred.Deferred<void>> | undefined
  /** The number of mounts, including those that are pending. */
  #times = 0
  #closed = false
  /** Instances that go on though nobody follows them, and about how many bytes they hold. */
  #departed: Array<InstanceRef> | undefined
  #departedBytes = 0
  /** Pending mounts without an id. Nobody can ask for their answers once the connection is gone. */
  #abandonable: Set<Fiber.Fiber<unknown, unknown>> | undefined

  constructor(host: MountHost, feed: ClientFeed) {
    this.#host = host
    this.#feed = feed
  }

  /** Whether all was released: nothing is mounted any more. */
  get isClosed(): boolean {
    return this.#closed
  }

  /** Whether nothing is mounted or pending. */
  get isEmpty(): boolean {
    return this.#times === 0
  }

  /** About how many bytes are held for this client alone. */
  get bytes(): number {
    let bytes = this.#departedBytes
    for (const { cursor, instance } of this.#mounts) bytes += instance.bytesFor(cursor)
    return bytes
  }

  get ids(): ReadonlyArray<ComponentId> {
    return Array.from(this.#mounts, ({ instance }) => instance.id)
  }

  /** The instances whose state goes with the client when it signs in. */
  get adoptable(): ReadonlySet<ComponentId> {
    const instances = Array.from(this.#mounts, ({ instance }) => instance)
    return new Set(instances.flatMap(({ component, id, key }) => (component.adopt && key === undefined ? [id] : [])))
  }

  has(componentId: string): boolean {
    return this.#mounts.has(componentId)
  }

  instance(componentId: string): InstanceRef | undefined {
    return this.#mounts.get(componentId)?.instance
  }

  cursor(componentId: string): StateCursor<Subscriber> | undefined {
    return this.#mounts.get(componentId)?.cursor
  }

  /** Mounts an instance, on a fiber of its own. An abandonable mount is interrupted when the client disconnects. */
  mount(
    request: MountRequest | RestoreRequest,
    listener: Pick<ReplyListener<MountExit>, "answered">,
    isAbandonable: boolean,
    trace?: TraceContext
  ): Pending {
    const { config, instances, isDraining, run, sampler } = this.#host
    const refuse = (reason: LiveError["reason"]) => {
      listener.answered(Exit.fail(new LiveError({ reason })))
      return over
    }
    if (isDraining()) return refuse(new Draining())
    if (this.#times >= config.maxComponents) {
      return refuse(new TooManyComponents({ limit: config.maxComponents, of: "connection" }))
    }
    this.#times++
    const { principal } = this.#feed
    let held: InstanceRef | undefined
    const onHeld: OnHeld = (instance) => (held = instance)
    const find = () =>
      "token" in request
        ? instances.restore(request, principal, onHeld)
        : instances.mount(request, principal, onHeld, request.key === undefined ? undefined : this.#asHolder())
    const { component } = request
    const mounting = this.#host.isTraced
      ? Tracing.around(Effect.suspend(find), {
          name: `${component.slice(0, 128)}.${"token" in request ? "rehydrate" : "mount"}`,
          trace,
          sampler,
          attributes: { "fibra.component": component.slice(0, 128) }
        })
      : Begun.begin(find)
    // Nearly all mounts are done by now: a fiber for them would take as long as the rest.
    const found = Begun.doneOf(mounting)
    const kept = found && Begun.begin(() => this.#keep(found.value))
    const done = kept && Begun.doneOf(kept)
    if (done !== undefined) {
      listener.answered(done)
      return over
    }
    const fiber = run(
      Effect.uninterruptibleMask((restore) =>
        Effect.onError(kept ?? Effect.flatMap(restore(mounting), (instance) => this.#keep(instance)), () => {
          this.#times--
          return held?.release ?? Effect.void
        })
      )
    )
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) {
      listener.answered(exit)
      return over
    }
    if (isAbandonable) (this.#abandonable ??= new Set()).add(fiber)
    fiber.addObserver((exit) => {
      this.#abandonable?.delete(fiber)
      if (this.#abandonable?.size === 0) this.#abandonable = undefined
      listener.answered(exit)
    })
    return { cancel: () => fiber.interruptUnsafe() }
  }

  /** This session, as shared instances know it. */
  #asHolder(): Holder {
    const { address, principal } = this.#feed
    const anonymous = address === undefined ? undefined : `address ${address}`
    return (this.#holder ??= { owner: principal === undefined ? anonymous : `principal ${principal.id}` })
  }

  /** The answer to a mount: the current state. An earlier answer, if there was one, may not have arrived. */
  present(exit: MountExit, request: MountRequest | RestoreRequest): Exit.Exit<Mounted, LiveError> {
    const isBack = "token" in request
    if (Exit.isFailure(exit)) {
      this.#logDefects("A mount failed", exit.cause)
      if (!Cause.hasInterruptsOnly(exit.cause)) return Exit.failCause(exit.cause)
      return Exit.fail(new LiveError({ reason: interrupted(request.component, isBack ? "Rehydrate" : "Mount") }))
    }
    const mount = this.#mounts.get(exit.value)
    if (mount === undefined) return Exit.fail(refusal("Mounting", exit.value))
    // The answer overtakes changes that were not collected yet, so the next one has to be the whole state.
    const { isAnnounced } = mount.cursor
    if (isAnnounced) mount.cursor.startOver()
    else mount.cursor.unannounce()
    const index = isAnnounced ? undefined : this.#feed.from(exit.value)
    return Exit.succeed(mount.instance.snapshot(mount.cursor, { index, seals: isBack || request.seal === true }))
  }

  /**
   * The answer to a mount whose state is larger than may wait for a client: it could never be sent. The client has not
   * mounted it.
   */
  tooLarge(componentId: ComponentId): LiveError {
    const component = this.instance(componentId)?.component.componentName ?? ""
    this.unmount(componentId, { answered: () => {} })
    const line = Log.error("The state of a component is larger than maxBuffered, and cannot be mounted", {
      component,
      instance: componentId,
      hint: "Make it smaller, or raise maxBuffered."
    })
    // Clients may mount it as often as they like.
    this.#host.run(RejectionLog.limited(`state above maxBuffered ${component}`, line))
    return new LiveError({ reason: new ComponentCrashed({ component }) })
  }

  /** Removes one mount. The last one releases the instance, and is answered with the token of its state. */
  unmount(componentId: string, listener: Pick<ReplyListener<Exit.Exit<Unmounted, LiveError>>, "answered">): Pending {
    const mount = this.#mounts.get(componentId)
    if (mount === undefined) {
      listener.answered(Exit.fail(refusal("Unmounting", componentId)))
      return over
    }
    this.#times--
    if (--mount.times > 0) {
      listener.answered(Exit.succeed({}))
      return over
    }
    this.#leave(mount)
    const token = this.#host.run(mount.instance.farewell)
    const told = (exit: Exit.Exit<string | undefined>) => {
      if (Exit.isFailure(exit)) this.#logDefects("The last token of a component failed", exit.cause)
      listener.answered(Exit.map(exit, (token) => (token === undefined ? {} : { token })))
    }
    const exit = token.pollUnsafe()
    if (exit === undefined) token.addObserver(told)
    else told(exit)
    return { cancel: () => token.interruptUnsafe() }
  }

  /** The client that has mounted this is not connected yet. */
  expect(componentId: string): void {
    const mount = this.#mounts.get(componentId)
    mount?.instance.detach(mount.cursor)
  }

  /** The client has disconnected; everything continues. */
  detach(): void {
    this.#abandonable?.forEach((fiber) => fiber.interruptUnsafe())
    this.#abandonable = undefined
    for (const { instance, cursor } of this.#mounts) instance.detach(cursor)
  }

  /**
   * The client is connected again, and says how far it has read. Unmounts the components that it knows and does not
   * name. Returns those that it names and still has.
   */
  resume(
    named: ReadonlyMap<string, ReadonlyArray<ResumePoint>>,
    answered: ReadonlyArray<MountExit>
  ): ReadonlyArray<ComponentId> {
    const unread = Map.groupBy(answered, (exit) => (Exit.isSuccess(exit) ? exit.value : undefined))
    const kept: Array<ComponentId> = []
    for (const mount of Array.from(this.#mounts)) {
      const { id } = mount.instance
      const points = named.get(id) ?? []
      const wanted = Math.min(mount.times, points.length + (unread.get(id)?.length ?? 0))
      this.#times -= mount.times - wanted
      mount.times = wanted
      const point = earliest(points)
      if (wanted === 0) this.#leave(mount)
      else if (point === undefined) {
        // The client is going to be sent the mount again.
        mount.instance.startAgain(mount.cursor)
        this.#feed.unannounce(id)
      } else {
        mount.instance.resume(mount.cursor, point)
        kept.push(id)
      }
    }
    return kept
  }

  /** The client is connected again and has what it was sent. It is sent all states. */
  resumeAll(): void {
    for (const { instance, cursor } of this.#mounts) instance.resume(cursor, undefined)
  }

  /** The client does not come back. Keeps the private instances of these ids; says whether there are any. */
  depart(kept: ReadonlySet<string>): boolean {
    this.#closed = true
    for (const mount of Array.from(this.#mounts)) {
      const { cursor, instance } = mount
      if (instance.key !== undefined || !kept.has(instance.id)) {
        this.#leave(mount)
        continue
      }
      this.#departedBytes += instance.bytesFor(cursor)
      ;(this.#departed ??= []).push(instance)
      this.#mounts.delete(instance.id)
      instance.unsubscribe(cursor)
    }
    return this.#departed !== undefined
  }

  /** Releases all instances. */
  close(): Effect.Effect<void> {
    this.#closed = true
    const mounts = Array.from(this.#mounts)
    this.#mounts.clear()
    for (const { instance, cursor } of mounts) instance.unsubscribe(cursor)
    const held = [...mounts.map(({ instance }) => instance), ...(this.#departed ?? [])]
    this.#departed = undefined
    return Effect.forEach(held, ({ release }) => release, { concurrency: "unbounded", discard: true })
  }

  /** Keeps an instance that was found. It begins at once, and what is done then is an Exit. */
  #keep(instance: InstanceRef): Effect.Effect<ComponentId, LiveError> {
    const { id } = instance
    // Two cursors of one client on one instance would get in each other's way.
    const subscribing = this.#subscribing?.get(id)
    if (subscribing !== undefined) return Effect.flatMap(Deferred.await(subscribing), () => this.#keep(instance))
    if (this.#closed) return Effect.interrupt
    const existing = this.#mounts.get(id)
    if (existing !== undefined && existing.instance.epoch === instance.epoch) {
      existing.times++
      return Effect.as(instance.release, id)
    }
    // The mounts of an earlier life become mounts of this one.
    if (existing !== undefined) this.#leave(existing)
    const times = (existing?.times ?? 0) + 1
    const subscribed = instance.subscribe(this.#feed)
    const done = Begun.doneOf(subscribed)
    return done === undefined ? this.#subscribe(instance, subscribed, times) : this.#follow(instance, done.value, times)
  }

  #subscribe(
    instance: InstanceRef,
    subscribed: Effect.Effect<StateCursor<Subscriber>, LiveError>,
    times: number
  ): Effect.Effect<ComponentId, LiveError> {
    const { id } = instance
    const done = Deferred.makeUnsafe<void>()
    const subscribing = (this.#subscribing ??= new Map<string, Deferred.Deferred<void>>())
    subscribing.set(id, done)
    return Effect.onError(subscribed, () => Effect.sync(() => void (this.#times -= times - 1))).pipe(
      Effect.flatMap((cursor) => this.#follow(instance, cursor, times)),
      Effect.ensuring(
        Effect.sync(() => {
          subscribing.delete(id)
          if (subscribing.size === 0) this.#subscribing = undefined
          Deferred.doneUnsafe(done, Exit.void)
        })
      )
    )
  }

  #follow(instance: InstanceRef, cursor: StateCursor<Subscriber>, times: number): Effect.Effect<ComponentId> {
    if (this.#closed) {
      instance.unsubscribe(cursor)
      return Effect.interrupt
    }
    const { id } = instance
    if (this.#feed.connection === undefined) instance.detach(cursor)
    this.#mounts.set(id, { instance, cursor, times })
    return Effect.succeed(id)
  }

  /** Clients are only told that there was a defect. */
  #logDefects(message: string, cause: Cause.Cause<unknown>): void {
    if (Cause.hasDies(cause)) this.#host.run(Log.error(message, { cause }))
  }

  #leave({ instance, cursor }: Mount): void {
    this.#mounts.delete(instance.id)
    instance.unsubscribe(cursor)
    this.#feed.drop(cursor)
    this.#host.run(instance.release)
  }
}

/** The error for an id that the client has not mounted. */
export const refusal = (what: string, componentId: string): LiveError =>
  new LiveError({ reason: notMounted(what, componentId) })

/** The point that is least far. */
export const earliest = (points: ReadonlyArray<ResumePoint>): ResumePoint | undefined =>
  points.reduce<ResumePoint | undefined>(
    (one, other) => (one === undefined || other.revision < one.revision ? other : one),
    undefined
  )
