/**
 * Plays the messages of a recording to an instance, one after the other, and compares. After a crash the next life
 * begins with the state of then, whether it crashes now or not, so that every message meets what it met that night.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import type { Json } from "../Json.ts"
import type { ComponentId } from "../LiveId.ts"
import * as Patch from "../Patch.ts"
import type { Encoded } from "../StateCodec.ts"
import * as Thrown from "../Thrown.ts"
import * as HeardEvents from "../server/instance/HeardEvents.ts"
import * as FieldTag from "../FieldTag.ts"
import * as Recording from "../server/monitor/Recording.ts"
import * as Difference from "./Difference.ts"
import { RecordedInputs } from "./RecordedInputs.ts"
import { ReplayCrashed, ReplayDiffers, type ReplayError } from "./ReplayError.ts"
import { ReplayInstance, type Stage } from "./ReplayInstance.ts"
import type { Replay, ReplayedMessage, ReplayOptions } from "./ReplayResult.ts"

/** Rounds in which what does not wait for time comes to its end. */
const rounds = 8

/** Milliseconds that a handler may take longer than it took then. */
const patience = 2 ** 20

/** A recording that is being replayed. */
export class ReplayPlayer {
  readonly #recording: Recording.Recording
  readonly #stage: Stage
  readonly #inputs: RecordedInputs
  readonly #allowsCrashes: boolean
  #instance: ReplayInstance | undefined
  /** The redacted state as it was recorded, up to the message that is handled. */
  #expected: Json
  /** The same with its secrets. */
  #actual: Json
  #replayed = 0
  readonly #mended: Array<ReplayedMessage & { readonly state: unknown }> = []
  readonly #crashes: Array<ReplayedMessage & { readonly cause: string }> = []
  readonly #skipped: Array<ReplayedMessage> = []

  constructor(recording: Recording.Recording, stage: Stage, options: ReplayOptions) {
    this.#recording = recording
    this.#stage = stage
    this.#inputs = new RecordedInputs(recording, stage.definition.component, options.secrets ?? {})
    this.#allowsCrashes = options.allowCrashes ?? false
    this.#expected = recording.state
    this.#actual = this.#inputs.state(recording.state)
  }

  get run(): Effect.Effect<void, ReplayError, Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      yield* this.#inputs.complete
      for (const [index, message] of this.#recording.messages.entries()) {
        const replayed = { number: index + 1, action: message.name || message.kind }
        yield* TestClock.setTime(message.at)
        yield* this.#play(message, replayed)
      }
    })
  }

  get result(): Replay<unknown> {
    return {
      replayed: this.#replayed,
      mended: this.#mended,
      crashes: this.#crashes,
      skipped: this.#skipped,
      state: this.#inputs.decodeState(this.#actual)
    }
  }

  #play(message: Recording.RecordedMessage, replayed: ReplayedMessage): Effect.Effect<void, ReplayError, Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      const { kind, outcome } = message
      const endsLife = kind === "background" || (outcome._tag === "Interrupted" && outcome.by === "restart")
      if (endsLife || outcome._tag === "Refused") {
        this.#skipped.push(replayed)
        return endsLife ? yield* this.#leave : undefined
      }
      const instance = yield* this.#enter(message, replayed)
      this.#replayed++
      if (kind === "update") return yield* this.#apply(instance, message, replayed)
      if (kind !== "build") {
        instance.expect(message)
        const cancel = this.#send(instance, message)
        yield* this.#finish(instance, message, cancel)
      }
      const got = instance.got
      if (got === undefined) {
        return yield* differs(replayed, { path: "outcome", expected: outcome._tag, got: "none: it does not end" })
      }
      if (got.outcome._tag === "Crash") return yield* this.#crashed(message, replayed, got.outcome.cause)
      if (outcome._tag === "Crash") {
        this.#mended.push({ ...replayed, state: instance.actor.instance.cell.state })
        return yield* this.#leave
      }
      yield* this.#compare(instance, message, got, replayed)
    })
  }

  /** The life that a message belongs to. A build, or the first message, begins one. */
  #enter(
    message: Recording.RecordedMessage,
    replayed: ReplayedMessage
  ): Effect.Effect<ReplayInstance, ReplayError, Scope.Scope> {
    return Effect.gen({ self: this }, function* () {
      const isBuild = message.kind === "build"
      if (isBuild) yield* this.#leave
      if (this.#instance !== undefined) return this.#instance
      const { epoch, id, key, principal, revision, rooms } = this.#recording
      const own = {
        id: id as ComponentId,
        key,
        props: this.#inputs.props,
        principal: principal === undefined ? undefined : { id: principal },
        recovered: { epoch, revision, state: this.#actual as Encoded }
      }
      const first: Recording.RecordedMessage = isBuild ? message : { ...message, kind: "build", clock: [] }
      const instance = (this.#instance = new ReplayInstance(this.#stage, own, first))
      for (const room of rooms) yield* Effect.ignore(instance.actor.rooms.join(room))
      let isBuilt = false
      const built = Effect.sync(() => (isBuilt = true))
      const start = Effect.ensuring(Effect.exit(instance.actor.instance.cell.start()), built)
      yield* Effect.forkScoped(start, { startImmediately: true })
      yield* this.#until(() => isBuilt, message.duration)
      if (isBuild) return instance
      const { outcome } = instance.got ?? {}
      if (outcome?._tag === "Crash") {
        return yield* new ReplayCrashed({ ...replayed, action: "build", cause: outcome.cause })
      }
      yield* this.#put(instance, this.#actual)
      return instance
    })
  }

  /** Ends a life. */
  get #leave(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const instance = this.#instance
      this.#instance = undefined
      return instance?.stop ?? Effect.void
    })
  }

  #send({ actor }: ReplayInstance, message: Recording.RecordedMessage): () => void {
    const { kind, name } = message
    const tag = kind === "action" ? name : kind === "property" ? FieldTag.tagOf(name) : HeardEvents.tagOf(name)
    const payload = this.#inputs.payload(message)
    return actor.instance.cell.send(tag, payload, { from: this.#inputs.client(message) }, () => {})
  }

  #finish(
    instance: ReplayInstance,
    { duration, outcome }: Recording.RecordedMessage,
    cancel: () => void
  ): Effect.Effect<void> {
    const isDone = () => instance.got !== undefined
    if (outcome._tag !== "Interrupted" || outcome.by === "timeout") return this.#until(isDone, duration)
    return Effect.gen({ self: this }, function* () {
      yield* settle
      if (isDone()) return
      yield* TestClock.adjust(duration)
      cancel()
      yield* this.#until(isDone, 0)
    })
  }

  /** Moves the clock until something has happened, at first as far as it took then. */
  #until(isDone: () => boolean, duration: number): Effect.Effect<void> {
    return Effect.gen(function* () {
      yield* settle
      for (let millis = duration; !isDone() && millis < patience; millis = Math.max(1, millis * 2)) {
        yield* TestClock.adjust(millis)
        yield* settle
      }
    })
  }

  /** A background fiber had changed the state. */
  #apply(
    instance: ReplayInstance,
    { patch }: Recording.RecordedMessage,
    replayed: ReplayedMessage
  ): Effect.Effect<void, ReplayError> {
    return Effect.gen({ self: this }, function* () {
      this.#expected = yield* applied(this.#expected, patch, replayed)
      const after = yield* applied(this.#actual, patch, replayed)
      const filled = this.#inputs.state(after)
      yield* this.#inputs.complete
      yield* this.#put(instance, filled)
      this.#actual = filled
    })
  }

  /** Gives the instance a state, unless it has that. */
  #put({ actor: { instance } }: ReplayInstance, state: Json): Effect.Effect<void> {
    if (Difference.find("", state, instance.encoded) === undefined) return Effect.void
    return Effect.asVoid(instance.cell.change(() => this.#inputs.decodeState(state)))
  }

  #crashed(
    { outcome }: Recording.RecordedMessage,
    replayed: ReplayedMessage,
    cause: string
  ): Effect.Effect<void, ReplayCrashed> {
    if (outcome._tag !== "Crash" || !this.#allowsCrashes) return Effect.fail(new ReplayCrashed({ ...replayed, cause }))
    this.#crashes.push({ ...replayed, cause })
    return this.#leave
  }

  #compare(
    { actor }: ReplayInstance,
    { outcome, patch }: Recording.RecordedMessage,
    got: Recording.RecordedMessage,
    replayed: ReplayedMessage
  ): Effect.Effect<void, ReplayError> {
    return Effect.flatMap(applied(this.#expected, patch, replayed), (expected) => {
      this.#expected = expected
      this.#actual = actor.instance.encoded
      const state = this.#inputs.redact(this.#actual)
      const difference = Difference.ofOutcomes(outcome, got.outcome) ?? Difference.find("state", expected, state)
      return difference === undefined ? Effect.void : differs(replayed, difference)
    })
  }
}

const settle = Effect.asVoid(Effect.repeat(Effect.yieldNow, { times: rounds }))

const textOf = (value: Json | undefined): string => (value === undefined ? "absent" : JSON.stringify(value))

const differs = (
  replayed: ReplayedMessage,
  { expected, got, path }: Difference.Difference
): Effect.Effect<never, ReplayDiffers> =>
  Effect.fail(new ReplayDiffers({ ...replayed, path, expected: textOf(expected), got: textOf(got) }))

const applied = (
  state: Json,
  patch: Patch.Patch,
  { number }: ReplayedMessage
): Effect.Effect<Json, Recording.RecordingRejected> =>
  Effect.try({
    try: () => Patch.apply(state, patch),
    catch: (defect) =>
      new Recording.RecordingRejected({ issue: `message ${number} does not follow: ${Thrown.messageOf(defect)}` })
  })
