/**
 * Encodes the result of a handler as the text that is sent. This happens while the message is still being handled: a
 * result that does not fit the contract, or is not JSON, is a crash of the handler like any other, and its caller
 * learns nothing of the details.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { LiveError } from "../../LiveError.ts"
import { textOf } from "../../Json.ts"
import * as Thrown from "../../Thrown.ts"
import { type ActionCodec, type Convert, toJson } from "../../ComponentCodec.ts"

/** The error that an action declares. */
export interface Failure {
  /** JSON. */
  readonly text: string
  /** The message of the error; empty when it has none. */
  readonly message: string
}

/** The same effect with its result and its declared error as JSON texts. A LiveError is passed on. */
export const encode = (
  effect: Effect.Effect<unknown, unknown, unknown>,
  codec: ActionCodec
): Effect.Effect<string, Failure | LiveError, unknown> =>
  Effect.matchEffect(effect, {
    onSuccess: (value): Exit.Exit<string> => converted(codec.encodeSuccess, value, Exit.succeed),
    onFailure: (error): Exit.Exit<string, Failure | LiveError> =>
      Thrown.isA(error, LiveError)
        ? Exit.fail(error)
        : converted(codec.encodeError, error, (text) =>
            Exit.fail({ text, message: error instanceof Error ? error.message : "" })
          )
  })

const converted = <E = never>(
  convert: Convert,
  value: unknown,
  done: (text: string) => Exit.Exit<string, E>
): Exit.Exit<string, E> => {
  const exit = convert(value)
  return Exit.isSuccess(exit) ? done(textOf(toJson(exit.value))) : Exit.die(Cause.squash(exit.cause))
}
