/** What `Authorization` has answered: done, or refused. When it fails, that is logged, and nothing is allowed. */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Log from "../../Log.ts"
import * as TimeLimit from "../../TimeLimit.ts"
import { type LiveError, NotAllowed, refuse } from "../../LiveError.ts"

/** The same, for a right that nothing else limits in time: without an answer it is refused. */
export const checkWithin = (
  limit: Duration.Duration,
  allowed: Effect.Effect<boolean>,
  what: () => string
): Effect.Effect<void, LiveError> => {
  const orElse = () => Effect.die(new Error("It did not answer within `authenticationTimeout`"))
  return check(TimeLimit.timeoutOrElse(allowed, { duration: limit, orElse }), what)
}

/** Fails with `NotAllowed` unless it is allowed. */
export const check = (allowed: Effect.Effect<boolean>, what: () => string): Effect.Effect<void, LiveError> =>
  allowed.pipe(
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.failCause(cause)
        : Effect.as(Log.error("Authorization failed, and the request was refused", { cause }), false)
    ),
    Effect.flatMap((isAllowed) => (isAllowed === true ? Effect.void : refuse(new NotAllowed({ what: what() }))))
  )
