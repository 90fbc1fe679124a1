/**
 * Finds the elements of one list in another. Elements that are the same reference, or have the same text, are the same;
 * each is matched once. Of the matches, the longest run in order stays in place, and the others have moved.
 */
import { isContainer, type Json, type List } from "./Json.ts"

/** The match of each element. Only one without a counterpart may count as edited in place. */
export interface ElementMatch {
  readonly old: Uint8Array
  readonly fresh: Uint8Array
}

/** No counterpart. */
export const FRESH = 0
/** The counterpart is elsewhere. */
export const MOVED = 1
/** The counterpart stays in place. */
export const STAYS = 2

/** Matches the elements of two lists. */
export const match = (before: List, after: List): ElementMatch => {
  const old = new Uint8Array(before.length)
  const fresh = new Uint8Array(after.length)
  const origin = new Int32Array(after.length).fill(-1)
  const pair = (keyOf: (value: Json) => unknown): void => {
    const heads = new Map<unknown, number>() //key -> its first free index in `before`; the others follow in `next`
    const next = new Int32Array(before.length)
    for (let i = before.length - 1; i >= 0; i--) {
      if (old[i] !== FRESH) continue
      const key = keyOf(before[i] as Json)
      if (key === undefined) continue
      next[i] = heads.get(key) ?? -1
      heads.set(key, i)
    }
    if (heads.size === 0) return
    for (let j = 0; j < after.length; j++) {
      if (fresh[j] !== FRESH) continue
      const key = keyOf(after[j] as Json)
      const i = heads.get(key)
      if (i === undefined || i < 0) continue
      heads.set(key, next[i] as number)
      origin[j] = i
      old[i] = fresh[j] = MOVED
    }
  }
  pair((value) => (typeof value === "number" ? undefined : value))
  // As text, because a Map hashes numbers alike in every process: clients could choose numbers that all collide.
  pair((value) => (typeof value === "number" ? `#${value}` : undefined))
  // Rebuilt elements are found by their text. In lists of equal length they most likely kept their places, and
  // comparing place by place is cheaper.
  if (before.length !== after.length) pair((value) => (isContainer(value) ? JSON.stringify(value) : undefined))

  const tails: Array<number> = [] // tails[n]: where in `after` the best run of length n + 1 ends
  const previous = new Int32Array(after.length)
  for (let j = 0; j < after.length; j++) {
    const i = origin[j] as number
    if (i < 0) continue
    let low = 0
    let high = tails.length
    // The run mostly continues here.
    if ((origin[tails[high - 1] as number] as number) < i) low = high
    while (low < high) {
      const middle = (low + high) >> 1
      if ((origin[tails[middle] as number] as number) < i) low = middle + 1
      else high = middle
    }
    previous[j] = tails[low - 1] ?? -1
    tails[low] = j
  }
  for (let j = tails.at(-1) ?? -1; j >= 0; j = previous[j] as number) old[origin[j] as number] = fresh[j] = STAYS
  return { old, fresh }
}
