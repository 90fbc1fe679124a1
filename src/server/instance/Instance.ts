/**
 * One running component: its actor, its state as clients see it, and who reads that. It has one writer and a revision per change; a
 * change is encoded, compared and turned to text once, however many read it; a reader is a cursor, never a queue. Who reads, and over
 * what, is not known here, nor where the state is kept: there is a Checkpoint of that.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { ActorCell, type Options, type Status as ActorStatus } from "../../actor/ActorCell.ts"
import { freeze } from "../../Frozen.ts"
import type { ComponentId } from "../../LiveId.ts"
import { Listeners } from "../../Listeners.ts"
import type { Mounted, InstanceStatus, ResumePoint } from "../../LiveProtocol.ts"
import * as Patch from "../../Patch.ts"
import type { Principal } from "../../Principal.ts"
import type { Encoded } from "../../StateCodec.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import { SmallMap } from "../SmallMap.ts"
import { ChangeLogs } from "../sync/ChangeLogs.ts"
import { StateCursor, type Source } from "../sync/StateCursor.ts"
import { StateViews } from "../sync/StateViews.ts"
import { Checkpoint } from "./Checkpoint.ts"
import type { ComponentDefinition } from "./ComponentDefinition.ts"
import type { Subscriber } from "./Subscriber.ts"

/** A state of an earlier life, with which the next one begins. */
export interface Origin {
  /** Of the life that begins. */
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
  /** Undefined for a first life. */
  readonly origin: Origin | undefined
}

/** What an instance needs of the server it runs on. */
export interface InstanceHost {
  readonly config: LiveConfig.Settings
  /** There is something of it that is not kept yet. */
  readonly keep: (instance: Instance) => void
  /** Tells its readers its newest token now. */
  readonly seal: (instance: Instance) => Effect.Effect<void>
  readonly run: (effect: Effect.Effect<unknown>) => void
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
  /** Undefined where everyone sees everything. */
  readonly #views: StateViews | undefined
  #origin: Encoded | undefined
  #encoded: Encoded | undefined
  /** How many changes led to the encoded state. */
  #revision: number
  #status: InstanceStatus = "running"
  /** What the encoded state was made of. */
  #published: unknown
  /** Whether the state has changed since. */
  #isDirty = false
  #measured: { readonly revision: number; readonly bytes: number } | undefined
  #listeners: Listeners<unknown> | undefined

  constructor(definition: ComponentDefinition, host: InstanceHost, own: Identity, actor: Options<unknown>) {
    const { origin } = own
    this.id = own.id
    this.key = own.key
    this.props = own.props
    this.principal = own.principal
    this.definition = definition
    this.#host = host
    this.#origin = origin?.state
    this.#revision = origin?.revision ?? 0
    this.checkpoint = new Checkpoint(origin?.epoch ?? 1, origin === undefined ? "first" : "later")
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

  /** The state as clients see it. */
  get encoded(): Encoded {
    return this.#encoded as Encoded
  }

  get revision(): number {
    return this.#revision
  }

  /** What clients are told of its life. */
  get clientStatus(): InstanceStatus {
    return this.#status
  }

  get conflateAfter(): number {
    return this.#host.config.conflateAfter
  }

  /** Whether somebody reads who is not away. */
  get isRead(): boolean {
    for (const { isAway } of this.cursors) if (!isAway) return true
    return false
  }

  /** Roughly what it holds for its readers: its state and the changes they have not seen, in bytes of ASCII. */
  get bytes(): number {
    const revision = this.#revision
    if (this.#measured?.revision !== revision) {
      this.#measured = { revision, bytes: JSON.stringify(this.#encoded).length }
    }
    return this.#measured.bytes + this.logs.bytes + (this.#views?.bytes ?? 0)
  }

  /** Says something in the log of the server. */
  report(log: Effect.Effect<void>): void {
    this.#host.run(Effect.annotateLogs(log, { component: this.address }))
  }

  /** The state it begins with. */
  initial(): unknown {
    const { codec } = this.definition.component
    const origin = this.#origin
    this.#origin = undefined
    return freeze(origin === undefined ? codec.initial(this.props) : codec.state.decode(origin))
  }

  /** Calls the listener with the state after each change, until the function returned is called. */
  listen(listener: (state: unknown) => void): () => void {
    this.#listeners ??= new Listeners((defect) =>
      this.report(Effect.logError("A listener of a component failed", Cause.die(defect)))
    )
    return this.#listeners.add(listener)
  }

  /** A cursor at the present; throws when the view of its client does. */
  open(sink: Subscriber): StateCursor<Subscriber> {
    const view = this.#views?.of(sink.client, this.cell.state)
    const cursor = new StateCursor(view ?? this, sink)
    view?.cursors.add(cursor)
    this.cursors.set(cursor, cursor)
    return cursor
  }

  /** The reader wants no more. */
  close(cursor: StateCursor<Subscriber>): void {
    this.cursors.delete(cursor)
    cursor.end()
    this.#views?.leave(cursor)
  }

  /** The reader's client is back, and was told this much; undefined: it is to be told everything. */
  resume(cursor: StateCursor<Subscriber>, from: ResumePoint | undefined): void {
    this.#views?.review(cursor.sink.client, this.cell.state)
    cursor.resume(from)
    this.#host.keep(this)
  }

  /** What a client is told when it mounts, which knows of what was said to those who have mounted it up to this event. */
  snapshot({ source }: StateCursor, index: number): Mounted {
    const { encoded, epoch, id, revision } = source
    const state = encoded as Mounted["state"]
    return { componentId: id, epoch, revision, index, state, status: source.clientStatus ?? this.#status }
  }

  /** A token of it is going to be told: now, or with the next round. */
  keep(when: "now" | "soon"): void {
    if (when === "now") this.#host.run(this.#host.seal(this))
    else this.#host.keep(this)
  }

  /** Tells its readers of a token of its state. */
  sealed(token: string): void {
    const serial = this.checkpoint.sealed()
    for (const source of this.#views ?? [this]) {
      const { encoded, epoch, id, key, revision } = source
      source.logs.seal({ serial, token, told: { encoded, epoch, id, key, revision } })
    }
    this.#wake()
  }

  confirm(serial: number): void {
    this.checkpoint.confirm(serial)
  }

  /** Its actor has another state. */
  changed(state: unknown): void {
    freeze(state)
    this.#isDirty = true
    this.#listeners?.tell(state)
  }

  /** Its actor is at another place in its life. */
  statusChanged(status: ActorStatus): void {
    if (status === "starting" || status === "stopping") return
    // The actor is back at its last good state, and what a crashed handler had shown is to be seen no longer.
    if (status === "restarting") this.refresh()
    this.#status = status
    this.#wake()
  }

  /** What has changed is seen. */
  refresh(): void {
    const before = this.#encoded
    if (!this.#isDirty && before !== undefined) return
    const { state } = this.cell
    const codec = this.definition.component.codec.state
    const after =
      before === undefined ? codec.encode(state) : codec.encode(state, { from: this.#published, to: before })
    const { patch, value } = Patch.change(before ?? after, after)
    this.#isDirty = false
    this.#published = state
    this.#encoded = value as Encoded
    if (patch.length === 0) return
    this.#revision++
    this.#host.keep(this)
    if (this.cursors.size === 0) return
    const by = this.cell.reference
    if (this.#views === undefined) this.logs.append(this, patch, by)
    else this.#views.publish(state, by)
    this.#wake()
  }

  #makeViews(): StateViews | undefined {
    const { component, view } = this.definition
    if (view === undefined) return undefined
    const failed = (defect: unknown) => this.report(Effect.logError("The view of a component failed", defect))
    return new StateViews(this, { view, codec: component.codec.state, config: this.#host.config, failed })
  }

  #wake(): void {
    for (const cursor of this.cursors) cursor.wake()
  }
}
