/** Times, durations and values, as the panel writes them. */
import type { Json } from "../Json.ts"

/** How many characters of a value are shown at most. */
const longest = 20_000

const two = (value: number): string => String(value).padStart(2, "0")

/** The time of a day, with milliseconds: `14:03:07.120`. */
export const clockTime = (millis: number): string => {
  const date = new Date(millis)
  const day = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")
  return `${day}.${String(date.getMilliseconds()).padStart(3, "0")}`
}

/** A duration: `12 ms`, `3.4 s`. */
export const duration = (millis: number): string =>
  millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(1)} s`

/** Characters, in thousands where they are many. */
export const size = (characters: number): string =>
  characters < 1000 ? String(characters) : `${(characters / 1000).toFixed(1)} k`

/** A value as text, or its beginning. */
export const pretty = (value: Json): string => {
  const text = JSON.stringify(value, null, 2)
  return text.length > longest ? `${text.slice(0, longest)}\n… ${text.length - longest} more characters` : text
}
