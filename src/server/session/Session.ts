/**
 * What a client has here, whichever connection it comes over: the instances it has mounted, its requests, and what it has to be
 * told. It outlives its connection: detached, it goes on without being heard, and the next connection goes on where the client was.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { LiveError } from "../../LiveError.ts"
import type { ComponentId } from "../../LiveId.ts"
import type { Mounted, MountRequest, ResumeRequest } from "../../LiveProtocol.ts"
import type { Principal } from "../../Principal.ts"
import type { RestoreRequest } from "../instance/Instances.ts"
import type { Batch } from "../sync/Batch.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import type { WireEncoder } from "../sync/WireEncoder.ts"
import * as CallDispatch from "./CallDispatch.ts"
import type { ActionCall, FieldWrite, OutcomeListener } from "./CallDispatch.ts"
import { type CallOutcome, notAsked, refused } from "./CallOutcome.ts"
import { type FeedConsumer, ClientFeed } from "./ClientFeed.ts"
import { type MountExit, type RequestBounds, PendingRequests } from "./PendingRequests.ts"
import { over, type Pending, type ReplyListener } from "./ReplyListener.ts"
import { earliest, type MountHost, refusal, SessionMounts, type Unmounted } from "./SessionMounts.ts"

/** What all sessions of a server share. */
export interface SessionHost extends MountHost {
  /** A name for a client that others may know. */
  readonly connectionId: () => string
  readonly bounds: RequestBounds
}

/** What one client has here. */
export class Session {
  /** What has to be known besides its id by whoever comes back for it; undefined when nobody can. */
  secret: string | undefined
  /** The one before, good until the client is known to know the new one. */
  previousSecret: string | undefined
  readonly #host: SessionHost
  readonly #feed: ClientFeed
  readonly #mounts: SessionMounts
  #requests: PendingRequests | undefined

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

  /** In which words its client is told. */
  get encoder(): WireEncoder {
    return this.#feed.encoder
  }

  /** The connection it is told over; undefined while its client is away. */
  get connection(): FeedConsumer | undefined {
    return this.#feed.connection
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
    return this.#feed.client.connection
  }

  /** Whether there is nothing that a client could come back for. */
  get isEmpty(): boolean {
    return this.#mounts.isEmpty && this.#requests?.hasCalls !== true
  }

  /** Roughly the bytes it keeps for its client alone. */
  get bytes(): number {
    return this.#mounts.bytes + (this.#requests?.bytes ?? 0)
  }

  /** Mounts a component, or brings one back; nothing else is said of it until `announce`. */
  mount(request: MountRequest | RestoreRequest, listener: ReplyListener<Exit.Exit<Mounted, LiveError>>): Pending {
    const { callId, component } = request
    const presented: ReplyListener<MountExit> = {
      answered: (exit) => listener.answered(this.#mounts.present(exit, request)),
      dropped: () => listener.dropped()
    }
    if (callId === undefined) return this.#mounts.mount(request, presented, true)
    const action = "token" in request ? "Rehydrate" : "Mount"
    const known = this.#asked.mounts.ask(callId, { of: component, what: action }, presented)
    if (typeof known === "string") {
      listener.answered(Exit.fail(new LiveError({ reason: notAsked(known, component, action, callId) })))
      return over
    }
    if (known.begin()) known.runs(this.#mounts.mount(request, known, false))
    return known
  }

  /** The answer to the mount is on its way; changes may follow it. */
  announce(componentId: string): void {
    this.#mounts.cursor(componentId)?.announce()
    this.#feed.announce(componentId)
  }

  /** Takes back one mount; the last one lets go of the instance, and gives the token of the state it leaves. */
  unmount(componentId: string, listener: ReplyListener<Exit.Exit<Unmounted, LiveError>>): Pending {
    return this.#mounts.unmount(componentId, listener)
  }

  /** The client does not have the state it should have, of a component or of who is there: it is told that, whole. */
  resync(componentId: string): Exit.Exit<void, LiveError> {
    const cursor = this.#mounts.cursor(componentId) ?? this.#feed.listCursor(componentId)
    if (cursor === undefined) return Exit.fail(refusal("Reading", componentId))
    cursor.startOver()
    return Exit.void
  }

  /** Hands a call to its instance. */
  call(request: ActionCall, listener: ReplyListener<CallOutcome>): Pending {
    const { action, callId, componentId, settled } = request
    if (settled !== undefined) this.settled(settled)
    const instance = this.#mounts.instance(componentId)
    if (callId === undefined) return CallDispatch.call(instance, request, this, listener)
    const known = this.#asked.calls.ask(callId, { of: componentId, what: action }, listener)
    if (typeof known === "string") {
      listener.answered(refused(notAsked(known, instance?.component.componentName ?? "", action, callId)))
      return over
    }
    if (known.begin()) known.runs(CallDispatch.call(instance, request, this, known))
    return known
  }

  /** Sets a field that clients may set. */
  set(request: FieldWrite, listener: OutcomeListener): Pending {
    return CallDispatch.set(this.#mounts.instance(request.componentId), request, this, listener)
  }

  /** Whether the client has mounted this. */
  has(componentId: string): boolean {
    return this.#mounts.has(componentId)
  }

  /** What the client has mounted. */
  get components(): ReadonlyArray<ComponentId> {
    return this.#mounts.ids
  }

  /** The newest token of a component, if there is one that its client was not told; it counts as told. */
  takeToken(componentId: string): string | undefined {
    return this.#mounts.cursor(componentId)?.takeToken()
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
    return this.#feed.collect()
  }

  /** What was collected last goes out up to this batch. */
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

  /** The connection is gone; everything goes on. */
  detach(): void {
    this.#feed.detach()
    this.#requests?.detach()
    this.#mounts.detach()
  }

  /**
   * The client is back over this connection, and asks for what it was told before; without a request it has all that it was sent. Gives
   * what it still has mounted of what it named, and unmounts the rest.
   */
  resume(connection: FeedConsumer, request?: ResumeRequest): ReadonlyArray<ComponentId> {
    this.#feed.attach(connection)
    if (request === undefined) {
      this.#mounts.resumeAll()
      this.#feed.resumeAll()
      return this.components
    }
    const { components, pending, presence = [], rooms = [] } = request
    this.#requests?.retain(new Set(pending))
    const named = Map.groupBy(components, ({ componentId }) => componentId as string)
    const kept = this.#mounts.resume(named, this.#requests?.mounted ?? [])
    this.#feed.resume(rooms, presence, (id) => earliest(named.get(id) ?? [])?.index)
    return kept
  }

  /** Lets go of every instance; calls that have begun go on without an asker, mounts do not. */
  close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.detach()
      this.#requests?.cancelMounts()
      this.#requests = undefined
      return this.#mounts.close()
    })
  }
}
