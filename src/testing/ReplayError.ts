/** Why a replay fails. */
import * as Schema from "effect/Schema"
import { inline, quote } from "../ErrorText.ts"
import type { RecordingRejected } from "../server/monitor/Recording.ts"

const where = { number: Schema.Int, action: Schema.String }

/** The message as the subject of a sentence. */
const subject = ({ action, number }: { readonly number: number; readonly action: string }): string =>
  `Message ${number} (${inline(action)})`

/**
 * The instance crashes at a message of the recording.
 *
 * Goes to the test that replays it.
 */
export class ReplayCrashed extends Schema.TaggedError<ReplayCrashed>()("ReplayCrashed", {
  /** Its number in the recording, from 1, and its action, property or event. */
  ...where,
  /** The error, with its stack. */
  cause: Schema.String
}) {
  override get message(): string {
    return `${subject(this)} crashes: ${inline(this.cause)}.`
  }

  get hint(): string {
    return "`cause` has the stack. Mend the handler; the replay passes once the message does not crash. `allowCrashes` goes on instead."
  }
}

/**
 * The instance does something else than it did when it was recorded.
 *
 * Goes to the test that replays it.
 */
export class ReplayDiffers extends Schema.TaggedError<ReplayDiffers>()("ReplayDiffers", {
  /** Of the first message that differs, from 1, and its action, property or event. */
  ...where,
  /** Where: in the `state`, the `result`, the `error`, or the `outcome`. */
  path: Schema.String,
  /** What was recorded, as JSON. */
  expected: Schema.String,
  /** What there is now, as JSON. */
  got: Schema.String
}) {
  override get message(): string {
    return `${subject(this)}: ${quote(this.path)} was ${inline(this.expected)}, and is ${inline(this.got)}.`
  }

  get hint(): string {
    return "The behaviour has changed, or depends on something that is not recorded: a service, a closure, crypto, Date.now. See docs/recording.md."
  }
}

/**
 * A recording lacks the secrets that were taken out of it.
 *
 * Goes to the test that replays it.
 */
export class ReplayLacksSecrets extends Schema.TaggedError<ReplayLacksSecrets>()("ReplayLacksSecrets", {
  /** What is missing: `state.apiKey`, `SignIn.password`, `claims.role`. */
  names: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `The recording has no values for ${inline(this.names.join(", "))}.`
  }

  get hint(): string {
    return "They are secret. Pass values of your own, as JSON: `secrets: { … }` with these names."
  }
}

/** Why a replay fails. */
export type ReplayError = RecordingRejected | ReplayCrashed | ReplayDiffers | ReplayLacksSecrets
