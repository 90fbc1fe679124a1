/** What `Authorization` has answered: done, or refused. When it fails, that is logged, and nothing is allowed. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Log from "../../Log.ts"
import { type LiveError, NotAllowed, refuse } from "../../LiveError.ts"

/** Fails with `NotAllowed` unless it is allowed. */
export const check = (allowed: Effect.Effect<boolean>, what: () => string): Effect.Effect<void, LiveError> =>
  allowed.pipe(
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.failCause(cause)
        : Effect.as(Log.error("Authorization failed, and the request was refused", { cause }), false)
    ),
    Effect.flatMap((isAllowed) => (isAllowed ? Effect.void : refuse(new NotAllowed({ what: what() }))))
  )
