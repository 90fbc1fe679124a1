/**
 * The flight recorder: keeps the last messages of chosen instances, so that a crash can be run again as a test
 * (`LiveTest.replay`). Nothing is recorded that nobody asked for: all instances of the components that `layer` lists, and
 * single instances with `start`.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Monotonic from "../../actor/Monotonic.ts"
import type * as Component from "../../Component.ts"
import type { Json } from "../../Json.ts"
import * as Log from "../../Log.ts"
import type { InstanceActor } from "../instance/InstanceActor.ts"
import { InstanceRecorders, type Recorders } from "../instance/InstanceRecorders.ts"
import * as ContractJson from "./ContractJson.ts"
import { MessageRecorder, type MessageSink } from "./MessageRecorder.ts"
import { formatVersion, type RecordedMessage, type Recording } from "./Recording.ts"
import { Recordings } from "./Recordings.ts"
import { Surroundings } from "./Surroundings.ts"
import { Tape } from "./Tape.ts"

/** The options of a recorder. Bytes are characters of JSON. */
export interface RecorderOptions {
  /** Components of which every instance is recorded from its start (none). */
  readonly components?: ReadonlyArray<Component.Any>
  /** Messages of one instance, the last ones (50). */
  readonly messages?: number
  /** Bytes of one instance: its state before the first message, and the messages (262 144). */
  readonly maxBytes?: number
  /** Bytes of all instances together; what is largest goes first (16 777 216). */
  readonly maxTotalBytes?: number
  /** The claims of principals that are recorded; others are `[redacted]` (none). */
  readonly claims?: ReadonlyArray<string>
  /** Instances of which the last crash is kept, whatever they do afterwards (32). */
  readonly crashes?: number
  /** How long it is kept (24 hours). */
  readonly keepFor?: Duration.Input
}

/** An instance of which there is a recording. */
export interface RecordingInfo {
  readonly id: string
  readonly component: string
  readonly key: string | undefined
  /** Whether it is recorded now. */
  readonly isRecording: boolean
  /** Messages that are kept of it now. */
  readonly messages: number
  /** When it crashed last while it was recorded, in milliseconds since 1970; undefined when that is not kept. */
  readonly crashedAt: number | undefined
}

/** Records instances of this process. */
export class Recorder extends Context.Service<
  Recorder,
  {
    /** Records an instance from now on. Gives false when no such instance runs here. */
    readonly start: (instanceId: string) => Effect.Effect<boolean>
    /** Stops recording it, and forgets what was recorded, except its last crash. */
    readonly stop: (instanceId: string) => Effect.Effect<void>
    /** What is recorded of it now; when it is not recorded any more, what was at its last crash. */
    readonly get: (instanceId: string) => Effect.Effect<Option.Option<Recording>>
    /** What was recorded of it when it crashed last: the last message is the one that crashed. */
    readonly crash: (instanceId: string) => Effect.Effect<Option.Option<Recording>>
    readonly list: Effect.Effect<ReadonlyArray<RecordingInfo>>
  }
>()("fibra/server/Recorder") {}

/** An instance that is recorded. */
interface Recorded {
  readonly actor: InstanceActor
  readonly tape: Tape
  readonly recorder: MessageRecorder
}

class FlightRecorder implements Recorders {
  readonly #recordings: Recordings
  readonly #recorded = new Map<string, Recorded>()
  readonly #limits: { readonly messages: number; readonly maxBytes: number }
  readonly #components: ReadonlySet<Component.Any>
  readonly #claims: ReadonlySet<string>
  readonly #failed: (actor: InstanceActor, defect: unknown) => void
  /** Those of the servers that share this recorder. */
  readonly #finders = new Set<(id: string) => InstanceActor | undefined>()

  constructor(options: RecorderOptions, clock: Clock.Clock, failed: (actor: InstanceActor, defect: unknown) => void) {
    this.#limits = { messages: options.messages ?? 50, maxBytes: options.maxBytes ?? 2 ** 18 }
    this.#components = new Set(options.components)
    this.#claims = new Set(options.claims)
    this.#failed = failed
    const limits = {
      maxTotalBytes: options.maxTotalBytes ?? 2 ** 24,
      crashes: options.crashes ?? 32,
      keepFor: Duration.toMillis(options.keepFor ?? "24 hours")
    }
    this.#recordings = new Recordings(limits, () => Monotonic.millisUnsafe(clock))
  }

  attach: Recorders["attach"] = (find) =>
    Effect.asVoid(
      Effect.acquireRelease(
        Effect.sync(() => this.#finders.add(find)),
        () => Effect.sync(() => this.#finders.delete(find))
      )
    )

  begin: Recorders["begin"] = (actor) => {
    if (this.#components.has(actor.instance.definition.component)) this.#record(actor)
  }

  start(id: string): boolean {
    for (const find of this.#finders) {
      const actor = find(id)
      if (actor === undefined) continue
      if (actor.recorder === undefined) this.#record(actor)
      return true
    }
    return false
  }

  stop(id: string): void {
    const recorded = this.#recorded.get(id)
    if (recorded === undefined) return
    recorded.actor.record(undefined)
    this.#recorded.delete(id)
    this.#recordings.end(id)
  }

  get(id: string): Recording | undefined {
    const recorded = this.#recorded.get(id)
    return recorded && recordingOf(recorded)
  }

  crash(id: string): Recording | undefined {
    return this.#recordings.crashes.get(id)?.recording
  }

  list(): ReadonlyArray<RecordingInfo> {
    const crashes = this.#recordings.crashes
    const live = Array.from(this.#recorded, ([id, { actor, tape }]) => ({
      id,
      component: actor.address,
      key: actor.instance.key,
      isRecording: true,
      messages: tape.size,
      crashedAt: crashes.get(id)?.at
    }))
    const past = Array.from(crashes)
      .filter(([id]) => !this.#recorded.has(id))
      .map(([id, { at, recording }]) => ({
        id,
        component: recording.component,
        key: recording.key,
        isRecording: false,
        messages: 0,
        crashedAt: at
      }))
    return [...live, ...past]
  }

  #record(actor: InstanceActor): void {
    const { id } = actor.instance
    const tape = new Tape(this.#limits)
    const clock = Context.get(actor.context, Clock.Clock)
    const random = Context.get(actor.context, Random.Random)
    const sink: MessageSink = {
      surroundings: () => Surroundings.record(clock, random),
      recorded: (message, before) => this.#add(actor, message, before),
      stopped: () => this.#stopped(actor),
      failed: (defect) => {
        this.#stopped(actor)
        this.#failed(actor, defect)
      },
      claims: this.#claims
    }
    const recorder = new MessageRecorder(actor, sink)
    actor.record(recorder)
    this.#recorded.set(id, { actor, tape, recorder })
    this.#recordings.begin(id, tape)
  }

  #add(actor: InstanceActor, message: RecordedMessage, before: Json): void {
    const recorded = this.#recorded.get(actor.instance.id)
    // A later life of the instance may have begun.
    if (recorded?.actor !== actor) return
    const { tape } = recorded
    const bytes = tape.bytes
    tape.add(message, before)
    this.#recordings.changed(tape, bytes)
    if (message.outcome._tag !== "Crash" || tape.size === 0) return
    this.#recordings.crashed(recordingOf(recorded), tape.bytes, message.at)
  }

  #stopped(actor: InstanceActor): void {
    if (this.#recorded.get(actor.instance.id)?.actor === actor) this.stop(actor.instance.id)
  }
}

const recordingOf = ({ actor, recorder, tape }: Recorded): Recording => {
  const { definition, epoch, id, key, principal, props, revision } = actor.instance
  const { componentName: component, version } = definition.component
  const contract = ContractJson.of(definition.component)
  return {
    format: "fibra/recording",
    formatVersion,
    component,
    version,
    id,
    ...(key !== undefined && { key }),
    ...(principal !== undefined && { principal: principal.id }),
    props: contract.props.redaction.redact(contract.props.encode(props) ?? null),
    rooms: actor.roomNames,
    epoch,
    revision,
    state: (tape.state ?? recorder.state) as Recording["state"],
    dropped: tape.dropped,
    messages: tape.messages
  }
}

const flights = new WeakMap<object, FlightRecorder>()

/**
 * A recorder. A live server that is provided with it records all instances of these components, and those that are asked
 * for; without it, a server records nothing until its dashboard asks for it.
 */
export const layer = (options: RecorderOptions = {}): Layer.Layer<Recorder> =>
  Layer.effect(
    Recorder,
    Effect.gen(function* () {
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const flight = new FlightRecorder(options, yield* Clock.Clock, ({ labels }, cause) =>
        run(Log.error("An instance could not be recorded, and is not any more", { ...labels, cause }))
      )
      const recorder = Recorder.of({
        start: (id) => Effect.sync(() => flight.start(id)),
        stop: (id) => Effect.sync(() => flight.stop(id)),
        get: (id) => Effect.sync(() => Option.fromUndefinedOr(flight.get(id) ?? flight.crash(id))),
        crash: (id) => Effect.sync(() => Option.fromUndefinedOr(flight.crash(id))),
        list: Effect.sync(() => flight.list())
      })
      flights.set(recorder, flight)
      return recorder
    })
  )

/** Connects a server with the recorder that it is provided with. A recorder that a program has made itself records nothing. */
export const connected: Layer.Layer<never, never, Recorder> = Layer.effect(
  InstanceRecorders,
  Effect.map(Effect.service(Recorder), (recorder) => flights.get(recorder))
)
