/**
 * Encodes the result of a handler as the text that is sent. This happens while the message is still being handled: a
 * result that does not fit the contract, or is not JSON, is a crash of the handler like any other, and its caller
 * learns nothing of the details.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import { LiveError, passedOn } from "../../LiveError.ts"
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

/** Gives what a handler has ended with, its result and its declared error as JSON texts. A LiveError is passed on. */
export type Encode = (handled: Exit.Exit<unknown, unknown>) => Exit.Exit<string, Failure | LiveError>

/** Encodes the results of an action. Made once for all its calls, which then need no closures of their own. */
export const encoder = (codec: Pick<ActionCodec, "encodeError" | "encodeSuccess">): Encode => {
  const onError = (error: unknown): Exit.Exit<string, Failure | LiveError> => {
    const passed = passedOn(error)
    if (passed !== undefined) return Exit.fail(passed)
    // One that cannot be sent.
    if (Thrown.isA(error, LiveError)) return Exit.die(error)
    return converted(codec.encodeError, error, (text) => Exit.fail({ text, message: Thrown.ownMessageOf(error) }))
  }
  return (handled) => {
    if (Exit.isSuccess(handled)) return converted(codec.encodeSuccess, handled.value, Exit.succeed)
    const failure = handled.cause.reasons.find(Cause.isFailReason)
    return failure === undefined ? (handled as Exit.Exit<never>) : onError(failure.error)
  }
}

/** For handlers without a result. */
export const none: Encode = (handled) => Exit.map(handled as Exit.Exit<unknown>, () => "null")

/** For handlers whose result nobody is told, and which may fail with a LiveError. */
export const unsaid: Encode = encoder({ encodeSuccess: () => Exit.succeed(null), encodeError: Exit.die })

const converted = <E = never>(
  convert: Convert,
  value: unknown,
  done: (text: string) => Exit.Exit<string, E>
): Exit.Exit<string, E> => {
  const exit = convert(value)
  return Exit.isSuccess(exit) ? done(textOf(toJson(exit.value))) : Exit.die(Cause.squash(exit.cause))
}
