/**
 * One running component: its actor, its state as clients see it, and its subscribers. It has one writer and one
 * revision per change. A change is encoded, compared and serialized once for all subscribers; a subscriber is a cursor,
 * not a queue. An instance knows neither connections nor stores: its Checkpoint knows what is kept.
 */
import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import * as Log from "../../Log.ts"
import { ActorCell, type Options, type Status as ActorStatus } from "../../actor/ActorCell.ts"
import type { ComponentId } from "../../LiveId.ts"
import { assertText } from "../../Json.ts"
import { Listeners } from "../../Listeners.ts"
import type { Mounted, InstanceStatus, ResumePoint } from "../../LiveProtocol.ts"
import * as Patch from "../../Patch.ts"
import type { Json } from "../../Patch.ts"
import type { Principal } from "../../Principal.ts"
import type { Encoded, StateCodec } from "../../StateCodec.ts"
import * as Footprint from "../Footprint.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import { SmallMap } from "../SmallMap.ts"
import * as Change from "../sync/Change.ts"
import { ChangeLogs } from "../sync/ChangeLogs.ts"
import { StateCursor, type Source } from "../sync/StateCursor.ts"
import { StateViews } from "../sync/StateViews.ts"
import { Checkpoint } from "./Checkpoint.ts"
import type { ComponentDefinition } from "./ComponentDefinition.ts"
import type { InstanceIdentity } from "./InstanceIdentity.ts"
import type { Happening } from "./Lifecycle.ts"
import { InstanceStats, type StatsHost } from "./InstanceStats.ts"
import type { SpanLabels } from "./Tracing.ts"
import type { Subscriber } from "./Subscriber.ts"

/** What an instance needs of its server. */
export interface InstanceHost {
  readonly config: LiveConfig.Settings
  /** Marks the instance for the next checkpoint. */
  readonly keep: (instance: Instance) => void
  /** Sends its subscribers a new token now. */
  readonly seal: (instance: Instance) => Effect.Effect<void>
  /** A token of it is in use, which the store does not know yet. */
  readonly retire: (instance: Instance) => void
  readonly run: (effect: Effect.Effect<unknown>) => void
  readonly stats: StatsHost
  /** Something has happened to the instance. `detail`: a few words, without state or payload. */
  readonly happened: (happening: Happening, instance: Instance, detail?: string) => void
}

/** One running component. */
export class Instance implements Source {
  readonly id: ComponentId
  readonly key: string | undefined
  readonly props: unknown
  readonly principal: Principal | undefined
  readonly definition: ComponentDefinition
  readonly cell: ActorCell<unknown>
  readonly checkpoint: Checkpoint
  readonly logs: ChangeLogs
  readonly cursors = new SmallMap<StateCursor<Subscriber>, StateCursor<Subscriber>>()
  readonly #host: InstanceHost
  /** Undefined when all clients see the whole state. */
  readonly #views: StateViews | undefined
  #recovered: Encoded | undefined
  /** The encoded form of the state that was published last. */
  #published: Encoded | undefined
  /** The number of changes up to that. */
  #revision: number
  #status: InstanceStatus = "running"
  /** The state that was encoded last, which may wait to be published, and its encoded form. */
  #state: unknown
  #encoded: Encoded | undefined
  /** The encoded form of the last good state. */
  #good: Encoded | undefined
  /** Whether the state has changed since it was encoded. */
  #isDirty = false
  #measured: { readonly revision: number; readonly bytes: number } | undefined
  #listeners: Listeners<unknown> | undefined
  #stats: InstanceStats | undefined

  constructor(definition: ComponentDefinition, host: InstanceHost, own: InstanceIdentity, actor: Options<unknown>) {
    const { recovered } = own
    this.id = own.id
    this.key = own.key
    this.props = own.props
    this.principal = own.principal
    this.definition = definition
    this.#host = host
    this.#recovered = recovered?.state
    this.#revision = recovered?.revision ?? 0
    this.checkpoint = new Checkpoint(
      recovered?.epoch ?? 1,
      recovered === undefined ? "first" : "later",
      recovered?.presence
    )
    this.logs = new ChangeLogs(host.config)
    this.#views = this.#makeViews()
    this.cell = new ActorCell<unknown>(actor)
  }

  get rank(): number {
    return 0
  }

  get address(): string {
    return this.definition.component.componentName
  }

  get epoch(): number {
    return this.checkpoint.epoch
  }

  /** The state as clients see it. What waits to be published is published for whoever reads it. */
  get encoded(): Encoded {
    this.#publishWaiting()
    return this.#published as Encoded
  }

  get revision(): number {
    this.#publishWaiting()
    return this.#revision
  }

  /** The status that clients are told. */
  get clientStatus(): InstanceStatus {
    return this.#status
  }

  get conflateAfter(): number {
    return this.#host.config.conflateAfter
  }

  /** Whether a subscriber is connected. */
  get isRead(): boolean {
    for (const { isAway } of this.cursors) if (!isAway) return true
    return false
  }

  /** About how many bytes it holds for its subscribers: the state, and changes that they have not seen. */
  get bytes(): number {
    const { encoded, revision } = this
    if (this.#measured?.revision !== revision) {
      this.#measured = { revision, bytes: Footprint.ofJson(encoded) }
    }
    return this.#measured.bytes + this.logs.bytes + (this.#views?.bytes ?? 0)
  }

  /** What has happened to it, as numbers. */
  get stats(): InstanceStats {
    return (this.#stats ??= new InstanceStats(this.definition.stats, this.#host.stats))
  }

  /** The same; undefined when nothing has. */
  get statsIfAny(): InstanceStats | undefined {
    return this.#stats
  }

  /** The labels of this instance in the log. */
  get labels(): SpanLabels {
    return { component: this.address, instance: this.id, key: this.key }
  }

  /** Logs a failure on the server, with the labels of the instance. */
  report(message: string, cause: unknown): void {
    this.#host.run(Log.error(message, { ...this.labels, cause }))
  }

  /** The state it begins with. */
  initial(): unknown {
    const { codec } = this.definition.component
    const recovered = this.#recovered
    this.#recovered = undefined
    return recovered === undefined ? codec.state.freeze(codec.initial(this.props)) : codec.state.restore(recovered)
  }

  /** Calls the listener with the state after each change, until the returned function is called. */
  listen(listener: (state: unknown) => void): () => void {
    this.#listeners ??= new Listeners((defect) => this.report("A listener of a component failed", defect))
    return this.#listeners.add(listener)
  }

  /** Adds a subscriber, and returns its cursor. Throws when the view of the client does. */
  open(sink: Subscriber): StateCursor<Subscriber> {
    const view = this.#views?.of(sink.client, this.#state)
    const cursor = new StateCursor(view ?? this, sink)
    view?.cursors.add(cursor)
    this.cursors.set(cursor, cursor)
    return cursor
  }

  /** Removes a subscriber. */
  close(cursor: StateCursor<Subscriber>): void {
    this.cursors.delete(cursor)
    cursor.end()
    this.#views?.leave(cursor)
  }

  /** The client of a subscriber is connected again, and has the state up to `from`; undefined: it has nothing. */
  resume(cursor: StateCursor<Subscriber>, from: ResumePoint | undefined): void {
    this.#views?.review(cursor.sink.client, this.#state)
    cursor.resume(from)
    this.#host.keep(this)
  }

  /**
   * What a client is told when it mounts. `index` is that of the last event the client knows of those in the instance's
   * own room.
   */
  snapshot({ source }: StateCursor, index: number): Mounted {
    const { encoded, epoch, id, revision } = source
    const state = encoded as Mounted["state"]
    return { componentId: id, epoch, revision, index, state, status: source.clientStatus ?? this.#status }
  }

  /** Presence metadata of its clients was tracked, encoded: it is kept with the state. */
  tracked(presence: Json): void {
    this.checkpoint.tracked(presence)
    this.#host.keep(this)
  }

  /** Sends a new token: now, or with the next round. */
  keep(when: "now" | "soon"): void {
    if (when === "now") this.#host.run(this.#host.seal(this))
    else this.#host.keep(this)
  }

  /** Sends the subscribers a token of the state. */
  sealed(token: string): void {
    const serial = this.checkpoint.sealed()
    for (const source of this.#views ?? [this]) {
      const { encoded, epoch, id, key, revision } = source
      source.logs.seal({ serial, token, told: { encoded, epoch, id, key, revision } })
    }
    this.#wake()
  }

  confirm(serial: number, isAcknowledged: boolean): void {
    this.checkpoint.confirm(serial, isAcknowledged)
    if (this.checkpoint.retirement("running") !== undefined) this.#host.retire(this)
  }

  /** The actor has a new state. */
  changed(state: unknown): void {
    this.#codec.freeze(state, this.#state)
    this.#isDirty = true
    this.stats.updated()
    this.#listeners?.tell(state)
  }

  /** The status of the actor has changed. */
  statusChanged(status: ActorStatus): void {
    if (status === "starting" || status === "stopping") return
    // The actor is back at its last good state: clients must not see what the crashed handler had set.
    if (status === "restarting") this.#publishLastGood()
    this.#status = status
    this.#wake()
  }

  /**
   * A message ended without a crash. Publishes what it changed, also in place, and keeps it as the last good state. What
   * nobody has to see step by step is published when it is read: all that the messages of one turn have changed is then
   * one change.
   */
  settled(): void {
    const { state } = this.cell
    const wasDirty = this.#isDirty
    const revision = this.#revision
    const isLoose = this.#codec.isLoose(state)
    if (isLoose) this.#isDirty = true
    if (isLoose || this.#isFollowed || !this.#postpone()) this.publish()
    this.#good = this.#encoded
    // What is loose does not wait, so that this was a change in place.
    if (isLoose && !wasDirty && this.#revision !== revision) this.#listeners?.tell(state)
  }

  /** The last good state as it was, even if a crashed handler has changed something in it in place. */
  restore(lastGood: unknown): unknown {
    const good = this.#good
    try {
      if (good === undefined || !this.#codec.isLoose(lastGood) || this.#isEncoded(lastGood, good)) return lastGood
      return this.#codec.restore(good, { from: good, to: lastGood })
    } catch (defect) {
      this.report("A state could not be restored from its encoded form", defect)
      return lastGood
    }
  }

  /** Whether the encoded form of a state is still this one. */
  #isEncoded(state: unknown, encoded: Encoded): boolean {
    try {
      return Patch.diff(encoded, this.#codec.encode(state, { from: state, to: encoded })).length === 0
    } catch {
      return false
    }
  }

  /** Whether what is set belongs to a build, which may fail yet. */
  get isBuilding(): boolean {
    const { status } = this.cell
    return status !== "running" && status !== "stopping"
  }

  /**
   * Publishes the state for a client that reads it, if it has changed. Clients do not see what a build has set before it
   * has ended. A state that cannot be published is a crash of the actor, and no fault of the client.
   */
  refresh(): void {
    if (this.isBuilding) return
    try {
      this.publish()
    } catch (defect) {
      this.cell.crash(Cause.die(defect))
    }
  }

  #publishLastGood(): void {
    try {
      this.publish()
    } catch (defect) {
      this.report("The last good state could not be published", defect)
    }
  }

  /** Publishes the state, if it has changed; throws when it cannot be encoded. */
  publish(): void {
    const before = this.#published
    if (before !== undefined && !this.#isDirty) return this.#publishWaiting()
    const after = this.#encode()
    if (before === undefined) {
      // The first state is no change.
      assertText(after)
      this.#encodedAs(after)
      this.#published = after
    } else this.#publishChange(before, after, this.cell.reference)
  }

  /** Publishes what waits for that. */
  #publishWaiting(): void {
    const [before, after] = [this.#published, this.#encoded]
    if (before === undefined || after === undefined || before === after) return
    const begunAt = this.stats.publishing
    // Only plain changes wait, and altogether they may have come to nothing.
    const change = new Change.PlainChange(before, after)
    this.#published = after
    if (change.patch.length > 0) this.#tell(change, undefined, begunAt)
  }

  #publishChange(before: Encoded, after: Encoded, by: string | undefined): void {
    const begunAt = this.stats.publishing
    const kind = Change.kindOf(before, after)
    let value = after
    let change: Change.Told | undefined
    if (kind === "plain") change = new Change.PlainChange(before, after)
    else if (kind === "other") {
      const transition = Patch.change(before, after)
      assertText(transition.patch)
      value = transition.value as Encoded
      if (transition.patch.length > 0) change = transition
    }
    this.#encodedAs(value)
    this.#published = value
    if (change === undefined) return
    this.#host.keep(this)
    this.#tell(change, by, begunAt)
  }

  #tell(change: Change.Told, by: string | undefined, begunAt: number): void {
    this.#revision++
    if (this.cursors.size > 0) this.#distribute(change, by)
    this.stats.published(begunAt)
  }

  /** Whether somebody has to see each change: who made it, or what it was. */
  get #isFollowed(): boolean {
    return this.cell.reference !== undefined || this.#views !== undefined || this.logs.tellEach
  }

  /** Encodes the state, and leaves it to be published when it is read. False when it has to be published now. */
  #postpone(): boolean {
    const before = this.#encoded
    if (before === undefined) return false
    if (!this.#isDirty) return true
    const after = this.#encode()
    const kind = Change.kindOf(before, after)
    if (kind === "other") return false
    this.#encodedAs(kind === "none" ? before : after)
    if (kind === "none") return true
    this.#host.keep(this)
    this.#wake()
    return true
  }

  #encode(): Encoded {
    const before = this.#encoded
    const previous = before === undefined ? undefined : { from: this.#state, to: before }
    return this.#codec.encode(this.cell.state, previous)
  }

  /** The state is encoded, and the encoded form has a text. */
  #encodedAs(encoded: Encoded): void {
    this.#isDirty = false
    this.#state = this.cell.state
    this.#encoded = encoded
  }

  #distribute(change: Change.Told, by: string | undefined): void {
    this.definition.traffic.published(change)
    if (this.#views === undefined) this.logs.append(this, change, by)
    else this.#views.publish(this.#state, by)
    this.#wake()
  }

  get #codec(): StateCodec<unknown> {
    return this.definition.component.codec.state
  }

  #makeViews(): StateViews | undefined {
    const { component, view } = this.definition
    if (view === undefined) return undefined
    const failed = (defect: unknown) => this.report("The view of a component failed", defect)
    return new StateViews(this, { view, codec: component.codec.state, config: this.#host.config, failed })
  }

  #wake(): void {
    this.cursors.forEach(wake)
  }
}

const wake = (cursor: StateCursor<Subscriber>): void => cursor.wake()
