/**
 * The log of the program, for what happens and what others threw. What is said here cannot fail: a cause is made into one that every
 * logger can read (`Thrown`), and a logger that throws harms nobody. Whatever else has to be done may stand behind it.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import * as Thrown from "./Thrown.ts"

/** What belongs to an entry besides its text. */
export interface LogDetails {
  /** What was thrown, or the Cause it came in. */
  readonly cause?: unknown
  /** What it was about; what is undefined is left out. */
  readonly [name: string]: unknown
}

/** What is logged meanwhile is about this, too. */
export const about = (labels: Omit<LogDetails, "cause">, effect: Effect.Effect<void>): Effect.Effect<void> => {
  const known = Object.entries(labels).filter(([, value]) => value !== undefined)
  if (known.length === 0) return effect
  return Effect.annotateLogs(effect, Object.fromEntries(known.map(([name, value]) => [name, labelOf(value)])))
}

const at =
  (level: LogLevel.Severity) =>
  (message: string, details: LogDetails = {}): Effect.Effect<void> =>
    Effect.ignoreCause(
      Effect.suspend(() => {
        const { cause, ...rest } = details
        const log = Effect.logWithLevel(level)
        const said = "cause" in details ? log(message, causeOf(cause)) : log(message)
        return about(rest, said)
      })
    )

/** Somebody has to do something. */
export const error = at("Error")
/** Something went wrong, and it goes on. */
export const warning = at("Warn")
export const info = at("Info")
export const debug = at("Debug")

/** Does what may fail and has nobody to tell: how it failed is said in the log. */
export const ignore = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  message: string,
  details: LogDetails & { readonly level?: "Error" | "Warn" } = {}
): Effect.Effect<void, never, R> => {
  const { level = "Warn", ...rest } = details
  return Effect.ignoreCause(
    Effect.catchCause(Effect.asVoid(effect), (cause) =>
      Cause.hasInterruptsOnly(cause) ? Effect.void : at(level)(message, { ...rest, cause })
    )
  )
}

const causeOf = (cause: unknown): Cause.Cause<unknown> => {
  try {
    if (Cause.isCause(cause)) return Thrown.toCause(cause)
  } catch {
    // It does not say what it is.
  }
  return Cause.fail(Thrown.toError(cause))
}

const labelOf = (value: unknown): unknown => (typeof value === "number" ? value : Thrown.describe(value))
