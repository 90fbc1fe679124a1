/** Pairs of states that are hard to compare or to follow, of any size: what a handler, or a client through one, may make of a state. */
import type { Json } from "../../src/Patch.ts"

/** A state before and after a change. */
export interface Shape {
  readonly before: Json
  readonly after: Json
}

/** Numbers that look like chance and are the same each time. */
export const numbers = (seed: number): ((below: number) => number) => {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const row = (id: number) => ({ id, title: `a row with the number ${id}`, tags: ["one", "two"] })
const rows = (size: number) => Array.from({ length: size }, (_, id) => row(id))

const shuffled = <A>(list: ReadonlyArray<A>): ReadonlyArray<A> => {
  const next = numbers(7)
  const copy = list.slice()
  for (let i = copy.length - 1; i > 0; i--) {
    const j = next(i + 1)
    const [a, b] = [copy[i] as A, copy[j] as A]
    copy[i] = b
    copy[j] = a
  }
  return copy
}

const list =
  (change: (rows: ReadonlyArray<Json>, size: number) => Json) =>
  (size: number): Shape => {
    const before = rows(size)
    return { before: { rows: before, count: 1 }, after: { rows: change(before, size), count: 2 } }
  }

const texts =
  (change: (texts: ReadonlyArray<Json>, size: number) => Json) =>
  (size: number): Shape => {
    const before = Array.from({ length: size }, (_, id) => `${id}`)
    return { before, after: change(before, size) }
  }

const nested = (depth: number, leaves: ReadonlyArray<Json>): Json => {
  let value: Json = leaves
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? { next: value, level } : [level, value, "end"]
  return value
}

const record = (size: number, of: (id: number) => Json) =>
  Object.fromEntries(Array.from({ length: size }, (_, id) => [`key ${id}`, of(id)]))

/** The shapes by what they are; `size` is the number of elements, keys or characters. */
export const shapes = {
  "every other element removed": list((rows) => rows.filter((_, i) => i % 2 === 0)),
  "every other element removed, the rest rebuilt": list((rows) =>
    structuredClone(rows.filter((_, i) => i % 2 === 0) as Array<Json>)
  ),
  "every other element replaced": list((rows, size) => rows.map((row, i) => (i % 2 === 0 ? row : `new ${size + i}`))),
  "an element put before each": list((rows, size) => rows.flatMap((value, i) => [row(size + i), value])),
  "elements put in and taken out by turns": list((rows, size) =>
    rows.flatMap((value, i) => (i % 4 === 0 ? [] : i % 4 === 1 ? [value, row(size + i)] : [value]))
  ),
  "every element edited": list((rows) => rows.map((row) => ({ ...(row as object), done: true }) as Json)),
  "a list turned round": list((rows) => rows.toReversed()),
  "a list turned round and rebuilt": list((rows) => structuredClone(rows.toReversed())),
  "a list rotated by one": list((rows) => [...rows.slice(1), ...rows.slice(0, 1)]),
  "a list rotated by half": list((rows, size) => [...rows.slice(size >> 1), ...rows.slice(0, size >> 1)]),
  "a list rotated by half and rebuilt": list((rows, size) =>
    structuredClone([...rows.slice(size >> 1), ...rows.slice(0, size >> 1)])
  ),
  "a list shuffled": list((rows) => shuffled(rows)),
  "a list shuffled, and shorter": list((rows, size) => shuffled(rows).slice(0, size - (size >> 3))),
  "a list emptied": list(() => []),
  "the same element many times": texts((texts) => texts.map((text, i) => (i % 3 === 0 ? "-" : text))),
  "elements twice, and then once": texts((texts) => [...texts, ...texts]),
  "texts shuffled": texts((texts) => shuffled(texts)),
  "texts, every other removed": texts((texts) => texts.filter((_, i) => i % 2 === 0)),
  "each text of a list appended to": (size: number) => {
    const before = Array.from({ length: size }, (_, i) => `a text that is long enough, number ${i}`)
    return { before, after: before.map((text) => `${text} and on`) }
  },
  "numbers, every other removed": (size: number) => {
    const before = Array.from({ length: size }, (_, i) => i * 7)
    return { before, after: before.filter((_, i) => i % 2 === 0) }
  },
  "keys added to a record": (size: number) => ({ before: { a: 1 }, after: { a: 1, ...record(size, row) } }),
  "every other key of a record removed": (size: number) => {
    const before = record(size, row)
    return { before, after: Object.fromEntries(Object.entries(before).filter((_, i) => i % 2 === 0)) }
  },
  "every other key of a record changed": (size: number) => {
    const before = record(size, row)
    return {
      before,
      after: Object.fromEntries(Object.entries(before).map(([key, value], i) => [key, i % 2 === 0 ? value : i]))
    }
  },
  "the keys of a record turned round": (size: number) => {
    const before = record(size, row)
    return { before, after: Object.fromEntries(Object.entries(before).toReversed()) }
  },
  "a key put before all others of a record": (size: number) => {
    const before = record(size, row)
    return { before, after: { first: 1, ...before } }
  },
  "keys that are numbers, every other removed": (size: number) => {
    const before = Object.fromEntries(Array.from({ length: size }, (_, id) => [id * 3, row(id)]))
    return { before, after: Object.fromEntries(Object.entries(before).filter((_, i) => i % 2 === 0)) }
  },
  "lists in a list, each with an element removed": (size: number) => {
    const before = Array.from({ length: size >> 2 }, (_, i) => ({ list: [i, i + 0.5, "x", "y"] }))
    return { before, after: before.map(({ list }) => ({ list: list.toSpliced(1, 1) })) }
  },
  "deep, and changed at the bottom": (size: number) => {
    const leaves = Array.from({ length: size }, (_, i) => `${i}`)
    return {
      before: nested(100, leaves),
      after: nested(
        100,
        leaves.filter((_, i) => i % 2 === 0)
      )
    }
  },
  "a long text with more at its end": (size: number) => ({
    before: { text: "x".repeat(size * 10) },
    after: { text: `${"x".repeat(size * 10)} and more` }
  }),
  "a long text changed in the middle": (size: number) => ({
    before: { text: `${"x".repeat(size * 5)}a${"x".repeat(size * 5)}` },
    after: { text: `${"x".repeat(size * 5)}b${"x".repeat(size * 5)}` }
  })
} as const satisfies { readonly [name: string]: (size: number) => Shape }
