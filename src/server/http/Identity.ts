/** Who sends a request: what `Authentication` says of it, in time, and with whatever it may throw. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Monotonic from "../../actor/Monotonic.ts"
import { copy, type Principal } from "../../Principal.ts"
import * as Thrown from "../../Thrown.ts"
import * as TimeLimit from "../../TimeLimit.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import { type Authenticate, Forbidden, type Refusal, Unauthorized } from "../security/Authentication.ts"

/** What tells who sends a request. */
export interface Identification {
  /** Undefined when every client is anonymous. */
  readonly authenticate: Authenticate | undefined
  readonly config: Pick<LiveConfig.Settings, "authenticationTimeout">
  /** Whether a principal was signed out at this time (by `Monotonic`) or later. */
  readonly hasLeft: (principal: string, since: number) => boolean
}

/** The principal of a request, and when authentication began, by `Monotonic`: the principal may be signed out afterwards. */
export interface Identity {
  readonly principal: Principal | undefined
  readonly since: number
}

/**
 * Why nobody is known: `refused` by `Authentication`; `signedOut` meanwhile; `late` without an answer in time; `failed` with a
 * defect, or with something that it does not declare.
 */
export type Unidentified =
  | { readonly _tag: "refused"; readonly refusal: Refusal }
  | { readonly _tag: "signedOut" }
  | { readonly _tag: "late" }
  | { readonly _tag: "failed"; readonly cause: Cause.Cause<unknown> }

/** Authentication gave no answer in time. */
const late = Symbol("late")

const anonymous: Identity = { principal: undefined, since: 0 }

/** Authenticates a request. */
export const identify = (
  { authenticate, config, hasLeft }: Identification,
  request: HttpServerRequest
): Effect.Effect<Identity, Unidentified> => {
  if (authenticate === undefined) return Effect.succeed(anonymous)
  return Effect.flatMap(Monotonic.millis, (since) =>
    TimeLimit.timeoutOrElse(
      Effect.map(
        Effect.suspend(() => authenticate(request)),
        (principal) => (principal === undefined ? undefined : copy(principal))
      ),
      { duration: config.authenticationTimeout, orElse: () => Effect.fail(late) }
    ).pipe(
      Effect.matchCauseEffect({
        onFailure: (cause): Effect.Effect<Identity, Unidentified> => {
          const failure = cause.reasons.find(Cause.isFailReason)?.error
          if (Thrown.isA(failure, Unauthorized) || Thrown.isA(failure, Forbidden)) {
            return Effect.fail({ _tag: "refused", refusal: failure })
          }
          // Too late, or something that it does not declare.
          return Effect.fail(failure === late ? { _tag: "late" } : { _tag: "failed", cause })
        },
        onSuccess: (principal): Effect.Effect<Identity, Unidentified> => {
          if (principal === undefined) return Effect.succeed(anonymous)
          // It may have been signed out since authentication answered.
          if (hasLeft(principal.id, since)) return Effect.fail({ _tag: "signedOut" })
          return Effect.succeed({ principal, since })
        }
      })
    )
  )
}
