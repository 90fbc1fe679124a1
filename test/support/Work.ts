/**
 * How much work a piece of code is: the basic blocks it runs through, as V8 counts them, and the elements that built-in functions go
 * over for it. The same code with the same input always gives the same number, on any machine, however busy; so a test can say that
 * twice the input is at most twice the work. Import this file before the code that is measured has run: V8 counts only what is
 * compiled after this. What the engine does by itself (copying the fields of an object, hashing, collecting garbage) is not seen.
 */
import { Session, type Profiler } from "node:inspector"
import { assert } from "@effect/vitest"

const session = new Session()
session.connect()

const ask = <A>(method: string, params: object = {}): A => {
  let answer: { readonly error: Error | null; readonly result: unknown } | undefined
  // On the same thread it is called before `post` returns.
  session.post(method, params, (error, result) => void (answer = { error, result }))
  if (answer === undefined || answer.error !== null) throw new Error(`${method} failed`, { cause: answer?.error })
  return answer.result as A
}

ask("Profiler.enable")
ask("Profiler.startPreciseCoverage", { callCount: true, detailed: true })

type Visits = (self: unknown, args: ReadonlyArray<unknown>, result: unknown) => number

type Builtin = (this: unknown, ...args: ReadonlyArray<unknown>) => unknown

/** Elements that built-in functions have gone over. */
let visited = 0

/** Has a built-in function count what it goes over. */
const count = (owner: object, name: string, visits: Visits) => {
  const builtin = Reflect.get(owner, name) as Builtin
  const counting: Builtin = function (...args) {
    const result = builtin.apply(this, args as Array<unknown>)
    visited += visits(this, args, result)
    return result
  }
  Object.defineProperty(owner, name, { value: counting, writable: true, configurable: true, enumerable: false })
}

const lengthOf = (value: unknown): number =>
  typeof value === "string" || Array.isArray(value) || ArrayBuffer.isView(value)
    ? (value as { readonly length: number }).length
    : 0

const over: Visits = (self) => lengthOf(self)
const result: Visits = (_self, _args, made) => lengthOf(made)
const first: Visits = (_self, [value]) => lengthOf(value)

const installed = (): (() => void) => {
  const owners: ReadonlyArray<readonly [object, ReadonlyArray<string>, Visits]> = [
    [
      Array.prototype,
      ["slice", "concat", "toSorted", "toReversed", "toSpliced", "with", "flat", "fill", "keys"],
      result
    ],
    [
      Array.prototype,
      ["indexOf", "lastIndexOf", "includes", "join", "splice", "shift", "unshift", "reverse", "sort", "copyWithin"],
      over
    ],
    [Object, ["keys", "values", "entries", "getOwnPropertyNames"], result],
    [Reflect, ["ownKeys"], result],
    [Array, ["from"], result],
    [JSON, ["stringify"], result],
    [JSON, ["parse"], first],
    [Object.getPrototypeOf([][Symbol.iterator]()) as object, ["next"], () => 1],
    [Object.getPrototypeOf(new Map().entries()) as object, ["next"], () => 1],
    [Object.getPrototypeOf(new Set().values()) as object, ["next"], () => 1]
  ]
  const originals: Array<() => void> = []
  for (const [owner, names, visits] of owners) {
    for (const name of names) {
      const descriptor = Object.getOwnPropertyDescriptor(owner, name)
      if (descriptor === undefined) continue
      originals.push(() => Object.defineProperty(owner, name, descriptor))
      count(owner, name, visits)
    }
  }
  return () => originals.forEach((restore) => restore())
}

const blocks = (): number => {
  const { result } = ask<Profiler.TakePreciseCoverageReturnType>("Profiler.takePreciseCoverage")
  let sum = 0
  for (const { functions, url } of result) {
    if (url === import.meta.url || url.endsWith(ownPath)) continue
    for (const { ranges } of functions) for (const range of ranges) sum += range.count
  }
  return sum
}

const ownPath = new URL(import.meta.url).pathname

/** The work of a piece of code, in steps. */
export const workOf = (run: () => unknown): number => {
  const restore = installed()
  visited = 0
  blocks()
  try {
    run()
  } finally {
    restore()
  }
  return blocks() + visited
}

/**
 * Asserts that twice the input is at most twice the work, and little more: `prepare` makes what is measured for a size. The least
 * size is large enough for what is there at any size not to count.
 */
export const isLinear = (
  sizes: ReadonlyArray<number>,
  prepare: (size: number) => () => unknown,
  /** What may come on top: 0.15 is n log n from 2 000 on. */
  slack = 0.05
): void => {
  // What is compiled or cached on the first run is not part of it.
  prepare(sizes[0] ?? 1)()
  const measured = sizes.map((size) => ({ size, work: workOf(prepare(size)) }))
  measured.reduce((small, large) => {
    const most = (large.size / small.size) * (1 + slack)
    assert.isBelow(
      large.work / small.work,
      most,
      `${large.size} instead of ${small.size} take ${large.work} steps instead of ${small.work}`
    )
    return large
  })
}
