/**
 * A component as an actor: one writer, a revision per change, and readers that follow. A change is encoded, compared and
 * turned to text once, however many read it; a reader is a cursor, never a queue. Who reads, and over what, is not known here,
 * nor where its state is kept: whoever keeps it is told that there is something to keep.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Handlers } from "../actor/Activation.ts"
import { ActorCell, type Observer, type Options, type Status as ActorStatus } from "../actor/ActorCell.ts"
import type { Overflow } from "../actor/Mailbox.ts"
import type { RestartPolicy } from "../actor/RestartPolicy.ts"
import { ComponentCrashed, LiveError } from "../LiveError.ts"
import type { ComponentId } from "../LiveId.ts"
import type { Mounted, Status } from "../LiveProtocol.ts"
import * as Patch from "../Patch.ts"
import type { Encoded } from "../StateCodec.ts"
import * as ActionResult from "./ActionResult.ts"
import { ChangeLog } from "./ChangeLog.ts"
import type * as LiveConfig from "./LiveConfig.ts"
import type { Principal } from "../Principal.ts"
import { Reader, type ReaderSink } from "./Reader.ts"
import { Self } from "./Self.ts"
import type { Served } from "./Served.ts"

type SelfKey = Context.Key<never, Self>

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

/** Keeps the state of instances. */
export interface Keeper {
  /** There is something of it that is not kept yet. */
  readonly keep: (instance: Instance) => void
}

/** One running component. */
export class Instance implements Options<unknown>, Observer<unknown> {
  readonly id: ComponentId
  readonly key: string | undefined
  readonly props: unknown
  readonly principal: Principal | undefined
  readonly served: Served
  readonly context: Context.Context<never>
  readonly log: ChangeLog
  readonly cell: ActorCell<unknown>
  readonly epoch: number
  /** The state as clients see it, and how many changes led to it. */
  encoded!: Encoded
  revision: number
  /** Events so far. */
  events = 0
  /** The last token that was sealed, and the last its client has confirmed; 0 for none. */
  serial = 0
  confirmed = 0
  /** The last token somebody has come back with. */
  spent: { readonly epoch: number; readonly serial: number } | undefined
  /** The revision that was stored last. */
  written = -1
  readonly conflateAfter: number
  /** What clients are told of its life. */
  clientStatus: Status = "running"
  /** How often the behaviour was built before. */
  activation = -1
  readonly #keeper: Keeper
  #origin: Encoded | undefined
  #published: unknown
  #measured: { readonly revision: number; readonly bytes: number } | undefined
  #dirty = false
  readonly #readers = new Set<Reader>()
  #listeners: Set<(state: unknown) => void> | undefined

  constructor(served: Served, config: LiveConfig.Service, keeper: Keeper, own: Identity) {
    this.id = own.id
    this.key = own.key
    this.props = own.props
    this.principal = own.principal
    this.served = served
    this.epoch = own.origin?.epoch ?? 1
    this.revision = own.origin?.revision ?? 0
    this.#origin = own.origin?.state
    this.#keeper = keeper
    this.conflateAfter = config.conflateAfter
    this.context = Context.add(served.context, served.component as unknown as SelfKey, new Self(this))
    this.log = new ChangeLog(config)
    this.cell = new ActorCell<unknown>(this)
  }

  get address(): string {
    return this.served.component.componentName
  }

  get build(): Effect.Effect<Handlers, unknown, unknown> {
    this.activation++
    return this.served.build
  }

  get capacity(): number {
    return this.served.capacity
  }

  get overflow(): Overflow {
    return this.served.overflow
  }

  get restart(): RestartPolicy {
    return this.served.restart
  }

  get handlerTimeout(): Duration.Duration | undefined {
    return this.served.handlerTimeout
  }

  get observer(): Observer<unknown> {
    return this
  }

  finish(action: string, answer: Effect.Effect<unknown, unknown, unknown>): Effect.Effect<string, string, unknown> {
    const codec = this.served.component.codec.actions.get(action)
    return codec === undefined
      ? Effect.die(new Error(`There is no action "${action}".`))
      : ActionResult.encode(answer, codec)
  }

  initial(): unknown {
    const { codec } = this.served.component
    const origin = this.#origin
    this.#origin = undefined
    return origin === undefined ? codec.initial(this.props) : codec.state.decode(origin)
  }

  /** Computes the first state and runs the build. */
  start(): Effect.Effect<void, LiveError> {
    const component = this.address
    return Effect.catchCause(this.cell.start(), (cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.interrupt
        : Effect.andThen(
            Effect.annotateLogs(Effect.logWarning("A component failed to start", cause), { component }),
            Effect.fail(new LiveError({ reason: new ComponentCrashed({ component }) }))
          )
    )
  }

  /** Lets it finish what it has begun, for as long as its behaviour allows. */
  stop(): Effect.Effect<void> {
    return this.cell.stop(this.served.shutdown)
  }

  /** A cursor at the present. */
  read(sink: ReaderSink): Reader {
    const reader = new Reader(this, sink)
    this.#readers.add(reader)
    return reader
  }

  /** The reader wants no more. */
  leave(reader: Reader): void {
    if (!this.#readers.delete(reader)) return
    reader.back()
    if (reader.behind) this.log.caughtUp()
    if (this.#readers.size === 0) this.log.clear()
  }

  /** Whether somebody reads who is not away. */
  get isRead(): boolean {
    return this.#readers.size > this.log.away
  }

  /** Roughly what it holds for its readers: its state and the changes they have not seen, in bytes of ASCII. */
  get bytes(): number {
    const { revision } = this
    if (this.#measured?.revision !== revision) {
      this.#measured = { revision, bytes: JSON.stringify(this.encoded).length }
    }
    return this.#measured.bytes + this.log.bytes
  }

  /** Tells its readers of the newest token of its state. */
  sealed(token: string): void {
    const text = `{"_tag":"Sealed","componentId":"${this.id}","token":"${token}"}`
    this.log.seal = { serial: ++this.serial, text }
    this.#wake()
  }

  /** What a client is told when it mounts. */
  snapshot(): Mounted {
    return {
      componentId: this.id,
      epoch: this.epoch,
      revision: this.revision,
      index: this.events,
      state: this.encoded as Mounted["state"],
      status: this.clientStatus
    }
  }

  /** Calls the listener with the state after each change, until the function returned is called. */
  listen(listener: (state: unknown) => void): () => void {
    const listeners = (this.#listeners ??= new Set())
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  changed(state: unknown): void {
    this.#dirty = true
    this.#listeners?.forEach((listener) => listener(state))
  }

  settled(): void {
    this.#publish()
  }

  suspended(): void {
    this.#publish()
  }

  status(status: ActorStatus): void {
    if (status === "starting" || status === "stopping") return
    // The actor is back at its last good state, and what a crashed handler had shown is to be seen no longer.
    if (status === "restarting") this.#publish()
    this.clientStatus = status
    this.#wake()
  }

  #publish(): void {
    const { state } = this.cell
    if (!this.#dirty && this.encoded !== undefined) return
    const before = this.encoded
    const codec = this.served.component.codec.state
    const after =
      before === undefined ? codec.encode(state) : codec.encode(state, { from: this.#published, to: before })
    this.#dirty = false
    this.#published = state
    this.encoded = after
    if (before === undefined || before === after) return
    const patch = Patch.diff(before, after)
    if (patch.length === 0) return
    this.revision++
    this.#keeper.keep(this)
    if (this.#readers.size === 0) return
    this.log.append("patch", this.revision, this.#patched(patch))
    this.#wake()
  }

  /** Sends an event to whoever reads this instance. */
  broadcast(name: string, payload: unknown): Effect.Effect<void> {
    return Effect.suspend(() => {
      const event = this.served.component.codec.events.get(name)
      if (event === undefined) return Effect.die(new Error(`"${this.address}" declares no event "${name}".`))
      const encoded = event.encode(payload)
      if (Exit.isFailure(encoded)) return Effect.die(Cause.squash(encoded.cause))
      if (this.#readers.size === 0) return Effect.void
      // What happened before the event is to be seen before it.
      this.#publish()
      this.log.append("event", ++this.events, this.#broadcast(name, encoded.value))
      this.#wake()
      return Effect.void
    })
  }

  #wake(): void {
    for (const reader of this.#readers) reader.wake()
  }

  #patched(patch: Patch.Patch): string {
    const { epoch, id, revision } = this
    return `{"_tag":"Patched","componentId":"${id}","epoch":${epoch},"revision":${revision},"patch":${JSON.stringify(patch)}}`
  }

  #broadcast(event: string, payload: unknown): string {
    const texts = `"event":${JSON.stringify(event)},"payload":${JSON.stringify(payload ?? null)}`
    return `{"_tag":"Event","componentId":"${this.id}","index":${this.events},${texts}}`
  }
}
