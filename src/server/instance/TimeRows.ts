/**
 * Room for the times of many instances, in large arrays that they share: an array of its own would be several times as
 * large as what it holds. An instance that stops gives its row back.
 */
import { coarse } from "./TimeBuckets.ts"

/** The kinds of time that are counted. */
export const kinds = ["run", "publish", "wait"] as const

/** How long a handler runs, how long a change takes to be published, and how long a message waits. */
export type TimeKind = (typeof kinds)[number]

/** Where each kind begins in a row. */
export const places: { readonly [Kind in TimeKind]: number } = {
  run: 0,
  publish: coarse.size,
  wait: 2 * coarse.size
}

const width = kinds.length * coarse.size
const rowsPerArray = 512

/** The counts of one instance. */
export interface TimeRow {
  readonly counts: Uint16Array
  /** Where the row begins. */
  readonly at: number
}

/** Rows for the instances of one server. */
export class TimeRows {
  #free: Array<TimeRow> = []
  #array: Uint16Array | undefined
  #used = rowsPerArray

  /** A row of zeros. */
  take(): TimeRow {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#array === undefined || this.#used === rowsPerArray) {
      this.#array = new Uint16Array(rowsPerArray * width)
      this.#used = 0
    }
    return { counts: this.#array, at: this.#used++ * width }
  }

  /** Takes a row back. */
  give(row: TimeRow): void {
    row.counts.fill(0, row.at, row.at + width)
    this.#free.push(row)
  }
}

/** Counts a time in a row. When a count is full, all of its kind are halved, so that recent times weigh more. */
export const add = (counts: Uint16Array, at: number, kind: TimeKind, micros: number, weight: number): void => {
  const first = at + places[kind]
  const index = first + coarse.of(micros)
  if ((counts[index] as number) + weight > 0xffff) {
    for (let each = first; each < first + coarse.size; each++) counts[each] = (counts[each] as number) >> 1
  }
  counts[index] = (counts[index] as number) + weight
}
