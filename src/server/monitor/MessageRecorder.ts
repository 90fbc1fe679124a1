/**
 * Makes a `RecordedMessage` of each message that an instance handles: encodes and redacts it, and compares the states
 * before and after. It does not keep them. A replay uses it, too, so that what happens then is described like what
 * happened before.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Handlers } from "../../actor/Activation.ts"
import type { Message } from "../../actor/Message.ts"
import { copy, type Json } from "../../Json.ts"
import { LiveError } from "../../LiveError.ts"
import * as Patch from "../../Patch.ts"
import type { Principal } from "../../Principal.ts"
import { placeholder } from "../../Redaction.ts"
import * as Thrown from "../../Thrown.ts"
import type * as ActionResult from "../instance/ActionResult.ts"
import * as Guard from "../instance/Guard.ts"
import * as HeardEvents from "../instance/HeardEvents.ts"
import type { InstanceActor } from "../instance/InstanceActor.ts"
import type { InstanceRecorder } from "../instance/InstanceRecorder.ts"
import { uploadOf } from "../instance/UploadHandlers.ts"
import { fieldOf } from "../../FieldTag.ts"
import type { ClientInfo } from "../sync/ClientInfo.ts"
import * as ContractJson from "./ContractJson.ts"
import type { RecordedCaller, RecordedMessage, RecordedOutcome } from "./Recording.ts"
import { Scrubber } from "./Scrubber.ts"
import type { Surroundings } from "./Surroundings.ts"

/** Where the messages of one instance go. */
export interface MessageSink {
  /** The Clock and Random of a message that begins. */
  readonly surroundings: () => Surroundings
  /** A message has ended. `before` is the redacted state before it. */
  readonly recorded: (message: RecordedMessage, before: Json) => void
  readonly stopped: () => void
  /** A message could not be recorded, and what follows would not fit to what is. */
  readonly failed: (defect: unknown) => void
  /** The names of the claims that are kept; undefined for all. */
  readonly claims: ReadonlySet<string> | undefined
}

/** A message that is being handled. */
interface Begun {
  readonly surroundings: Surroundings
  /** By the monotonic clock, in nanoseconds. */
  readonly since: bigint
  /** The redacted state. */
  readonly before: Json
  readonly described: Described
}

type Described = Pick<RecordedMessage, "kind" | "name" | "payload" | "caller">

/** Records the messages of one instance. */
export class MessageRecorder implements InstanceRecorder {
  readonly #actor: InstanceActor
  readonly #sink: MessageSink
  readonly #contract: ContractJson.ContractJson
  #begun: Begun | undefined

  constructor(actor: InstanceActor, sink: MessageSink) {
    this.#actor = actor
    this.#sink = sink
    this.#contract = ContractJson.of(actor.instance.definition.component)
  }

  /** The state as JSON, without secrets. */
  get state(): Json {
    const { cell, definition, encoded } = this.#actor.instance
    // Nothing is published before the first build has ended.
    const state = (encoded as Json | undefined) ?? definition.component.codec.state.encode(cell.state)
    return this.#contract.state.redaction.redact(state)
  }

  begun(message: Message): void {
    this.#begin(() => this.#describe(message))
  }

  handle<A>(handler: Effect.Effect<A, unknown, unknown>): Effect.Effect<A, unknown, unknown> {
    return this.#begun?.surroundings.provide(handler) ?? handler
  }

  build(build: Effect.Effect<Handlers, unknown, unknown>): Effect.Effect<Handlers, unknown, unknown> {
    this.#begin(() => ({ kind: "build", name: "" }))
    return Effect.tapCause(this.handle(build), (cause) =>
      Effect.sync(() => {
        if (!Cause.hasInterruptsOnly(cause)) this.#end(() => this.#crash(undefined, cause))
      })
    )
  }

  built(): void {
    this.#end(() => ({ _tag: "Success", result: null }))
  }

  ended(message: Message, exit: Exit.Exit<unknown, unknown>): void {
    this.#end(() => this.#outcome(message, exit))
  }

  crashed(message: Message | undefined, cause: Cause.Cause<unknown>): void {
    if (message === undefined) this.#begin(() => ({ kind: "background", name: "" }))
    this.#end(() => this.#crash(message, cause))
  }

  stopped(): void {
    this.#sink.stopped()
  }

  #begin(describe: () => Described): void {
    this.#guarded(() => {
      const surroundings = this.#sink.surroundings()
      const since = this.#clock.monotonicTimeNanosUnsafe()
      this.#begun = { surroundings, since, before: this.state, described: describe() }
    })
  }

  #end(outcome: () => RecordedOutcome): void {
    const begun = this.#begun
    this.#begun = undefined
    // It began before the recording did.
    if (begun === undefined) return
    const { before, described, since, surroundings } = begun
    surroundings.end()
    this.#guarded(() => {
      const micros = Number((this.#clock.monotonicTimeNanosUnsafe() - since) / 1000n)
      const recorded: RecordedMessage = {
        ...described,
        activation: Math.max(0, this.#actor.activation),
        at: surroundings.at,
        clock: surroundings.readings,
        seed: surroundings.seed,
        duration: micros / 1000,
        patch: Patch.diff(before, this.state),
        outcome: outcome()
      }
      this.#sink.recorded(recorded, before)
    })
  }

  #describe(message: Message): Described {
    const what = this.#what(message)
    if (what === undefined) return { kind: "update", name: "" }
    const part = this.#contract.payload(what.kind, what.name)
    // A handler may change its payload in place.
    const payload = part?.encode(message.payload)
    const caller = message.from as ClientInfo | undefined
    return {
      ...what,
      ...(part !== undefined && payload !== undefined && { payload: copy(part.redaction.redact(payload)) }),
      ...(caller !== undefined && { caller: this.#caller(caller) })
    }
  }

  #what({ run, tag }: Message): { readonly kind: ContractJson.MessageKind; readonly name: string } | undefined {
    // A file is not recorded: what its handler changes is.
    if (run !== undefined || uploadOf(tag) !== undefined) return undefined
    const field = fieldOf(tag)
    if (field !== undefined) return { kind: "property", name: field }
    const { actions } = this.#actor.instance.definition.component.codec
    return actions.has(tag) ? { kind: "action", name: tag } : { kind: "event", name: HeardEvents.eventOf(tag) }
  }

  #caller({ connection, principal }: ClientInfo): RecordedCaller {
    return principal === undefined ? { connection } : { connection, principal: this.#principal(principal) }
  }

  #principal({ claims, id }: Principal): NonNullable<RecordedCaller["principal"]> {
    if (claims === undefined) return { id }
    const kept = this.#sink.claims
    const known = (name: string) => kept === undefined || kept.has(name)
    return {
      id,
      claims: Object.fromEntries(
        Object.entries(claims).map(([name, value]) => [name, known(name) ? value : placeholder])
      )
    }
  }

  #outcome(message: Message, exit: Exit.Exit<unknown, unknown>): RecordedOutcome {
    const what = this.#what(message)
    const action = what?.kind === "action" ? what.name : undefined
    if (Exit.isSuccess(exit)) {
      if (action === undefined) return { _tag: "Success", result: null }
      const result = JSON.parse(exit.value as string) as Json
      return { _tag: "Success", result: this.#contract.success(action)?.redaction.redact(result) ?? null }
    }
    const failure = exit.cause.reasons.find(Cause.isFailReason)?.error
    if (failure === undefined) return { _tag: "Interrupted", by: this.#interruptor(message) }
    if (!Thrown.isA(failure, LiveError)) {
      const { text } = failure as ActionResult.Failure
      const error = this.#contract.error(action ?? "")?.redaction.redact(JSON.parse(text) as Json) ?? null
      return { _tag: "Failure", error: this.#scrubber(message).json(error) }
    }
    const { message: said, reason } = failure
    if (reason._tag === "NotAllowed" && reason.what === Guard.nameOf(this.#actor.address, message.tag)) {
      return { _tag: "Refused" }
    }
    return { _tag: "Failure", error: { _tag: reason._tag, message: this.#scrubber(message).text(said) } }
  }

  #interruptor({ overdue }: Message): "timeout" | "restart" | "caller" {
    if (overdue) return "timeout"
    return this.#actor.instance.cell.status === "restarting" ? "restart" : "caller"
  }

  #crash(message: Message | undefined, cause: Cause.Cause<unknown>): RecordedOutcome {
    return { _tag: "Crash", cause: this.#scrubber(message).text(Thrown.describeCause(cause)) }
  }

  /** Takes the secrets of a message out of texts that no schema describes. */
  #scrubber(message: Message | undefined): Scrubber {
    const scrubber = new Scrubber()
    const { encoded, props } = this.#actor.instance
    const what = message && this.#what(message)
    const part = what && this.#contract.payload(what.kind, what.name)
    scrubber.learn(part, part?.encode(message?.payload))
    scrubber.learn(this.#contract.state, encoded as Json | undefined)
    scrubber.learn(this.#contract.props, this.#contract.props.encode(props))
    return scrubber
  }

  get #clock(): Clock.Clock {
    return Context.get(this.#actor.context, Clock.Clock)
  }

  #guarded(record: () => void): void {
    try {
      record()
    } catch (defect) {
      this.#begun = undefined
      this.#sink.failed(defect)
    }
  }
}
