/**
 * What a handler answers is made into the text that is sent while its message is still being handled, so that an answer that does
 * not fit the contract, or JSON, is a crash of the handler like any other, and no business of whoever asked.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { LiveError } from "../../LiveError.ts"
import { type ActionCodec, type Convert, toJson } from "../../ComponentCodec.ts"

/** An action's own error. */
export interface Failure {
  /** JSON. */
  readonly text: string
  /** What it says of itself; empty for nothing. */
  readonly message: string
}

/** The same effect, whose result and typed error are JSON texts; what the house refused stays what it is. */
export const encode = (
  effect: Effect.Effect<unknown, unknown, unknown>,
  codec: ActionCodec
): Effect.Effect<string, Failure | LiveError, unknown> =>
  Effect.matchEffect(effect, {
    onSuccess: (value): Exit.Exit<string> => textOf(codec.encodeSuccess, value, Exit.succeed),
    onFailure: (error): Exit.Exit<string, Failure | LiveError> =>
      error instanceof LiveError
        ? Exit.fail(error)
        : textOf(codec.encodeError, error, (text) =>
            Exit.fail({ text, message: error instanceof Error ? error.message : "" })
          )
  })

const textOf = <E = never>(
  convert: Convert,
  value: unknown,
  done: (text: string) => Exit.Exit<string, E>
): Exit.Exit<string, E> => {
  const exit = convert(value)
  return Exit.isSuccess(exit) ? done(JSON.stringify(toJson(exit.value))) : Exit.die(Cause.squash(exit.cause))
}
