/**
 * Runs an instance as an actor: builds its behaviour with the instance as a service, guards its handlers, encodes their
 * results, and passes state and status on to the instance and its rooms. It runs while somebody holds it, and ends
 * once.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Tracer from "effect/Tracer"
import * as Begun from "../../actor/Begun.ts"
import * as Log from "../../Log.ts"
import type { Handlers } from "../../actor/Activation.ts"
import type { Observer, Options, Status } from "../../actor/ActorCell.ts"
import type { Message } from "../../actor/Message.ts"
import type { Overflow } from "../../actor/Mailbox.ts"
import type { RestartPolicy } from "../../actor/RestartPolicy.ts"
import { ComponentCrashed, isOfRequest, type LiveError, passedOn, refuse } from "../../LiveError.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import type { RightsInForce } from "../security/RightsInForce.ts"
import type { ComponentDefinition } from "./ComponentDefinition.ts"
import * as CrashReport from "./CrashReport.ts"
import * as Guard from "./Guard.ts"
import { Instance, type InstanceHost } from "./Instance.ts"
import type { InstanceIdentity } from "./InstanceIdentity.ts"
import type { InstanceRecorder } from "./InstanceRecorder.ts"
import { InstanceRooms, type RoomsHost } from "./InstanceRooms.ts"
import { MessageSpan, type SpanHost } from "./Tracing.ts"

/** What all instances of a server share. */
export interface ActorHost extends InstanceHost, RoomsHost {
  readonly config: LiveConfig.Settings
  readonly rights: RightsInForce
  readonly spans: SpanHost
  /** The instance as its behaviour sees it. */
  readonly selfOf: (actor: InstanceActor) => object
  /**
   * Milliseconds since the server began. For the first weeks this is a small integer, which takes no memory of its own.
   */
  readonly age: () => number
  /** Completes when the server ends and nothing more is waited for. */
  readonly over: Effect.Effect<void>
}

type SelfKey = Context.Key<never, object>

/** A running instance. */
export class InstanceActor implements Options<unknown>, Observer<unknown> {
  readonly instance: Instance
  /** The age of the server when this instance began. */
  readonly startedAt: number
  readonly #host: ActorHost
  #rooms: InstanceRooms | undefined
  #self: object | undefined
  #activation = -1
  #holders = 1
  #recorder: InstanceRecorder | undefined
  #ended: Deferred.Deferred<void> | undefined
  /** What runs for this instance beside it. */
  #children: Set<() => void> | undefined
  /** The span of the message that is being handled, if somebody traces. */
  #span: MessageSpan | undefined

  constructor(definition: ComponentDefinition, host: ActorHost, own: InstanceIdentity) {
    this.#host = host
    this.startedAt = host.age()
    this.instance = new Instance(definition, host, own, this)
  }

  get #definition(): ComponentDefinition {
    return this.instance.definition
  }

  /** The number of restarts; -1 before the first build. */
  get activation(): number {
    return this.#activation
  }

  /** Undefined while nothing is recorded. */
  get recorder(): InstanceRecorder | undefined {
    return this.#recorder
  }

  /** Records with this recorder from now on, or with none. */
  record(recorder: InstanceRecorder | undefined): void {
    this.#recorder = recorder
  }

  /** Its rooms, events and presence. */
  get rooms(): InstanceRooms {
    return (this.#rooms ??= new InstanceRooms(this.instance, this.#host))
  }

  /** The same; undefined when it uses none of them. */
  get roomsIfAny(): InstanceRooms | undefined {
    return this.#definition.component.codec.presence === undefined ? this.#rooms : this.rooms
  }

  /** The names of the rooms it has joined. */
  get roomNames(): ReadonlyArray<string> {
    return this.#rooms?.names ?? []
  }

  /** Adds a holder. */
  hold(): void {
    this.#holders++
  }

  /** Removes a holder; returns whether it was the last. */
  letGo(): boolean {
    return --this.#holders <= 0
  }

  /** The number of things that run for it beside it. */
  get children(): number {
    return this.#children?.size ?? 0
  }

  /** Calls the listener when it has stopped; the function returned removes it. */
  onStop(listener: () => void): () => void {
    const children = (this.#children ??= new Set())
    const own = () => listener()
    children.add(own)
    return () => children.delete(own)
  }

  /** Computes the first state and builds the behaviour. It begins at once: what has started then is an Exit. */
  startUnsafe(): Effect.Effect<void, LiveError> {
    const component = this.address
    const started = this.instance.cell.startUnsafe()
    if (Begun.doneOf(started) !== undefined) return Exit.void
    return Effect.catchCause(started, (cause) => {
      if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
      const passed = passedOn(cause.reasons.find(Cause.isFailReason)?.error)
      // The client would send its mount again, and with it all others.
      if (passed !== undefined && !isOfRequest(passed)) return Effect.fail(passed)
      const said = Log.error("A component failed to start", { ...this.labels, cause })
      return Effect.andThen(said, refuse(new ComponentCrashed({ component })))
    })
  }

  /** Stops it after the messages it has begun, within the shutdown time of its behaviour. */
  get stop(): Effect.Effect<void> {
    return this.instance.cell.stop(this.#definition.shutdown)
  }

  /** Runs `ending` once, in a fiber of its own. All calls wait for it, until the server ends. */
  end(ending: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#ended === undefined) {
        const ended = (this.#ended = Deferred.makeUnsafe())
        const tried = Log.ignore(ending, "A component failed to stop", { ...this.labels, level: "Error" })
        this.#host.run(
          Effect.ensuring(
            tried,
            Effect.sync(() => Deferred.doneUnsafe(ended, Exit.void))
          )
        )
      }
      return this.ending ?? Effect.void
    })
  }

  /** Waits for the end, or for the end of the server; undefined while nobody has asked for it. */
  get ending(): Effect.Effect<void> | undefined {
    const ended = this.#ended
    if (ended === undefined) return undefined
    return Deferred.isDoneUnsafe(ended) ? Effect.void : Effect.raceFirst(Deferred.await(ended), this.#host.over)
  }

  get address(): string {
    return this.instance.address
  }

  get context(): Context.Context<never> {
    return this.#definition.context
  }

  /** The services of its behaviour, including the instance itself. */
  get activationContext(): Context.Context<never> {
    const { component, context } = this.#definition
    return Context.add(context, component as unknown as SelfKey, (this.#self ??= this.#host.selfOf(this)))
  }

  /** The labels of the instance in the log. */
  get labels(): Log.LogDetails {
    return this.instance.labels
  }

  get build(): Effect.Effect<Handlers, unknown, unknown> {
    return Effect.suspend(() => {
      if (++this.#activation > 0) this.instance.stats.restarted()
      const { component } = this.#definition
      const { rights } = this.#host
      const build = this.#recorder?.build(this.#definition.build) ?? this.#definition.build
      if (!rights.guards(component.componentName)) return build
      return Effect.map(build, (handlers) => Guard.guard(handlers, rights, component, this.instance.key))
    })
  }

  get capacity(): number {
    return this.#definition.capacity
  }

  get overflow(): Overflow {
    return this.#definition.overflow
  }

  get restart(): RestartPolicy {
    return this.#definition.restart
  }

  get handlerTimeout(): Duration.Duration {
    return this.#definition.handlerTimeout
  }

  get buildTimeout(): Duration.Duration {
    return this.#definition.buildTimeout
  }

  get shutdown(): Duration.Duration {
    return this.#definition.shutdown
  }

  get over(): Effect.Effect<void> {
    return this.#host.over
  }

  get observer(): Observer<unknown> {
    return this
  }

  crashDetails(message: Message | undefined, cause: Cause.Cause<unknown>): Log.LogDetails {
    return CrashReport.of(message, cause, Math.max(0, this.#activation))
  }

  initial(): unknown {
    return this.instance.initial()
  }

  finish(action: string, answer: Effect.Effect<unknown, unknown, unknown>): Effect.Effect<unknown, unknown, unknown> {
    const span = this.#span
    const handled = span === undefined ? answer : Effect.provideService(answer, Tracer.ParentSpan, span.parent)
    // A message that is neither an action nor a write is an event, whose result nobody waits for.
    const result = this.#definition.results.has(action) ? handled : this.#heard(action, handled)
    return this.#recorder?.handle(result) ?? result
  }

  encode(action: string, exit: Exit.Exit<unknown, unknown>): Exit.Exit<unknown, unknown> {
    return this.#definition.results.get(action)?.(exit) ?? exit
  }

  changed(state: unknown): void {
    this.instance.changed(state)
  }

  restore(lastGood: unknown): unknown {
    return this.instance.restore(lastGood)
  }

  settled(): void {
    this.instance.settled()
    if (this.#recorder !== undefined && this.instance.isBuilding) this.#recorder.built()
  }

  suspended(): void {
    this.instance.publish()
  }

  queued(message: Message): void {
    this.instance.stats.queued(message)
  }

  begun(message: Message): void {
    this.instance.stats.begun(message)
    const { tracer } = this.#definition
    if (tracer !== undefined) this.#span = new MessageSpan(tracer, this.#host.spans, message, this.instance.labels)
  }

  continued(message: Message): void {
    this.instance.stats.continued(message)
  }

  ended(message: Message, exit: Exit.Exit<unknown, unknown>): void {
    this.instance.stats.ended(message, exit)
    if (this.#span !== undefined) this.#endSpan(exit)
  }

  crashed(message: Message | undefined, cause: Cause.Cause<unknown>): void {
    this.instance.stats.crashed(message)
    if (this.#span !== undefined) this.#endSpan(Exit.failCause(cause))
    this.#host.happened(message?.overdue === true ? "killed" : "crashed", this.instance, message?.tag)
  }

  overdue(message: Message): void {
    this.#host.happened("interrupted", this.instance, message.tag)
  }

  probed(): void {
    if (this.instance.clientStatus === "faulted") this.#host.happened("probed", this.instance)
  }

  status(status: Status): void {
    this.instance.statusChanged(status)
    if (status === "stopped") {
      this.#rooms?.end()
      this.#recorder?.stopped()
      for (const stopped of this.#children ?? []) stopped()
      if (this.#span !== undefined) this.#endSpan(Exit.interrupt())
    } else if (status === "faulted") this.#host.happened("faulted", this.instance)
    else if (status === "running" && this.#activation > 0) this.#host.happened("restarted", this.instance)
  }

  #endSpan(exit: Exit.Exit<unknown, unknown>): void {
    this.#span?.end(exit)
    this.#span = undefined
  }

  #heard(tag: string, answer: Effect.Effect<unknown, unknown, unknown>): Effect.Effect<unknown, never, unknown> {
    return answer.pipe(
      Effect.catch((cause) => Log.warning(`"${this.address}" failed to handle "${tag}"`, { ...this.labels, cause }))
    )
  }
}
