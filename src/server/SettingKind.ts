/**
 * What a setting may be: as a program gives it, as an environment variable says it, and in words for who has to correct it. It knows
 * kinds of values, and no setting.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

/** The values that a setting may have. */
export interface SettingKind<A> {
  /** What is expected, in words that go on from "Expected". */
  readonly expected: string
  /** The value of what a program gives; undefined when no server can work with it. */
  readonly fromInput: (input: unknown) => A | undefined
  /** The value of what a variable says; undefined when no server can work with it. */
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

/** `Number` takes more than people write on purpose, such as "" and "0x10". */
const numberFrom = (text: string): number =>
  text === "Infinity" ? Infinity : /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : NaN

const units = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

const bytesFrom = (text: string): number => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?([KMG]iB)$/.exec(text) ?? []
  return amount === undefined ? numberFrom(text) : Number(amount) * units[unit as keyof typeof units]
}

const isWhole = (least: number) => (value: number) => value === Infinity || (value >= least && Number.isInteger(value))

/** Things that are counted; `Infinity` is no limit. */
export const count = (least: 0 | 1): SettingKind<number> =>
  number(`a whole number of at least ${least}, or Infinity`, isWhole(least))

/** Things that are counted, and of which there is an end. */
export const limitedCount: SettingKind<number> = number(
  "a whole number of at least 0",
  (value) => value >= 0 && Number.isInteger(value)
)

/** Bytes, or characters; `Infinity` is no limit. */
export const bytes = (least: 0 | 1): SettingKind<number> =>
  number(`a whole number of at least ${least}, such as 65536 or "64 KiB", or Infinity`, isWhole(least), bytesFrom)

/** Bytes of a message. `ws` makes 32 bits of it, and takes 0 and what is below for no limit. */
export const payload: SettingKind<number> = number(
  'a whole number from 1 to 2147483647, such as 65536 or "64 KiB", or Infinity',
  (value) => value === Infinity || (value >= 1 && value < 2 ** 31 && Number.isInteger(value)),
  bytesFrom
)

/** So many a second. */
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

/** What is no number at all, and an object without a part, `Duration` takes for no time. */
const durationFrom = (input: unknown): Duration.Duration | undefined => {
  if (Duration.isDuration(input)) return input
  const parts = typeof input === "object" && input !== null ? Object.values(input) : [input]
  if (parts.length === 0 || parts.some(Number.isNaN)) return undefined
  return Option.getOrUndefined(Duration.fromInput(input as Duration.Input))
}

/** A time; `Infinity` is for ever. */
export const someTime = time('a time above 0, such as "30 seconds", or Infinity', (millis) => millis > 0)

/** A time, or none. */
export const someOrNoTime = time('a time of at least 0, such as "30 seconds", or Infinity', (millis) => millis >= 0)

/** Those that clients are told, or that are divided up: neither can be done with what does not end. */
export const endingTime = time(
  'a time above 0 that ends, such as "30 seconds"',
  (millis) => millis > 0 && millis < Infinity
)

/** The same, or none. */
export const endingOrNoTime = time(
  'a time of at least 0 that ends, such as "30 seconds"',
  (millis) => millis >= 0 && millis < Infinity
)

/** Whether something is done. */
export const flag: SettingKind<boolean> = {
  expected: "true or false",
  fromInput: (input) => (typeof input === "boolean" ? input : undefined),
  fromText: (text) => (text === "true" ? true : text === "false" ? false : undefined)
}

/** A name, whatever it says. */
export const name: SettingKind<string> = {
  expected: "a text",
  fromInput: (input) => (typeof input === "string" ? input : undefined),
  fromText: (text) => text
}

const pathFrom = (input: unknown) =>
  typeof input === "string" && input.startsWith("/") ? (input as `/${string}`) : undefined

/** The beginning of a URL's path. */
export const path: SettingKind<`/${string}`> = {
  expected: 'a path that begins with a slash, such as "/api/live"',
  fromInput: pathFrom,
  fromText: pathFrom
}

/** Which pages may connect. */
export type Origins = "same-origin" | "any" | ReadonlyArray<string>

/** As browsers send it: in lower case, with no path and not even a slash at its end; `null` where a page has none. */
const origin = /^([a-z][a-z0-9+.-]*:\/\/[^/\s,*A-Z]+|null)$/

const originsFrom = (input: unknown): Origins | undefined => {
  if (input === "same-origin" || input === "any") return input
  const isList = Array.isArray(input) && input.every((item) => typeof item === "string" && origin.test(item))
  return isList ? (input as ReadonlyArray<string>) : undefined
}

/** Which pages may connect; a variable lists them with commas between. */
export const origins: SettingKind<Origins> = {
  expected:
    '"same-origin", "any", or a list of origins such as "https://example.org", with no path and no slash at the end',
  fromInput: originsFrom,
  fromText: (text) => originsFrom(text) ?? originsFrom(text.split(",").map((item) => item.trim()))
}
