/**
 * What a client has on the server, independent of its connection: the instances that it has mounted, its requests, and
 * what it has to be sent. A session outlives its connection: it continues without one, and the next connection resumes
 * where the client was.
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Log from "../../Log.ts"
import * as Footprint from "../Footprint.ts"
import { LiveError } from "../../LiveError.ts"
import type { ComponentId } from "../../LiveId.ts"
import type { Mounted, MountRequest, ResumeRequest } from "../../LiveProtocol.ts"
import type { Principal } from "../../Principal.ts"
import type { InstanceRef } from "../instance/InstanceRef.ts"
import type { RestoreRequest } from "../instance/Instances.ts"
import type { TraceContext } from "../instance/TraceContext.ts"
import type { Batch } from "../sync/Batch.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import type { ProtocolHandler } from "../transport/Connection.ts"
import type { WireEncoder } from "../sync/WireEncoder.ts"
import * as CallDispatch from "./CallDispatch.ts"
import type { ActionCall, FieldWrite } from "./CallDispatch.ts"
import { type CallOutcome, notAsked, refused } from "./CallOutcome.ts"
import { type FeedConsumer, ClientFeed } from "./ClientFeed.ts"
import { type MountExit, type RequestBounds, PendingRequests } from "./PendingRequests.ts"
import type { Id, KnownRequest } from "./ReplyCache.ts"
import { over, type Pending, type ReplyListener } from "./ReplyListener.ts"
import { SessionUploads, type UploadHost } from "./SessionUploads.ts"
import { earliest, type MountHost, refusal, SessionMounts, type Unmounted } from "./SessionMounts.ts"

/** What all sessions of a server share. */
export interface SessionHost extends MountHost, UploadHost {
  /** Makes an id for a client that other clients may see. */
  readonly connectionId: () => string
  readonly bounds: RequestBounds
}

/** What a page is rendered with: the answer to its mount, and the token of a private instance. */
export interface Rendered extends Mounted {
  readonly token?: string
}

const none: ReadonlyArray<never> = []

/** Until then, the page of a client that was answered has come to listen. */
const listening = Duration.millis(75)

const waits = ({ asked = 0 }: Pick<ProtocolHandler, "asked">): boolean => asked > 0

/** What one client has on the server. */
export class Session {
  /** The second part of its session token; undefined when it has none and cannot be resumed. */
  secret: string | undefined
  /** The previous secret, accepted until the client has the new one. */
  previousSecret: string | undefined
  readonly #host: SessionHost
  readonly #feed: ClientFeed
  readonly #mounts: SessionMounts
  #requests: PendingRequests | undefined
  /** The client has the answers of all requests below this id. */
  #settledBelow = 0
  #uploads: SessionUploads | undefined
  /** Connections it had before, while requests without an id that came over them still wait. */
  #earlier: ReadonlyArray<Pick<ProtocolHandler, "asked">> = none

  constructor(host: SessionHost, connection: FeedConsumer) {
    this.#host = host
    this.#feed = new ClientFeed(connection, host)
    this.#mounts = new SessionMounts(host, this.#feed)
  }

  get principal(): Principal | undefined {
    return this.#feed.principal
  }

  get client(): ClientInfo {
    return this.#feed.client
  }

  /** Where its client is connected from, or was last. */
  get address(): string | undefined {
    return this.#feed.address
  }

  /** The encoder of its wire. */
  get encoder(): WireEncoder {
    return this.#feed.encoder
  }

  /** Whether its client could come back and be told all that it has missed. */
  get isResumable(): boolean {
    return !this.#feed.isLost
  }

  /** Its connection; undefined while the client is not connected. */
  get connection(): FeedConsumer | undefined {
    return this.#feed.connection
  }

  get isDraining(): () => boolean {
    return this.#host.isDraining
  }

  /** Its requests with ids. Most clients of the open wire send none. */
  get #asked(): PendingRequests {
    return (this.#requests ??= new PendingRequests(this.#host.bounds, this.#settledBelow))
  }

  /** The id of the client that other clients may see. */
  get connectionId(): string {
    return this.#feed.client.connection
  }

  /** Whether it has ended. */
  get isOver(): boolean {
    return this.#mounts.isClosed
  }

  /** Whether there is nothing to come back for. */
  get isEmpty(): boolean {
    return this.#mounts.isEmpty && this.#requests?.hasCalls !== true && this.#uploads?.isEmpty !== false
  }

  /** About how many bytes it holds for this client alone. */
  get bytes(): number {
    return Footprint.session + this.#mounts.bytes + this.#feed.bytes + (this.#requests?.bytes ?? 0) + this.#waiting
  }

  /** Mounts or rehydrates a component. Nothing else is sent of it before `announce`. */
  mount(
    request: MountRequest | RestoreRequest,
    listener: ReplyListener<Exit.Exit<Mounted, LiveError>>,
    trace?: TraceContext
  ): Pending {
    const { callId, component } = request
    const presented: ReplyListener<MountExit> = {
      answered: (exit) => listener.answered(this.#mounts.present(exit, request)),
      dropped: () => listener.dropped(),
      size: listener.size
    }
    if (callId === undefined) return this.#mounts.mount(request, presented, true, trace)
    const action = "token" in request ? "Rehydrate" : "Mount"
    const known = this.#asked.mounts.ask(callId, component, action, presented)
    if (typeof known === "string") {
      listener.answered(Exit.fail(new LiveError({ reason: notAsked(known, component, action, callId) })))
      return over
    }
    if (known.begin()) known.runs(this.#mounts.mount(request, known, false, trace))
    return known
  }

  /** Mounts a component for a page that is being rendered, whose client is not connected yet. */
  render(request: MountRequest, { answered, ...listener }: ReplyListener<Exit.Exit<Rendered, LiveError>>): Pending {
    const rendered = (mounted: Mounted): Rendered => {
      const { componentId } = mounted
      const token = this.takeToken(componentId)
      this.announce(componentId)
      this.#mounts.expect(componentId)
      return token === undefined ? mounted : { ...mounted, token }
    }
    return this.mount(request, { ...listener, answered: (exit) => answered(Exit.map(exit, rendered)) })
  }

  /** The answer to the mount was written: changes may follow. */
  announce(componentId: string): void {
    this.#mounts.cursor(componentId)?.announce()
    this.#feed.announce(componentId)
  }

  /** Sends the state and its token once more, after a moment. */
  repeatLater(componentId: string): void {
    this.#host.run(
      Effect.andThen(
        Effect.sleep(listening),
        Effect.sync(() => this.#mounts.cursor(componentId)?.repeat())
      )
    )
  }

  /** Removes one mount. The last one releases the instance, and is answered with the token of its state. */
  unmount(componentId: string, listener: ReplyListener<Exit.Exit<Unmounted, LiveError>>): Pending {
    const pending = this.#mounts.unmount(componentId, listener)
    this.#uploads?.review()
    return pending
  }

  /** Its uploads. */
  get uploads(): SessionUploads {
    return (this.#uploads ??= new SessionUploads(this.#host, this.#feed, this.#mounts))
  }

  /** The same; undefined when it has had none. */
  get uploadsIfAny(): SessionUploads | undefined {
    return this.#uploads
  }

  /** The client has lost track of a state or a list of presence, which is sent as a whole. */
  resync(componentId: string): Exit.Exit<void, LiveError> {
    const cursor = this.#mounts.cursor(componentId) ?? this.#feed.listCursor(componentId)
    if (cursor === undefined) return Exit.fail(refusal("Reading", componentId))
    cursor.startOver()
    return Exit.void
  }

  /** Sends a call to its instance. */
  call(request: ActionCall, listener: ReplyListener<CallOutcome>): Pending {
    const { action, callId, componentId, settled } = request
    if (settled !== undefined) this.settled(settled)
    const instance = this.#mounts.instance(componentId)
    let known: KnownRequest<CallOutcome> | undefined
    if (callId !== undefined) {
      const asked = this.#asked.calls.ask(callId, componentId, action, listener)
      if (typeof asked === "string") {
        listener.answered(refused(notAsked(asked, instance?.component.componentName ?? "", action, callId)))
        return over
      }
      if (!asked.begin()) return asked
      known = asked
    }
    const waiting = known ?? listener
    const message = CallDispatch.call(instance, request, this)
    if (message._tag !== "Message") {
      waiting.answered(message)
      return over
    }
    const { instance: receiver, payload, tag } = message
    const sent = { cancel: receiver.send(tag, payload, message, CallDispatch.tellOutcome(message, this, waiting)) }
    known?.runs(sent)
    return known ?? sent
  }

  /** Sets a writable field. */
  set(request: FieldWrite, listener: ReplyListener<CallOutcome>): Pending {
    const message = CallDispatch.set(this.#mounts.instance(request.componentId), request, this)
    if (message._tag !== "Message") {
      listener.answered(message)
      return over
    }
    const { instance, payload, tag } = message
    return { cancel: instance.send(tag, payload, message, CallDispatch.tellOutcome(message, this, listener)) }
  }

  schemaFailed({ component, id, key }: InstanceRef, action: string, cause: Cause.Cause<unknown>): void {
    const labels = { component: component.componentName, instance: id, key, action, cause }
    this.#host.run(Log.error("A payload could not be checked, and was refused", labels))
  }

  /**
   * What its requests count as that an earlier connection has brought, and that this one does not wait for. Without the
   * one of this id, which it is about to wait for.
   */
  inherited(id: Id | undefined): number {
    return (this.#requests?.unheardBut(id ?? "") ?? 0) + this.#waiting
  }

  /** Its connection is gone; what was asked over it goes on. */
  leaves(connection: Pick<ProtocolHandler, "asked">): void {
    this.#earlier = [...this.#earlier.filter(waits), connection]
  }

  /** What requests without an id count as that came over earlier connections. */
  get #waiting(): number {
    if (this.#earlier === none) return 0
    const earlier = this.#earlier.filter(waits)
    this.#earlier = earlier.length === 0 ? none : earlier
    return earlier.reduce((sum, { asked = 0 }) => sum + asked, 0)
  }

  /** Whether the client has mounted this instance. */
  has(componentId: string): boolean {
    return this.#mounts.has(componentId)
  }

  /** The instances that the client has mounted. */
  get components(): ReadonlyArray<ComponentId> {
    return this.#mounts.ids
  }

  /** The answer to a mount whose state is too large to be sent. */
  tooLarge(componentId: ComponentId): LiveError {
    return this.#mounts.tooLarge(componentId)
  }

  /** Those whose state goes with the client when it signs in. */
  get adoptable(): ReadonlySet<ComponentId> {
    return this.#mounts.adoptable
  }

  /** The newest token of a component that the client has not been sent, if there is one; counts as sent. */
  takeToken(componentId: string): string | undefined {
    return this.#mounts.cursor(componentId)?.takeToken()
  }

  /** The client has the answers of all requests below this id. */
  settled(id: number): void {
    if (id <= this.#settledBelow) return
    this.#settledBelow = id
    this.#requests?.settleBelow(id)
    // Most sessions mount once, and then not again for a long time.
    if (this.#requests?.isIdle === true) this.#requests = undefined
  }

  /** The client no longer waits for these requests, whatever it said on resuming. */
  abandon(ids: ReadonlyArray<number>): void {
    this.#requests?.abandon(ids)
  }

  /** What is sent now. Cursors with nothing to send are left out. */
  collect(): ReadonlyArray<Batch> {
    return this.#feed.collect()
  }

  /** What was collected last is sent up to this batch. */
  sent(batch: number): void {
    this.#feed.sent(batch)
  }

  /** The client has this batch, and all before it. */
  acknowledged(batch: number): void {
    this.#feed.acknowledged(batch)
  }

  /** Whether there is something to collect. */
  get isBehind(): boolean {
    return this.#feed.isBehind
  }

  /** The client has disconnected; everything continues. */
  detach(): void {
    this.#feed.detach()
    this.#requests?.detach()
    this.#mounts.detach()
  }

  /**
   * The client is connected again. The request says what it has; without one, it has everything that it was sent.
   * Returns the components that it named and still has mounted, and unmounts the others.
   */
  resume(connection: FeedConsumer, request?: ResumeRequest): ReadonlyArray<ComponentId> {
    this.#feed.attach(connection)
    if (request === undefined) {
      this.#mounts.resumeAll()
      this.#feed.resumeAll()
      return this.components
    }
    const { components, pending, presence = [], rooms = [] } = request
    this.#requests?.retain(pending)
    const named = Map.groupBy(components, ({ componentId }) => componentId as string)
    const kept = this.#mounts.resume(named, this.#requests?.mounted ?? [])
    this.#uploads?.review()
    this.#feed.resume(rooms, presence, (id) => earliest(named.get(id) ?? [])?.index)
    return kept
  }

  /** Releases all instances. Calls that have begun continue; mounts do not. */
  close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#end()
      return this.#mounts.close()
    })
  }

  /** The same, but keeps the private instances of these ids until it is closed; says whether there are any. */
  depart(kept: ReadonlySet<string>): boolean {
    this.#end()
    return this.#mounts.depart(kept)
  }

  #end(): void {
    this.detach()
    this.#uploads?.close()
    this.#uploads = undefined
    this.#requests?.cancelMounts()
    this.#requests = undefined
  }
}
