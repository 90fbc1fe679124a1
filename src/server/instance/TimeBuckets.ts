/**
 * How times are counted: in buckets that grow with the time, so that a few dozen numbers say what most times are, the
 * worst of a hundred, and how many there were. Times are in whole microseconds, below half an hour.
 */

/** How times are put into buckets. */
export interface Buckets {
  readonly size: number
  /** The bucket of a time. */
  readonly of: (micros: number) => number
  /** The shortest time of a bucket. */
  readonly from: (bucket: number) => number
}

/** The longest time that is told from longer ones. */
export const longest = 2 ** 31 - 1

/** The number of the highest bit. */
const exponent = (value: number): number => 31 - Math.clz32(value)

/** Eight buckets for each doubling: what is said is wrong by less than 7 %. */
export const fine: Buckets = {
  size: 232,
  of: (micros) => {
    if (micros < 8) return micros
    const high = exponent(micros)
    return (high - 2) * 8 + ((micros >> (high - 3)) & 7)
  },
  from: (bucket) => (bucket < 8 ? bucket : (8 + (bucket & 7)) * 2 ** ((bucket >> 3) - 1))
}

/** Two for each doubling, from 64 µs to half a second: enough for one instance, and small. */
export const coarse: Buckets = {
  size: 26,
  of: (micros) => {
    const units = micros >> 6
    if (units === 0) return 0
    const high = exponent(units)
    return Math.min(25, high === 0 ? 1 : high * 2 + ((units >> (high - 1)) & 1))
  },
  from: (bucket) => (bucket < 2 ? bucket * 64 : (2 + (bucket & 1)) * 2 ** ((bucket >> 1) - 1) * 64)
}

/** Counted times, in an array that may hold other things as well. */
export interface Counted {
  readonly buckets: Buckets
  readonly counts: { readonly [index: number]: number }
  /** Where the first bucket is. */
  readonly at: number
  /** The longest of the times. */
  readonly max: number
}

/** How many times are in buckets that begin below a time. */
export const countBelow = ({ at, buckets, counts }: Counted, micros: number): number => {
  let count = 0
  for (let bucket = 0; bucket < buckets.size && buckets.from(bucket) < micros; bucket++)
    count += counts[at + bucket] ?? 0
  return count
}

/** The time that this share of the times does not exceed, in microseconds; 0 when nothing was counted. */
export const quantile = ({ at, buckets, counts, max }: Counted, share: number): number => {
  let total = 0
  for (let bucket = 0; bucket < buckets.size; bucket++) total += counts[at + bucket] ?? 0
  let rest = Math.ceil(total * share)
  for (let bucket = 0; bucket < buckets.size; bucket++) {
    const count = counts[at + bucket] ?? 0
    if (count > 0 && rest <= count) {
      const from = buckets.from(bucket)
      const to = bucket + 1 === buckets.size ? max : Math.min(max, buckets.from(bucket + 1))
      return Math.min(max, from + (Math.max(0, to - from) * rest) / count)
    }
    rest -= count
  }
  return max
}
