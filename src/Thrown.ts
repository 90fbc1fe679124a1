/**
 * Describes what others threw. User code may throw anything: an error that cannot be read, a revoked proxy, an endless
 * chain of causes, a string of 100 MB. The results are small, plain and safe for every logger. Nothing here throws,
 * goes deeper than a few levels, or runs a getter, a `toString` or a `toJSON` of a value that is not an error. The keys
 * of a large object are counted once.
 */
import * as Cause from "effect/Cause"

/** Characters of one text. */
const maxText = 4096
/** Characters of the frames of a stack. */
const maxFrames = 8192
/** Errors in a chain of causes, and reasons in a Cause. */
const maxCauses = 8
/** Levels of a value that is not an error, and entries of each. */
const maxDepth = 3
const maxEntries = 16
/** Keys that are listed, of all objects in a value together. */
const maxKeys = 4096

const unreadable = "a value that cannot be read"

/** Reads what may throw. */
const attempt = <A>(read: () => A, otherwise: A): A => {
  try {
    return read()
  } catch {
    return otherwise
  }
}

const cut = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max)}…` : text)

/** How much may still be added to one text. */
interface Budget {
  characters: number
  keys: number
}

/** Describes a value in a text of bounded length; an error by its name and message. */
export const describe = (thrown: unknown): string => {
  if (typeof thrown === "string") return cut(thrown, maxText)
  return cut(
    attempt(() => say(thrown, { characters: maxText, keys: maxKeys }, 0), unreadable),
    maxText
  )
}

/** The message that an error has itself; empty when it has none. */
export const ownMessageOf = (thrown: unknown): string => {
  const message: unknown = attempt(() => (thrown instanceof Error ? thrown.message : ""), "")
  return typeof message === "string" ? cut(message, maxText) : ""
}

/** The message of an error, without its name; other values are described. */
export const messageOf = (thrown: unknown): string => ownMessageOf(thrown) || describe(thrown)

/** The hint of an error, or of the first error in a Cause. */
export const hintOf = (thrown: unknown): string | undefined =>
  attempt(() => {
    const error = Cause.isCause(thrown) ? Cause.squash(thrown) : thrown
    const hint = error instanceof Error ? (error as { hint?: unknown }).hint : undefined
    return typeof hint === "string" ? cut(hint, maxText) : undefined
  }, undefined)

/** Whether a value is of this class; false when reading it throws. */
export const isA = <A>(thrown: unknown, type: abstract new (...args: never) => A): thrown is A =>
  attempt(() => thrown instanceof type, false)

/** The last error in a chain of causes, if the chain ends. */
export const rootOf = (thrown: unknown): unknown => {
  let root = thrown
  for (let depth = 0; depth < maxCauses; depth++) {
    const cause = causeOf(root)
    if (cause === undefined) break
    root = cause
  }
  return root
}

const causeOf = (thrown: unknown): unknown =>
  attempt(() => (isObject(thrown) ? (thrown as { cause?: unknown }).cause : undefined), undefined)

/** A copy of an error that can be read safely, with its message, stack and nearest causes. */
export const toError = (thrown: unknown): Error => copy(thrown, new Set())

/** A copy of a Cause whose errors can be read safely. */
export const toCause = (cause: Cause.Cause<unknown>): Cause.Cause<unknown> =>
  attempt(
    () => Cause.fromReasons(cause.reasons.slice(0, maxCauses).map(plain)),
    Cause.die(new Error("A cause that cannot be read"))
  )

/** Describes a Cause by its errors, with their stacks and causes, in a text of bounded length. */
export const describeCause = (cause: Cause.Cause<unknown>): string => {
  const errors = toCause(cause).reasons.flatMap((reason) =>
    Cause.isInterruptReason(reason) ? [] : [Cause.isFailReason(reason) ? reason.error : reason.defect]
  )
  return cut(errors.length === 0 ? "interrupted" : errors.map(withCauses).join("\n"), maxText)
}

const withCauses = (error: unknown): string => {
  const cause = causeOf(error)
  const stack = stringOf(error, "stack") ?? describe(error)
  return cause === undefined ? stack : `${stack}\ncaused by ${withCauses(cause)}`
}

const plain = (reason: Cause.Reason<unknown>): Cause.Reason<unknown> => {
  switch (reason._tag) {
    case "Interrupt":
      return reason
    case "Fail":
      return Cause.makeFailReason(toError(reason.error)).annotate(Cause.reasonAnnotations(reason))
    case "Die":
      return Cause.makeDieReason(toError(reason.defect)).annotate(Cause.reasonAnnotations(reason))
  }
}

const copy = (thrown: unknown, seen: Set<unknown>): Error => {
  seen.add(thrown)
  const name = cut(stringOf(thrown, "name") ?? "Error", 128)
  const message = headless(thrown)
  const error = new Error(message)
  const define = (key: string, value: unknown) =>
    Object.defineProperty(error, key, { value, configurable: true, writable: true })
  define("name", name)
  define("stack", `${name}: ${message}${framesOf(thrown)}`)
  const cause = causeOf(thrown)
  if (cause === undefined || seen.has(cause)) return error
  define("cause", seen.size < maxCauses ? copy(cause, seen) : new Error("Further causes are left out"))
  return error
}

/** The message of an error, or its fields when it has none. */
const headless = (thrown: unknown): string => {
  const message = stringOf(thrown, "message")
  if (message === undefined) return describe(thrown)
  if (message !== "") return cut(message, maxText)
  const fields = attempt(
    () => sayFields(thrown as object, { characters: maxText, keys: maxKeys }, 0, ["name", "stack", "_tag"]),
    ""
  )
  return fields === "{}" ? "" : cut(fields, maxText)
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

const stringOf = (value: unknown, key: "name" | "message" | "stack"): string | undefined =>
  attempt(() => {
    const found = isObject(value) ? (value as Record<string, unknown>)[key] : undefined
    return typeof found === "string" ? found : undefined
  }, undefined)

/** The frames of a stack, without the message before them, which may be very long. */
const framesOf = (thrown: unknown): string => {
  const stack = stringOf(thrown, "stack")
  if (stack === undefined) return ""
  const end = stack.slice(-maxFrames)
  const begin = end.indexOf("\n    at ")
  return begin < 0 ? "" : end.slice(begin)
}

/** Describes a value inside another. */
const say = (value: unknown, budget: Budget, depth: number): string => {
  if (budget.characters <= 0) return "…"
  const text = attempt(() => sayUnsafe(value, budget, depth), unreadable)
  // To find out that a value cannot be read may take long.
  budget.characters -= text === unreadable ? maxText / 8 : text.length
  return text
}

const sayUnsafe = (value: unknown, budget: Budget, depth: number): string => {
  switch (typeof value) {
    case "string":
      return JSON.stringify(cut(value, 256))
    case "bigint":
      return value > -largest && value < largest ? `${value}n` : "a large bigint"
    case "symbol":
      return `Symbol(${cut(value.description ?? "", 128)})`
    case "function":
      return "a function"
    case "object":
      return value === null ? "null" : sayObject(value, budget, depth)
    default:
      return String(value)
  }
}

/** Writing a bigint of a million digits takes seconds. */
const largest = 2n ** 128n

const sayObject = (value: object, budget: Budget, depth: number): string => {
  if (Array.isArray(value)) {
    if (depth === maxDepth) return `array(${value.length})`
    const items = Array.from({ length: Math.min(value.length, maxEntries) }, (_, index) =>
      say(dataOf(value, String(index)), budget, depth + 1)
    )
    return `[${items.join(", ")}${value.length > maxEntries ? ", …" : ""}]`
  }
  // Both have a key for each byte or character.
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
  if (value instanceof String) return JSON.stringify(cut(String.prototype.valueOf.call(value), 256))
  if (value instanceof Error) return sayError(value)
  if (value instanceof Date || value instanceof RegExp) return cut(String(value), 256)
  return depth === maxDepth ? "object" : sayFields(value, budget, depth, [])
}

/** Errors may override how they are described. */
const sayError = (error: Error): string => {
  const own = attempt(() => (error.toString === Error.prototype.toString ? undefined : error.toString()), undefined)
  if (typeof own === "string") return cut(own, maxText)
  const [name, message] = [stringOf(error, "name") ?? "Error", stringOf(error, "message") ?? ""]
  return message === "" ? cut(name, 128) : `${cut(name, 128)}: ${cut(message, maxText)}`
}

const sayFields = (value: object, budget: Budget, depth: number, without: ReadonlyArray<string>): string => {
  if (budget.keys <= 0) return "object"
  const keys = Object.keys(value)
  budget.keys -= keys.length
  const fields = keys
    .slice(0, maxEntries)
    .filter((key) => !without.includes(key))
    .map((key) => `${cut(key, 128)}: ${say(dataOf(value, key), budget, depth + 1)}`)
  if (fields.length === 0) return "{}"
  return `{ ${fields.join(", ")}${keys.length > maxEntries ? ", …" : ""} }`
}

/** Does not run getters, which are code of others. */
const dataOf = (value: object, key: string): unknown => Object.getOwnPropertyDescriptor(value, key)?.value
