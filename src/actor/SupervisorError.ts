/** What a supervisor cannot do: one error, `SupervisorError`, whose `reason` tells which. */
import * as Schema from "effect/Schema"

/** A supervisor's children crashed more often than it allows; it has stopped them all. */
export class RestartIntensityExceeded extends Schema.TaggedError<RestartIntensityExceeded>()(
  "RestartIntensityExceeded",
  {
    supervisor: Schema.String,
    /** The child that crashed last. */
    child: Schema.String,
    /** Crashes tolerated within `millis`. */
    intensity: Schema.Int,
    millis: Schema.Finite,
    cause: Schema.Defect()
  }
) {
  override get message(): string {
    return (
      `The supervisor "${this.supervisor}" gave up when its child "${this.child}" crashed: ` +
      `${this.cause instanceof Error ? this.cause.message : String(this.cause)}. ` +
      `Expected at most ${this.intensity} crashes within ${this.millis} ms. ` +
      "Repair the child, raise the intensity, or let the supervisor above restart this one."
    )
  }
}

/** A supervisor has a child of this id already. */
export class DuplicateChild extends Schema.TaggedError<DuplicateChild>()("DuplicateChild", {
  supervisor: Schema.String,
  child: Schema.String
}) {
  override get message(): string {
    return (
      `The supervisor "${this.supervisor}" has a child "${this.child}" already. ` +
      "Expected ids to be unique among its children. Stop that child first, or choose another id."
    )
  }
}

/** Why a `SupervisorError` happened. */
export const SupervisorErrorReason = Schema.Union([RestartIntensityExceeded, DuplicateChild])

/** Why a `SupervisorError` happened. */
export type SupervisorErrorReason = typeof SupervisorErrorReason.Type

/** What a supervisor cannot do, and why. */
export class SupervisorError extends Schema.TaggedError<SupervisorError>()("SupervisorError", {
  reason: SupervisorErrorReason
}) {
  override get message(): string {
    return this.reason.message
  }
}
