/** Numbers and times for people. */
const decimal = new Intl.NumberFormat("en", { maximumFractionDigits: 1 })
const precise = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 })

/** A count or a rate. */
export const number = (value: number): string => decimal.format(value)

/** Milliseconds. */
export const millis = (value: number): string => {
  if (value === 0) return "0"
  if (value >= 1000) return `${precise.format(value / 1000)} s`
  return value > 0 && value < 0.01 ? "< 0.01 ms" : `${precise.format(value)} ms`
}

/** Bytes. */
export const bytes = (value: number): string => {
  if (value >= 1e9) return `${precise.format(value / 1e9)} GB`
  if (value >= 1e6) return `${precise.format(value / 1e6)} MB`
  return value >= 1e3 ? `${precise.format(value / 1e3)} kB` : `${value} B`
}

/** How long something lasts, in milliseconds. */
export const span = (value: number): string => {
  const seconds = Math.floor(value / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" })
const date = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" })

/** A time of day, in milliseconds since 1970. */
export const time = (at: number): string => clock.format(at)
/** The same, with its day. */
export const day = (at: number): string => date.format(at)
