/**
 * The possible values of a setting: as a program gives them, as a variable of the environment gives them, and in words
 * for the person who has to correct one.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

/** The values that a setting may have. */
export interface SettingKind<A> {
  /** What is expected, in words that continue "Expected". */
  readonly expected: string
  /** The value for an input of a program; undefined when it is not valid. */
  readonly fromInput: (input: unknown) => A | undefined
  /** The value for the text of a variable; undefined when it is not valid. */
  readonly fromText: (text: string) => A | undefined
}

const number = (
  expected: string,
  isValid: (value: number) => boolean,
  parse: (text: string) => number = numberFrom
): SettingKind<number> => {
  const valid = (value: unknown) => (typeof value === "number" && isValid(value) ? value : undefined)
  return { expected, fromInput: valid, fromText: (text) => valid(parse(text)) }
}

/** `Number` accepts texts that nobody writes on purpose, such as "" and "0x10". */
const numberFrom = (text: string): number =>
  text === "Infinity" ? Infinity : /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : NaN

const units = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

const bytesFrom = (text: string): number => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?([KMG]iB)$/.exec(text) ?? []
  return amount === undefined ? numberFrom(text) : Number(amount) * units[unit as keyof typeof units]
}

const isWhole = (least: number) => (value: number) => value === Infinity || (value >= least && Number.isInteger(value))

/** A count; `Infinity` is no limit. */
export const count = (least: 0 | 1): SettingKind<number> =>
  number(`a whole number of at least ${least}, or Infinity`, isWhole(least))

/** A finite count. */
export const limitedCount: SettingKind<number> = number(
  "a whole number of at least 0",
  (value) => value >= 0 && Number.isInteger(value)
)

/** Bytes or characters; `Infinity` is no limit. */
export const bytes = (least: 0 | 1): SettingKind<number> =>
  number(`a whole number of at least ${least}, such as 65536 or "64 KiB", or Infinity`, isWhole(least), bytesFrom)

/** Bytes of a message. `ws` uses 32 bits for it, and no limit for 0 and below. */
export const payload: SettingKind<number> = number(
  'a whole number from 1 to 2147483647, such as 65536 or "64 KiB", or Infinity',
  (value) => value === Infinity || (value >= 1 && value < 2 ** 31 && Number.isInteger(value)),
  bytesFrom
)

/** A number per second. */
export const port: SettingKind<number> = number(
  "a port from 0 to 65535",
  (value) => Number.isInteger(value) && value >= 0 && value <= 65_535
)
/** A share of the whole. */
export const share: SettingKind<number> = number("a number from 0 to 1", (value) => value >= 0 && value <= 1)

export const rate: SettingKind<number> = number("a number above 0, or Infinity", (value) => value > 0)

const time = (expected: string, isValid: (millis: number) => boolean): SettingKind<Duration.Duration> => {
  const valid = (value: Duration.Duration | undefined) =>
    value !== undefined && isValid(Duration.toMillis(value)) ? value : undefined
  return {
    expected,
    fromInput: (input) => valid(durationFrom(input)),
    fromText: (text) => valid(durationFrom(text))
  }
}

/** `Duration` reads values that are not numbers, and objects without parts, as no time at all. */
const durationFrom = (input: unknown): Duration.Duration | undefined => {
  if (Duration.isDuration(input)) return input
  const parts = typeof input === "object" && input !== null ? Object.values(input) : [input]
  if (parts.length === 0 || parts.some(Number.isNaN)) return undefined
  return Option.getOrUndefined(Duration.fromInput(input as Duration.Input))
}

/** A time above 0; `Infinity` is without end. */
export const someTime = time('a time above 0, such as "30 seconds", or Infinity', (millis) => millis > 0)

/** A time of at least 0. */
export const someOrNoTime = time('a time of at least 0, such as "30 seconds", or Infinity', (millis) => millis >= 0)

/** A finite time: such times are sent to clients, or divided. */
export const endingTime = time(
  'a time above 0 that ends, such as "30 seconds"',
  (millis) => millis > 0 && millis < Infinity
)

/** The same, or none. */
export const endingOrNoTime = time(
  'a time of at least 0 that ends, such as "30 seconds"',
  (millis) => millis >= 0 && millis < Infinity
)

/** A boolean. */
export const flag: SettingKind<boolean> = {
  expected: "true or false",
  fromInput: (input) => (typeof input === "boolean" ? input : undefined),
  fromText: (text) => (text === "true" ? true : text === "false" ? false : undefined)
}

/** Any name. */
export const name: SettingKind<string> = {
  expected: "a text",
  fromInput: (input) => (typeof input === "string" ? input : undefined),
  fromText: (text) => text
}

/** One of a few words. */
export const oneOf = <const Words extends ReadonlyArray<string>>(...words: Words): SettingKind<Words[number]> => {
  const valid = (input: unknown) => words.find((word) => word === input)
  return { expected: words.map((word) => `"${word}"`).join(" or "), fromInput: valid, fromText: valid }
}

const pathFrom = (input: unknown) =>
  typeof input === "string" && input.startsWith("/") ? (input as `/${string}`) : undefined

/** The prefix of a path. */
export const path: SettingKind<`/${string}`> = {
  expected: 'a path that begins with a slash, such as "/api/live"',
  fromInput: pathFrom,
  fromText: pathFrom
}

/** Which pages may connect. */
export type Origins = "same-origin" | "any" | ReadonlyArray<string>

/** As browsers send it: without a path or a slash at its end; `null` for a page without an origin. */
const origin = /^([a-z][a-z0-9+.-]*:\/\/[^/\s,*]+|null)$/i

const originsFrom = (input: unknown): Origins | undefined => {
  if (input === "same-origin" || input === "any") return input
  const isList = Array.isArray(input) && input.every((item) => typeof item === "string" && origin.test(item))
  return isList ? (input as ReadonlyArray<string>) : undefined
}

/** Pages that may connect; a variable separates them by commas. */
export const origins: SettingKind<Origins> = {
  expected:
    '"same-origin", "any", or a list of origins such as "https://example.org", with no path and no slash at the end',
  fromInput: originsFrom,
  fromText: (text) => originsFrom(text) ?? originsFrom(text.split(",").map((item) => item.trim()))
}
