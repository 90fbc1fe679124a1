// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * What a client has here, whichever connection it comes over: the instances it has mounted, its requests, and what it has to be
 * told. It outlives its connection: detached, it goes on without being heard, and the next connection takes up where the client
 * was. What a client names is looked up here and nowhere else, so an id of another session is as good as none.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { Draining, LiveError, TooManyComponents } from "../../LiveError.ts"
import type { ComponentId } from "../../LiveId.ts"
import type { Mounted, MountRequest, ResumePoint, ResumeRequest } from "../../LiveProtocol.ts"
import type { Principal } from "../../Principal.ts"
import type { Batch } from "../sync/Batch.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import * as CallDispatch from "./CallDispatch.ts"
import type { ActionCall, FieldWrite } from "./CallDispatch.ts"
import type { WireEncoder } from "../sync/WireEncoder.ts"
import { SmallMap } from "../SmallMap.ts"
import type { InstanceRef } from "../instance/InstanceRef.ts"
import type { Instances, RestoreRequest } from "../instance/Instances.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import { notAsked, notMounted, type CallOutcome, refused } from "./CallOutcome.ts"
import { type FeedConsumer, ClientFeed } from "./ClientFeed.ts"
import type { Subscriber } from "../instance/Subscriber.ts"
import type { StateCursor } from "../sync/StateCursor.ts"
import { type MountExit, type RequestBounds, PendingRequests } from "./PendingRequests.ts"

interface Mount {
  readonly instance: InstanceRef
  readonly cursor: StateCursor<Subscriber>
  /** How often this session has mounted it; a shared instance may be several times on one page. */
  times: number
}

/** Gets the answer to a mount. */
export type MountListener = (exit: Exit.Exit<Mounted, LiveError>) => void

const noop = (): void => {}

/** What all sessions of a server share. */
export interface SessionHost {
  readonly instances: Instances["Service"]
  readonly config: LiveConfig.Settings
  /** A name for a client that others may know. */
  readonly connectionId: () => string
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  /** Whether nothing new is taken any more. */
  readonly isDraining: () => boolean
  readonly bounds: RequestBounds
}

/** What one client has here. */
export class Session {
  /** What has to be known besides its id by whoever comes back for it; undefined when nobody can. */
  secret: string | undefined
  /** The one before, good until the client is known to know the new one. */
  previousSecret: string | undefined
  readonly #host: SessionHost
  readonly #news: ClientFeed
  readonly #mounts = new SmallMap<string, Mount>()
  /** Mounts, those under way included. */
  #times = 0
  #closed = false
  #requests: PendingRequests | undefined
  /** Mounts under way that cannot be asked for again: nobody is left to want them when the connection goes. */
  #mounting: Set<Fiber.Fiber<unknown, unknown>> | undefined

  constructor(principal: Principal | undefined, host: SessionHost, connection: FeedConsumer) {
    this.#host = host
    this.#news = new ClientFeed(principal, connection, host)
  }

  get principal(): Principal | undefined {
    return this.#news.principal
  }

  get client(): ClientInfo {
    return this.#news.client
  }

  /** In which words its client is told. */
  get encoder(): WireEncoder {
    return this.#news.encoder
  }

  get isDraining(): () => boolean {
    return this.#host.isDraining
  }

  /** What it is asked; most clients of the open wire do not name what they ask for. */
  get #asked(): PendingRequests {
    return (this.#requests ??= new PendingRequests(this.#host.bounds))
  }

  /** Names its client to others. */
  get connectionId(): string {
    return this.#news.client.connection
  }

  /** Whether there is anything that a client could come back for. */
  get isEmpty(): boolean {
    return this.#times === 0 && this.#requests?.hasCalls !== true
  }

  /** Roughly the bytes it keeps for its client alone. */
  get bytes(): number {
    let bytes = this.#requests?.bytes ?? 0
    for (const { instance } of this.#mounts) {
      if (instance.key === undefined) bytes += instance.bytes
    }
    return bytes
  }

  /** Mounts a component, or brings one back; nothing else is said of it until `announce`. The function returned cancels. */
  mount(request: MountRequest | RestoreRequest, listener: MountListener): () => void {
    const { callId, component } = request
    const isBack = "token" in request
    const seals = isBack || request.seal === true
    const listen = (answer: MountExit) => listener(this.#present(answer, seals))
    if (callId === undefined) return this.#hold(request, listen, true)
    const action = isBack ? "Rehydrate" : "Mount"
    const { mounts } = this.#asked
    const asked = mounts.ask(callId, { of: component, what: action }, listen, (done) =>
      this.#hold(request, done, false)
    )
    if (asked === "known") return () => mounts.cancel(callId)
    listener(Exit.fail(new LiveError({ reason: notAsked(asked, component, action, callId) })))
    return noop
  }

  /** The answer to the mount is on its way; changes may follow it. */
  announce(componentId: string): void {
    this.#mounts.get(componentId)?.cursor.announce()
    this.#news.announce(componentId)
  }

  /** Takes back one mount; the last one lets go of the instance, and gives the token of the state it leaves. */
  unmount(componentId: string): Effect.Effect<{ readonly token?: string }, LiveError> {
    return Effect.suspend(() => {
      const mount = this.#mounts.get(componentId)
      if (mount === undefined) return Effect.fail(refusal("Unmounting", componentId))
      this.#times--
      if (--mount.times > 0) return Effect.succeed({})
      this.#leave(mount)
      return Effect.map(mount.instance.farewell, (token) => (token === undefined ? {} : { token }))
    })
  }

  /** The client does not have the state it should have. */
  resync(componentId: string): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      const cursor = this.#mounts.get(componentId)?.cursor ?? this.#news.listCursor(componentId)
      if (cursor === undefined) return Effect.fail(refusal("Reading", componentId))
      cursor.startOver()
      return Effect.void
    })
  }

  /** Hands a call to its instance; the listener is called once, and not at all when the call is cancelled. */
  call(request: ActionCall, listener: (outcome: CallOutcome) => void): () => void {
    const { action, callId, componentId, settled } = request
    if (settled !== undefined) this.settled(settled)
    if (callId === undefined) return this.#run(request, listener)
    const { calls } = this.#asked
    const asked = calls.ask(callId, { of: componentId, what: action }, listener, (done) => this.#run(request, done))
    if (asked === "known") return () => calls.cancel(callId)
    const component = this.#mounts.get(componentId)?.instance.component.componentName ?? ""
    listener(refused(notAsked(asked, component, action, callId)))
    return noop
  }

  /** Sets a field that clients may set; the listener is called once, and not at all when the request is cancelled. */
  set(request: FieldWrite, listener: (outcome: CallOutcome) => void): () => void {
    return CallDispatch.set(this.#mounts.get(request.componentId)?.instance, request, this, listener)
  }

  /** Whether the client has mounted this. */
  has(componentId: string): boolean {
    return this.#mounts.has(componentId)
  }

  /** What the client has mounted. */
  get components(): ReadonlyArray<ComponentId> {
    return Array.from(this.#mounts, ({ instance }) => instance.id)
  }

  /** The newest token of a component, if there is one that its client was not told; it counts as told. */
  takeToken(componentId: string): string | undefined {
    return this.#mounts.get(componentId)?.cursor.takeToken()
  }

  /** The client has the answers of all requests below this id. */
  settled(id: number): void {
    this.#asked.settleBelow(id)
  }

  /** The client waits for these no more, whatever it said when it came back. */
  abandon(ids: ReadonlyArray<number>): void {
    this.#requests?.abandon(ids)
  }

  /** What goes out now; a reader with nothing to say is left out. */
  collect(): ReadonlyArray<Batch> {
    return this.#news.collect()
  }

  /** What was collected last goes out up to this batch. */
  sent(batch: number): void {
    this.#news.sent(batch)
  }

  /** The client has this batch, and all before it. */
  acknowledged(batch: number): void {
    this.#news.acknowledged(batch)
  }

  /** Whether there is something to collect. */
  get isBehind(): boolean {
    return this.#news.isBehind
  }

  /** The connection is gone; everything goes on. */
  detach(): void {
    this.#news.detach()
    this.#requests?.detach()
    this.#mounting?.forEach((fiber) => fiber.interruptUnsafe())
    this.#mounting = undefined
    for (const { instance, cursor } of this.#mounts) instance.detach(cursor)
  }

  /** Another connection asks for it: the one that had it is told. */
  replace(): void {
    const { connection } = this.#news
    if (connection === undefined) return
    this.detach()
    connection.replaced()
  }

  /** The client is back, over this connection. Gives the components it named and still has; the others are unmounted. */
  resume(connection: FeedConsumer, request: ResumeRequest): ReadonlyArray<ComponentId> {
    const { components, pending, presence = [], rooms = [] } = request
    this.#news.attach(connection)
    this.#requests?.retain(new Set(pending))
    const told = Map.groupBy(components, ({ componentId }) => componentId as string)
    const placeOf = (id: string) => told.get(id)?.reduce<ResumePoint | undefined>(earlier, undefined)
    const answered = Map.groupBy(this.#requests?.mounted ?? [], (exit) =>
      Exit.isSuccess(exit) ? exit.value : undefined
    )
    const kept: Array<ComponentId> = []
    for (const mount of Array.from(this.#mounts)) {
      const { id } = mount.instance
      const named = told.get(id)?.length ?? 0
      const wanted = Math.min(mount.times, named + (answered.get(mount.instance.id)?.length ?? 0))
      this.#times -= mount.times - wanted
      mount.times = wanted
      const place = placeOf(id)
      if (wanted === 0) this.#leave(mount)
      else if (place === undefined) {
        // The client is going to be told of the mount again.
        mount.instance.startAgain(mount.cursor)
        this.#news.hold(id)
      } else {
        mount.instance.resume(mount.cursor, place)
        kept.push(mount.instance.id)
      }
    }
    this.#news.resume(rooms, presence, (id) => placeOf(id)?.index)
    return kept
  }

  /** The client is back, over this connection, and knows what it was sent: it is told what has happened since, and every state. */
  takeUp(connection: FeedConsumer): void {
    this.#news.attach(connection)
    for (const { instance, cursor } of this.#mounts) instance.resume(cursor, undefined)
    this.#news.takeUp()
  }

  /** Lets go of every instance; calls that have begun go on without an asker, mounts do not. */
  close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#closed = true
      this.detach()
      this.#requests?.cancelMounts()
      this.#requests = undefined
      const mounts = [...this.#mounts]
      this.#mounts.clear()
      for (const { instance, cursor } of mounts) instance.unsubscribe(cursor)
      return Effect.forEach(mounts, ({ instance }) => instance.release, {
        concurrency: "unbounded",
        discard: true
      })
    })
  }

  #run(request: ActionCall, done: (outcome: CallOutcome) => void): () => void {
    return CallDispatch.call(this.#mounts.get(request.componentId)?.instance, request, this, done)
  }

  /** Gets hold of an instance on a fiber of its own. */
  #hold(request: MountRequest | RestoreRequest, done: (exit: MountExit) => void, isAbandonable: boolean): () => void {
    const { config, instances, isDraining, run } = this.#host
    const refuse = (reason: LiveError["reason"]) => {
      done(Exit.fail(new LiveError({ reason })))
      return noop
    }
    if (isDraining()) return refuse(new Draining())
    if (this.#times >= config.maxComponents) {
      return refuse(new TooManyComponents({ limit: config.maxComponents, of: "connection" }))
    }
    this.#times++
    const found =
      "token" in request ? instances.restore(request, this.principal) : instances.mount(request, this.principal)
    const fiber = run(
      Effect.uninterruptibleMask((restore) =>
        Effect.onError(
          Effect.flatMap(restore(found), (instance) => this.#keep(instance)),
          () => Effect.sync(() => this.#times--)
        )
      )
    )
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) {
      done(exit)
      return noop
    }
    if (isAbandonable) (this.#mounting ??= new Set()).add(fiber)
    fiber.addObserver((exit) => {
      this.#mounting?.delete(fiber)
      if (this.#mounting?.size === 0) this.#mounting = undefined
      done(exit)
    })
    return () => fiber.interruptUnsafe()
  }

  #keep(instance: InstanceRef): Effect.Effect<ComponentId, LiveError> {
    if (this.#closed) return Effect.andThen(instance.release, Effect.interrupt)
    const existing = this.#mounts.get(instance.id)
    if (existing !== undefined) {
      existing.times++
      return Effect.as(instance.release, instance.id)
    }
    const subscribed = Effect.onError(instance.subscribe(this.#news), () => instance.release)
    return Effect.map(subscribed, (cursor) => {
      if (this.#news.connection === undefined) instance.detach(cursor)
      this.#mounts.set(instance.id, { instance, cursor, times: 1 })
      return instance.id
    })
  }

  /** What the client is told of a mount: the present. What it was told before, if it was, may not have arrived. */
  #present(exit: MountExit, seals: boolean): Exit.Exit<Mounted, LiveError> {
    if (Exit.isFailure(exit)) {
      // Its client is only told that there was one.
      if (Cause.hasDies(exit.cause)) this.#host.run(Effect.logError("A mount failed", exit.cause))
      return Exit.failCause(exit.cause)
    }
    const mount = this.#mounts.get(exit.value)
    if (mount === undefined) return Exit.fail(refusal("Mounting", exit.value))
    // The answer overtakes what this session has not read yet, so what it reads next has to be whole.
    const { isHeld } = mount.cursor
    if (isHeld) mount.cursor.hold()
    else mount.cursor.startOver()
    const index = isHeld ? this.#news.from(exit.value) : undefined
    return Exit.succeed(mount.instance.snapshot(mount.cursor, { index, seals }))
  }

  #leave(mount: Mount): void {
    const { instance, cursor } = mount
    this.#mounts.delete(instance.id)
    instance.unsubscribe(cursor)
    this.#news.drop(cursor)
    this.#host.run(instance.release)
  }
}

const refusal = (what: string, componentId: string): LiveError =>
  new LiveError({ reason: notMounted(what, componentId) })

/** What was read least. */
const earlier = (one: ResumePoint | undefined, other: ResumePoint): ResumePoint =>
  one === undefined || other.revision < one.revision ? other : one
