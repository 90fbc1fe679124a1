/** The difference between a list and the one before it. Most changes keep the beginning and the end. */

/** A list, and its part that is not at the same place, from either end, in the list before. */
export interface ListChange {
  readonly before: ReadonlyArray<unknown>
  readonly after: ReadonlyArray<unknown>
  /** The index of the first element that differs, and the index after the last. */
  readonly first: number
  readonly end: number
}

const none: ReadonlyArray<unknown> = []

/** Compares the elements of two lists by reference. Other values count as an empty list. */
export const make = (before: unknown, after: ReadonlyArray<unknown>): ListChange => {
  const old: ReadonlyArray<unknown> = Array.isArray(before) ? before : none
  const shift = old.length - after.length
  const most = Math.min(old.length, after.length)
  let first = 0
  while (first < most && old[first] === after[first]) first++
  let end = after.length
  while (end > first && end + shift > first && old[end - 1 + shift] === after[end - 1]) end--
  return { before: old, after, first, end }
}

/** A list that is new as a whole. */
export const whole = (after: ReadonlyArray<unknown>): ListChange => ({
  before: none,
  after,
  first: 0,
  end: after.length
})

/** How many elements that were removed are passed over. */
const reach = 8

/** The index of an element at a place of a list or shortly behind it, or -1. */
export const find = (list: ReadonlyArray<unknown>, element: unknown, place: number): number => {
  const end = Math.min(place + reach, list.length)
  for (let index = place; index < end; index++) if (list[index] === element) return index
  return -1
}
