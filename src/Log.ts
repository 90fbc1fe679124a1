/**
 * The log of the program. Logging cannot fail: a cause is copied into one that every logger can read (`Thrown`), and a
 * logger that throws harms nobody, so that other work may follow an entry.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import * as Thrown from "./Thrown.ts"

/** What belongs to an entry besides its text. */
export interface LogDetails {
  /** What was thrown, or its Cause. The `hint` of an error becomes a label. */
  readonly cause?: unknown
  /** Labels; those that are undefined are left out. */
  readonly [name: string]: unknown
}

/** Adds labels to all entries of an effect. */
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
        if (!("cause" in details)) return about(rest, log(message))
        return about({ hint: Thrown.hintOf(cause), ...rest }, log(message, causeOf(cause)))
      })
    )

/** Somebody has to act. */
export const error = at("Error")
/** Something went wrong, and the program continues. */
export const warning = at("Warn")
export const info = at("Info")
export const debug = at("Debug")

/** Runs an effect whose failure concerns nobody, and logs that. */
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
    // A revoked proxy, for example.
  }
  return Cause.fail(Thrown.toError(cause))
}

const labelOf = (value: unknown): unknown => (typeof value === "number" ? value : Thrown.describe(value))
