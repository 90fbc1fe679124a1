/**
 * A component as an actor: one writer, a revision per change, and readers that follow. A change is encoded, compared and
 * turned to text once, however many read it; a reader is a cursor, never a queue. Who reads, and over what, is not known here.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { ActorCell, type Status as ActorStatus } from "../actor/ActorCell.ts"
import { Overflow } from "../actor/Mailbox.ts"
import * as RestartPolicy from "../actor/RestartPolicy.ts"
import type * as Component from "../Component.ts"
import { ComponentCrashed, LiveError } from "../LiveError.ts"
import type { ComponentId } from "../LiveId.ts"
import type { Mounted, Status } from "../LiveProtocol.ts"
import * as Patch from "../Patch.ts"
import type { Encoded } from "../StateCodec.ts"
import { ChangeLog } from "./ChangeLog.ts"
import type * as LiveConfig from "./LiveConfig.ts"
import { Reader } from "./Reader.ts"

/** A component with the behaviour that runs it. */
export interface Served {
  readonly component: Component.Any
  readonly behavior: Component.Behavior
}

const defaultShutdown = Duration.seconds(5)

/** One running component. */
export class Instance {
  readonly id: ComponentId
  readonly served: Served
  readonly cell: ActorCell<unknown>
  readonly log: ChangeLog
  /** The state as clients see it, and how many changes led to it. */
  encoded!: Encoded
  revision = 0
  /** What clients are told of its life. */
  clientStatus: Status = "running"
  #published: unknown
  #dirty = false
  #activation = -1
  readonly #readers = new Set<Reader>()
  #listeners: Set<(state: unknown) => void> | undefined

  constructor(
    served: Served,
    options: {
      readonly id: ComponentId
      readonly key: string | undefined
      readonly props: unknown
      readonly context: Context.Context<never>
      readonly config: LiveConfig.Service
    }
  ) {
    const { behavior, component } = served
    const numbers = behavior.options
    this.id = options.id
    this.served = served
    this.log = new ChangeLog(options.config)
    this.cell = new ActorCell<unknown>({
      address: component.componentName,
      initial: () => component.codec.initial(options.props),
      build: Effect.suspend(() => {
        this.#activation++
        return behavior.build
      }),
      context: Context.add(
        Context.merge(options.context, behavior.context),
        component as unknown as Context.Key<never, unknown>,
        this.#self(options.key, options.props)
      ),
      capacity: numbers.mailboxCapacity ?? 256,
      overflow: Overflow.fail,
      restart: RestartPolicy.make(numbers.restart),
      handlerTimeout: numbers.callTimeout === undefined ? undefined : Duration.fromInputUnsafe(numbers.callTimeout),
      observer: this
    })
  }

  /** Computes the first state and runs the build. */
  start(): Effect.Effect<void, LiveError> {
    const component = this.served.component.componentName
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
    const { shutdown } = this.served.behavior.options
    return this.cell.stop(shutdown === undefined ? defaultShutdown : Duration.fromInputUnsafe(shutdown))
  }

  /** A cursor at the present; `wake` is called once whenever there is something to read. */
  read(wake: (reader: Reader) => void): Reader {
    const reader = new Reader(this, wake)
    this.#readers.add(reader)
    return reader
  }

  /** The reader wants no more. */
  leave(reader: Reader): void {
    this.#readers.delete(reader)
    if (reader.behind) this.log.caughtUp()
  }

  /** What a client is told when it mounts. */
  snapshot(): Mounted {
    return {
      componentId: this.id,
      revision: this.revision,
      state: this.encoded as Mounted["state"],
      status: this.clientStatus
    }
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
    if (this.#readers.size === 0) return
    this.log.append("patch", patched(this.id, this.revision, patch))
    this.#wake()
  }

  #broadcast(name: string, payload: unknown): Effect.Effect<void> {
    return Effect.suspend(() => {
      const event = this.served.component.codec.events.get(name)
      if (event === undefined)
        return Effect.die(new Error(`"${this.cell.options.address}" declares no event "${name}".`))
      const encoded = event.encode(payload)
      if (Exit.isFailure(encoded)) return Effect.die(Cause.squash(encoded.cause))
      if (this.#readers.size === 0) return Effect.void
      // What happened before the event is to be seen before it.
      this.#publish()
      this.log.append("event", broadcast(this.id, name, encoded.value))
      this.#wake()
      return Effect.void
    })
  }

  #wake(): void {
    for (const reader of this.#readers) reader.wake()
  }

  #self(
    key: string | undefined,
    props: unknown
  ): Component.Instance<unknown, unknown, { readonly [name: string]: never }> {
    const instance = this
    return {
      id: this.id,
      key,
      props,
      get activation() {
        return instance.#activation
      },
      get: Effect.sync(() => this.cell.state),
      set: (state) => Effect.asVoid(this.cell.change(() => state)),
      update: (f) => this.cell.change(f),
      changes: Stream.callback<unknown>(
        (queue) =>
          Effect.acquireRelease(
            Effect.sync(() => {
              const listener = (state: unknown) => void Queue.offerUnsafe(queue, state)
              ;(this.#listeners ??= new Set()).add(listener)
              listener(this.cell.state)
              return listener
            }),
            (listener) => Effect.sync(() => this.#listeners?.delete(listener))
          ),
        { bufferSize: 1, strategy: "sliding" }
      ),
      broadcast: (event: string, payload: unknown) => this.#broadcast(event, payload)
    }
  }
}

const patched = (id: ComponentId, revision: number, patch: Patch.Patch): string =>
  `{"_tag":"Patched","componentId":"${id}","revision":${revision},"patch":${JSON.stringify(patch)}}`

const broadcast = (id: ComponentId, event: string, payload: unknown): string =>
  `{"_tag":"Event","componentId":"${id}","event":${JSON.stringify(event)},"payload":${JSON.stringify(payload ?? null)}}`
