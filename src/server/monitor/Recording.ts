/**
 * What a flight recorder keeps of one instance: its state at some time, and the messages that it handled since, as JSON.
 * `Component.secret` and `Schema.Redacted` parts are taken out. `LiveTest.replay` runs a recording as a test.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { inline } from "../../ErrorText.ts"
import * as Patch from "../../Patch.ts"
import * as Thrown from "../../Thrown.ts"

/** Raised with every change that older readers cannot understand. */
const version = 1

const Value: Schema.Codec<Patch.Json> = Schema.Json as Schema.Codec<Patch.Json>

/** The client whose call it was. */
const RecordedCaller = Schema.Struct({
  connection: Schema.String,
  /** Absent for an anonymous client. */
  principal: Schema.optionalKey(
    Schema.Struct({
      id: Schema.String,
      /** Those claims that `Recorder.layer` names; `[redacted]` in place of the others. */
      claims: Schema.optionalKey(Schema.Record(Schema.String, Value))
    })
  )
})

/** What became of a message. */
const RecordedOutcome = Schema.Union([
  /** The result as JSON. */
  Schema.TaggedStruct("Success", { result: Value }),
  /** An error that the action declares, or a `LiveError`, as JSON. */
  Schema.TaggedStruct("Failure", { error: Value }),
  /** Authorization refused it, and no handler ran. */
  Schema.TaggedStruct("Refused", {}),
  /** It was interrupted: its caller has cancelled it, it ran longer than `callTimeout`, or the instance was restarted. */
  Schema.TaggedStruct("Interrupted", { by: Schema.Literals(["caller", "timeout", "restart"]) }),
  /** The instance crashed, and went back to its state before this message. */
  Schema.TaggedStruct("Crash", { cause: Schema.String })
])

/** One message, or another thing that changed the instance. */
const RecordedMessage = Schema.Struct({
  /**
   * `update`: a background fiber has changed the state. `build`: the behaviour was built, at first or after a crash.
   * `background`: the instance crashed outside of its handlers.
   */
  kind: Schema.Literals(["action", "property", "event", "update", "build", "background"]),
  /** The name of the action, property or event; empty for the others. */
  name: Schema.String,
  /** As JSON; absent when it cannot be encoded. */
  payload: Schema.optionalKey(Value),
  caller: Schema.optionalKey(RecordedCaller),
  /** How often the behaviour had been built before. */
  activation: Schema.Int,
  /** When its handler began, in milliseconds since 1970. */
  at: Schema.Finite,
  /** What the handler read from the Clock, in milliseconds after `at`. */
  clock: Schema.Array(Schema.Finite),
  /** The seed of the Random of its handler. */
  seed: Schema.Int,
  /** How long it took, in milliseconds. */
  duration: Schema.Finite,
  /** What it changed of the state. */
  patch: Patch.Patch,
  outcome: RecordedOutcome
})

/** The last messages of one instance. */
export const Recording = Schema.Struct({
  format: Schema.Literal("fibra/recording"),
  formatVersion: Schema.Literal(version),
  component: Schema.String,
  /** Of the contract. */
  version: Schema.Int,
  id: Schema.String,
  /** Absent for a private instance. */
  key: Schema.optionalKey(Schema.String),
  /** Whom a private instance belongs to; absent for a shared one, and for an anonymous client. */
  principal: Schema.optionalKey(Schema.String),
  /** As JSON. */
  props: Value,
  /** The rooms it was in when the recording was taken. */
  rooms: Schema.Array(Schema.String),
  epoch: Schema.Int,
  /** The number of changes, in all lives, up to the last message. */
  revision: Schema.Int,
  /** Before the first message, as JSON. */
  state: Schema.Record(Schema.String, Value),
  /** Earlier messages that there was no room for. */
  dropped: Schema.Int,
  messages: Schema.Array(RecordedMessage)
})

/** The last messages of one instance. */
export type Recording = typeof Recording.Type
/** One message of a recording. */
export type RecordedMessage = typeof RecordedMessage.Type
/** What became of a message of a recording. */
export type RecordedOutcome = typeof RecordedOutcome.Type
/** The caller of a message of a recording. */
export type RecordedCaller = typeof RecordedCaller.Type

export { version as formatVersion }

/**
 * The file is no recording, or one of a later version of fibra.
 *
 * Goes to the test that replays it.
 */
export class RecordingRejected extends Schema.TaggedError<RecordingRejected>()("RecordingRejected", {
  /** Where it is none, and why. */
  issue: Schema.String
}) {
  override get message(): string {
    return `This is no recording that can be read: ${inline(this.issue)}.`
  }

  get hint(): string {
    return "Pass the JSON that a Recorder has given, unchanged. A recording of a newer fibra needs that version to be read."
  }
}

const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(Recording))

/** Decodes a recording from JSON: a parsed value, or a text. */
export const fromJson = (json: unknown): Effect.Effect<Recording, RecordingRejected> =>
  Effect.suspend(() => decode(typeof json === "string" ? (JSON.parse(json) as unknown) : json)).pipe(
    Effect.catchCause((cause) => Effect.fail(new RecordingRejected({ issue: Thrown.describe(Cause.squash(cause)) })))
  )
