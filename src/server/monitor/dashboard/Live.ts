/** Keeps what is shown up to date while somebody looks: the fiber ends with the instance, which ends with its viewer. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Log from "../../../Log.ts"

/** Time between two looks, and how long what was found is the same for all who look. */
const interval = "1 second"

/** Looks now, and once a second. When the source fails, what was shown stays. */
export const refresh = (look: Effect.Effect<unknown>): Effect.Effect<void, never, Scope.Scope> =>
  look.pipe(
    Effect.andThen(
      Effect.forkScoped(
        Effect.schedule(
          Log.ignore(look, "The dashboard could not be brought up to date", { level: "Error" }),
          Schedule.spaced(interval)
        )
      )
    ),
    Effect.asVoid
  )
