/**
 * A component as an actor: one writer, a revision per change, and readers that follow. A change is encoded, compared and
 * turned to text once, however many read it; a reader is a cursor, never a queue. Who reads, and over what, is not known here,
 * nor where its state is kept: whoever keeps it is told that there is something to keep.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Handlers } from "../../actor/Activation.ts"
import { ActorCell, type Observer, type Options, type Status as ActorStatus } from "../../actor/ActorCell.ts"
import type { Overflow } from "../../actor/Mailbox.ts"
import type { RestartPolicy } from "../../actor/RestartPolicy.ts"
import { ComponentCrashed, LiveError, refuse } from "../../LiveError.ts"
import type { ComponentId } from "../../LiveId.ts"
import type { Mounted, InstanceStatus, ResumePoint } from "../../LiveProtocol.ts"
import * as Patch from "../../Patch.ts"
import type { Encoded } from "../../StateCodec.ts"
import type { Subscriber } from "./Subscriber.ts"
import type * as Authorization from "../security/Authorization.ts"
import * as Guard from "./Guard.ts"
import * as ActionResult from "./ActionResult.ts"
import { ChangeLogs } from "../sync/ChangeLogs.ts"
import { SmallMap } from "../SmallMap.ts"
import { freeze } from "../../Frozen.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { Principal } from "../../Principal.ts"
import { StateView } from "../sync/StateView.ts"
import { StateCursor, type CursorSink, type Source } from "../sync/StateCursor.ts"
import { InstanceRooms } from "./InstanceRooms.ts"
import type { Rooms } from "../room/Rooms.ts"
import { InstanceSelf } from "./InstanceSelf.ts"
import type { ComponentDefinition } from "./ComponentDefinition.ts"
import { fieldOf } from "./WritableFields.ts"

type SelfKey = Context.Key<never, InstanceSelf>

/** Where an instance comes from: nowhere, or a state that was kept. */
export interface Origin {
  readonly epoch: number
  readonly revision: number
  /** Encoded by the contract. */
  readonly state: Encoded
}

/** What one instance is. */
export interface Identity {
  readonly id: ComponentId
  readonly key: string | undefined
  readonly props: unknown
  /** Whose it is; a shared one is nobody's. */
  readonly principal: Principal | undefined
  readonly origin: Origin | undefined
}

/** What all instances of a server share. */
export interface Host {
  readonly config: LiveConfig.Settings
  readonly authorization: Authorization.Rights
  readonly rooms: Rooms["Service"]
  /** There is something of it that is not kept yet. */
  readonly keep: (instance: Instance) => void
  /** Tells its readers its newest token now. */
  readonly seal: (instance: Instance) => Effect.Effect<void>
  readonly run: (effect: Effect.Effect<unknown>) => void
}

/** One running component. */
export class Instance implements Options<unknown>, Observer<unknown>, Source {
  readonly rank = 0
  readonly id: ComponentId
  readonly key: string | undefined
  readonly props: unknown
  readonly principal: Principal | undefined
  readonly definition: ComponentDefinition
  readonly logs: ChangeLogs
  readonly cell: ActorCell<unknown>
  readonly epoch: number
  /** The state as clients see it, and how many changes led to it. */
  encoded!: Encoded
  revision: number
  /** The last token that was sealed, and the last its client has confirmed; 0 for none. */
  serial = 0
  confirmed = 0
  /** The last token somebody has come back with. */
  spent: { readonly epoch: number; readonly serial: number } | undefined
  /** The revision that was stored last. */
  written: number
  /** How many hold it, where that is counted. */
  holders = 0
  /** Set when it has begun to stop. */
  ended: Deferred.Deferred<void> | undefined
  /** What clients are told of its life. */
  clientStatus: InstanceStatus = "running"
  /** How often the behaviour was built before. */
  activation = -1
  readonly cursors = new SmallMap<StateCursor<Subscriber>, StateCursor<Subscriber>>()
  readonly #host: Host
  #rooms: InstanceRooms | undefined
  /** What is seen of it by each known client that reads it, and by all that are not known, if not everyone sees everything. */
  #projections: Map<Principal | undefined, StateView> | undefined
  #origin: Encoded | undefined
  #published: unknown
  #measured: { readonly revision: number; readonly bytes: number } | undefined
  #dirty = false
  #listeners: Set<(state: unknown) => void> | undefined

  constructor(definition: ComponentDefinition, host: Host, own: Identity) {
    this.id = own.id
    this.key = own.key
    this.props = own.props
    this.principal = own.principal
    this.definition = definition
    this.epoch = own.origin?.epoch ?? 1
    this.revision = own.origin?.revision ?? 0
    this.#origin = own.origin?.state
    // A later life has to be known as such; a first one that nothing has happened in has not.
    this.written = own.origin === undefined ? 0 : -1
    this.#host = host
    this.logs = new ChangeLogs(host.config)
    this.cell = new ActorCell<unknown>(this)
  }

  /** What its behaviour runs in; made anew for each activation, and held by that. */
  get context(): Context.Context<never> {
    const { component, context } = this.definition
    return Context.add(context, component as unknown as SelfKey, new InstanceSelf(this))
  }

  get conflateAfter(): number {
    return this.#host.config.conflateAfter
  }

  /** The rooms it is in, and what it says and hears. */
  get rooms(): InstanceRooms {
    return (this.#rooms ??= new InstanceRooms(this, this.#host.rooms, this.#host.config))
  }

  get address(): string {
    return this.definition.component.componentName
  }

  get build(): Effect.Effect<Handlers, unknown, unknown> {
    this.activation++
    const { component, build } = this.definition
    const { authorization } = this.#host
    if (authorization.call === undefined && authorization.set === undefined) return build
    return Effect.map(build, (handlers) => Guard.guard(handlers, authorization, component, this.key))
  }

  get capacity(): number {
    return this.definition.capacity
  }

  get overflow(): Overflow {
    return this.definition.overflow
  }

  get restart(): RestartPolicy {
    return this.definition.restart
  }

  get handlerTimeout(): Duration.Duration | undefined {
    return this.definition.handlerTimeout
  }

  get observer(): Observer<unknown> {
    return this
  }

  finish(action: string, answer: Effect.Effect<unknown, unknown, unknown>): Effect.Effect<unknown, unknown, unknown> {
    const codec = this.definition.component.codec.actions.get(action)
    if (fieldOf(action) !== undefined) return Effect.as(answer, "null")
    // What else is no action is an event that was heard, and nobody waits for what becomes of that.
    return codec === undefined ? this.#heard(action, answer) : ActionResult.encode(answer, codec)
  }

  #heard(tag: string, answer: Effect.Effect<unknown, unknown, unknown>): Effect.Effect<unknown, never, unknown> {
    return answer.pipe(
      Effect.catch((error) => Effect.logWarning(`"${this.address}" failed with what it does "${tag}"`, error))
    )
  }

  /** Says something in the log of the server. */
  report(log: Effect.Effect<void>): void {
    this.#host.run(Effect.annotateLogs(log, { component: this.address }))
  }

  initial(): unknown {
    const { codec } = this.definition.component
    const origin = this.#origin
    this.#origin = undefined
    return freeze(origin === undefined ? codec.initial(this.props) : codec.state.decode(origin))
  }

  /** Computes the first state and runs the build. */
  start(): Effect.Effect<void, LiveError> {
    const component = this.address
    return Effect.catchCause(this.cell.start(), (cause) => {
      if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
      const failure = cause.reasons.find(Cause.isFailReason)?.error
      return failure instanceof LiveError
        ? Effect.fail(failure)
        : Effect.andThen(
            Effect.annotateLogs(Effect.logWarning("A component failed to start", cause), { component }),
            refuse(new ComponentCrashed({ component }))
          )
    })
  }

  /** Lets it finish what it has begun, for as long as its behaviour allows. */
  stop(): Effect.Effect<void> {
    return this.cell.stop(this.definition.shutdown)
  }

  /** A cursor at the present, for a client that has mounted it with these props. Fails when its view does, or with too many rooms. */
  read(sink: Subscriber, props: unknown): Effect.Effect<StateCursor<Subscriber>, LiveError> {
    return Effect.suspend(() => {
      if (this.#rooms?.fits(sink) === false) return refuse(this.#rooms.tooMany)
      let projection: StateView | undefined
      try {
        projection = this.#projectionFor(sink)
      } catch (defect) {
        this.report(Effect.logError("The view of a component failed", defect))
        return refuse(new ComponentCrashed({ component: this.address }))
      }
      const cursor = new StateCursor(projection ?? this, sink)
      projection?.cursors.add(cursor)
      this.cursors.set(cursor, cursor)
      if (this.#rooms !== undefined || this.definition.component.codec.presence !== undefined) {
        this.rooms.arrived(cursor, props)
      }
      return Effect.succeed(cursor)
    })
  }

  /** The reader's client is back, and was told this much; undefined: it is to be told everything. */
  resume(cursor: StateCursor<Subscriber>, from: ResumePoint | undefined): void {
    const { principal } = cursor.sink.client
    // The claims of the principal may be others.
    if (principal !== undefined) this.#projections?.get(principal)?.publish(this.cell.state, undefined)
    cursor.resume(from)
    this.#host.keep(this)
    this.seen(cursor)
  }

  /** A token follows: at once, or with the next round. */
  keep(atOnce: boolean): void {
    // Who has come back has no token any more, and others of the same browser may come with the one that was spent.
    if (atOnce) this.#host.run(this.#host.seal(this))
    else this.#host.keep(this)
  }

  /** The reader's client is away, or back. */
  seen(cursor: StateCursor<Subscriber>): void {
    this.#rooms?.seen(cursor, cursor.isAway)
  }

  /** The reader wants no more. */
  leave(cursor: StateCursor<Subscriber>): void {
    if (!this.cursors.has(cursor)) return
    this.#rooms?.departed(cursor)
    this.cursors.delete(cursor)
    cursor.end()
    if (this.#projections !== undefined) this.#leaveView(cursor, this.#projections)
  }

  /** Whether somebody reads who is not away. */
  get isRead(): boolean {
    for (const { isAway } of this.cursors) if (!isAway) return true
    return false
  }

  /** Roughly what it holds for its readers: its state and the changes they have not seen, in bytes of ASCII. */
  get bytes(): number {
    const { revision } = this
    if (this.#measured?.revision !== revision) {
      this.#measured = { revision, bytes: JSON.stringify(this.encoded).length }
    }
    let bytes = this.#measured.bytes + this.logs.bytes
    for (const { logs } of this.#projections?.values() ?? []) bytes += logs.bytes
    return bytes
  }

  /** Tells its readers of the newest token of its state. */
  sealed(token: string): void {
    const serial = ++this.serial
    for (const source of this.#projections?.values() ?? [this]) {
      const { encoded, epoch, id, key, revision } = source
      source.logs.seal({ serial, token, told: { encoded, epoch, id, key, revision } })
    }
    this.#wake()
  }

  /** What a client is told when it mounts, which knows of what was said up to this event; by default of all of it. */
  snapshot({ source }: StateCursor, index = this.#rooms?.index ?? 0): Mounted {
    const { encoded, epoch, id, revision } = source
    const state = encoded as Mounted["state"]
    return { componentId: id, epoch, revision, index, state, status: source.clientStatus ?? this.clientStatus }
  }

  /** Calls the listener with the state after each change, until the function returned is called. */
  listen(listener: (state: unknown) => void): () => void {
    const listeners = (this.#listeners ??= new Set())
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  changed(state: unknown): void {
    freeze(state)
    this.#dirty = true
    this.#listeners?.forEach((listener) => listener(state))
  }

  settled(): void {
    this.refresh()
  }

  suspended(): void {
    this.refresh()
  }

  status(status: ActorStatus): void {
    if (status === "starting" || status === "stopping") return
    // The actor is back at its last good state, and what a crashed handler had shown is to be seen no longer.
    if (status === "restarting") this.refresh()
    this.clientStatus = status
    if (status === "stopped") this.#rooms?.end()
    this.#wake()
  }

  /** What has changed is seen. */
  refresh(): void {
    const { state } = this.cell
    if (!this.#dirty && this.encoded !== undefined) return
    const before = this.encoded
    const codec = this.definition.component.codec.state
    const after =
      before === undefined ? codec.encode(state) : codec.encode(state, { from: this.#published, to: before })
    this.#dirty = false
    this.#published = state
    this.encoded = after
    if (before === undefined || before === after) return
    const patch = Patch.diff(before, after)
    if (patch.length === 0) return
    this.revision++
    this.#host.keep(this)
    if (this.cursors.size === 0) return
    const by = this.cell.reference
    if (this.#projections === undefined) this.logs.append(this, patch, by)
    else for (const projection of this.#projections.values()) projection.publish(state, by)
    this.#wake()
  }

  #leaveView(cursor: StateCursor<Subscriber>, projections: Map<Principal | undefined, StateView>): void {
    const { principal } = cursor.sink.client
    const cursors = projections.get(principal)?.cursors
    if (cursors?.delete(cursor) === true && cursors.size === 0) projections.delete(principal)
  }

  /** What this client sees of it; undefined when that is all. */
  #projectionFor({ client }: CursorSink): StateView | undefined {
    const { view } = this.definition
    if (view === undefined) return undefined
    const { principal } = client
    const projections = (this.#projections ??= new Map())
    let projection = projections.get(principal)
    if (projection === undefined) {
      projection = new StateView(this, view, principal, this.#host.config)
      projections.set(principal, projection)
    }
    return projection
  }

  #wake(): void {
    for (const cursor of this.cursors) cursor.wake()
  }
}
