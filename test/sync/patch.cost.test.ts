import "../support/Work.ts"
import { assert, describe, it } from "@effect/vitest"
import { apply, change, diff, diffInOrder, type Json, type Op, type Patch } from "../../src/Patch.ts"
import { numbers, type Shape, shapes } from "../support/shapes.ts"
import { isLinear, workOf } from "../support/Work.ts"

const all = Object.entries<(size: number) => Shape>(shapes).map(([name, of]) => ({ name, of }))
const sizes = [1500, 3000]
/** The longest run of elements in order is found in n log n, and so are pieces that are asked for here and there. */
const slack = 0.15

const list = (size: number): Json => Array.from({ length: size }, (_, id) => ({ id, note: "of some length" }))

describe("the work of a change", () => {
  it.each(all)("finding a change costs work that doubles at most when the state does: $name", ({ of }) => {
    isLinear(
      sizes,
      (size) => {
        const { after, before } = of(size)
        return () => diff(before, after)
      },
      slack
    )
  })

  it.each(all)("finding a change in order costs work that doubles at most when the state does: $name", ({ of }) => {
    isLinear(
      sizes,
      (size) => {
        const { after, before } = of(size)
        return () => diffInOrder(before, after)
      },
      slack
    )
  })

  it.each(all)("applying a change costs work that doubles at most when the state does: $name", ({ of }) => {
    isLinear(
      sizes,
      (size) => {
        const { after, before } = of(size)
        const patch = diff(before, after)
        return () => apply(before, patch)
      },
      slack
    )
  })

  it.each(all)("applying a change is no more than going over the state and the patch a few times: $name", ({ of }) => {
    const { after, before } = of(4000)
    const patch = diff(before, after)
    apply(before, patch)
    const whole = workOf(() => JSON.parse(JSON.stringify([before, after, patch])))
    assert.isBelow(
      workOf(() => apply(before, patch)),
      whole
    )
  })

  it.each(all)("a patch is no longer than what it leads to: $name", ({ of }) => {
    const { after, before } = of(1000)
    for (const patch of [diff(before, after), diffInOrder(before, after), change(before, after).patch]) {
      assert.isAtMost(JSON.stringify(patch).length, JSON.stringify(after).length + 100)
    }
  })
})

/** Patches that no difference has to be like, and that fit all the same. */
const hostile: { readonly [name: string]: (size: number) => { readonly state: Json; readonly patch: Patch } } = {
  "removing elements from the end on": (size) => ({
    state: list(size),
    patch: Array.from({ length: size >> 1 }, (_, i): Op => ["splice", [], size - 2 * i - 1, 1, []])
  }),
  "removing from the beginning and from the end by turns": (size) => ({
    state: list(size),
    patch: Array.from({ length: size - 2 }, (_, i): Op => ["splice", [], i % 2 === 0 ? 0 : size - i - 1, 1, []])
  }),
  "putting in elements at places of chance": (size) => {
    const next = numbers(3)
    return {
      state: list(size),
      patch: Array.from({ length: size }, (_, i): Op => ["splice", [], next(size + i), 0, [i]])
    }
  },
  "putting in, taking out and editing at places of chance": (size) => {
    const next = numbers(5)
    return {
      state: list(size),
      patch: Array.from({ length: size }, (_, i): Op => {
        if (i % 3 === 0) return ["splice", [], next(size), 0, [{ id: i, note: "new" }]]
        return i % 3 === 1 ? ["splice", [], next(size), 1, []] : ["set", [next(size), "note"], "edited"]
      })
    }
  },
  "two lists by turns": (size) => ({
    state: { a: list(size), b: list(size) },
    patch: Array.from({ length: size }, (_, i): Op => ["splice", [i % 2 === 0 ? "a" : "b"], i >> 1, 1, ["new", "too"]])
  }),
  "a list and the lists in it by turns": (size) => ({
    state: { rows: Array.from({ length: size >> 2 }, (_, i) => ({ list: [i, i, i, i] })) },
    patch: Array.from({ length: size >> 2 }, (_, i): ReadonlyArray<Op> => [
      ["splice", ["rows", i, "list"], 3, 1, []],
      ["splice", ["rows"], i, 0, [{ list: [1, 2, 3, 4] }]],
      ["splice", ["rows", i, "list"], 0, 1, []],
      ["splice", ["rows"], i, 1, []]
    ]).flat()
  }),
  "one long text, piece by piece": (size) => ({
    state: { text: "" },
    patch: Array.from({ length: size }, (): Op => ["append", ["text"], "a few words more "])
  }),
  "a list that is set anew and spliced by turns": (size) => ({
    state: { list: list(size) },
    patch: Array.from({ length: size >> 3 }, (_, i): ReadonlyArray<Op> => [
      ["splice", ["list"], 0, 1, []],
      ["set", ["list"], [i, 2, 3, 4]],
      ["splice", ["list"], 1, 2, []]
    ]).flat()
  }),
  "keys put in and taken out by turns": (size) => ({
    state: Object.fromEntries(Array.from({ length: size }, (_, i) => [`k${i}`, i])),
    patch: Array.from({ length: size }, (_, i): Op => (i % 2 === 0 ? ["unset", [`k${i}`]] : ["set", [`new${i}`], i]))
  })
}

describe("the work of a patch that fits", () => {
  it.each(Object.entries(hostile).map(([name, of]) => ({ name, of })))(
    "applying a patch costs work that doubles at most with it: $name",
    ({ of }) => {
      isLinear(
        sizes,
        (size) => {
          const { patch, state } = of(size)
          return () => apply(state, patch)
        },
        slack
      )
    }
  )
})
