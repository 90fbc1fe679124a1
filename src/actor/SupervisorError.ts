/** Errors of supervisors: a `SupervisorError` whose `reason` says what happened. */
import * as Schema from "effect/Schema"

/**
 * The children of a supervisor crashed more often than it allows; it has stopped them all.
 *
 * Goes to the supervisor above, or to the fiber that runs this one.
 */
export class RestartIntensityExceeded extends Schema.TaggedError<RestartIntensityExceeded>()(
  "RestartIntensityExceeded",
  {
    supervisor: Schema.String,
    /** The child that crashed last. */
    child: Schema.String,
    /** Crashes tolerated within `millis`. */
    intensity: Schema.Int,
    millis: Schema.Finite,
    /** What was thrown, as an error that can be read safely. */
    cause: Schema.Defect()
  }
) {
  override get message(): string {
    return `The supervisor ${JSON.stringify(this.supervisor)} gave up when its child ${JSON.stringify(this.child)} crashed.`
  }

  get hint(): string {
    return (
      `It allows ${this.intensity} crashes within ${this.millis} ms; \`cause\` says what the last one died of. ` +
      "Repair the child, raise the intensity, or let the supervisor above restart this one."
    )
  }
}

/**
 * A supervisor has a child of this id already.
 *
 * Goes to the caller of `start`.
 */
export class DuplicateChild extends Schema.TaggedError<DuplicateChild>()("DuplicateChild", {
  supervisor: Schema.String,
  child: Schema.String
}) {
  override get message(): string {
    return `The supervisor ${JSON.stringify(this.supervisor)} has a child ${JSON.stringify(this.child)} already.`
  }

  get hint(): string {
    return "Stop that child first, or choose another id."
  }
}

/** Why a `SupervisorError` happened. */
export const SupervisorErrorReason = Schema.Union([RestartIntensityExceeded, DuplicateChild])

/** Why a `SupervisorError` happened. */
export type SupervisorErrorReason = typeof SupervisorErrorReason.Type

/** An error of a supervisor; `message`, `hint` and `cause` are those of the reason. */
export class SupervisorError extends Schema.TaggedError<SupervisorError>()("SupervisorError", {
  reason: SupervisorErrorReason
}) {
  override get message(): string {
    return this.reason.message
  }

  get hint(): string {
    return this.reason.hint
  }

  override get cause(): unknown {
    return this.reason._tag === "RestartIntensityExceeded" ? this.reason.cause : undefined
  }
}
