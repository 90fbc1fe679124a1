/** Applying steps one after the other, in lists that earlier steps have changed. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { apply, change, type Json, type Op, PatchMismatch } from "../src/Patch.ts"

/** What is said of a patch that does not fit. */
const mismatch = (value: Json, ...patch: ReadonlyArray<Op>): string => {
  const before = JSON.stringify(value)
  try {
    apply(value, patch)
  } catch (error) {
    assert.instanceOf(error, PatchMismatch)
    assert.strictEqual(error.name, "PatchMismatch")
    assert.strictEqual(JSON.stringify(value), before)
    return error.message
  }
  return assert.fail("it fits")
}

describe("a patch that does not fit", () => {
  it("says what it needs and what there is", () => {
    const says = (needs: string, path: string, found: string, op: string) =>
      `The patch does not fit: "${op}" needs ${needs} at ${path}, and there is ${found}.`
    const state = { a: null, b: [1], c: "x", d: { e: true } }
    assert.strictEqual(mismatch(state, ["append", ["a"], "x"]), says("a string", '["a"]', "null", "append"))
    assert.strictEqual(mismatch(state, ["append", ["b"], "x"]), says("a string", '["b"]', "a list", "append"))
    assert.strictEqual(mismatch(state, ["append", ["z"], "x"]), says("a string", '["z"]', "nothing", "append"))
    assert.strictEqual(
      mismatch(state, ["splice", ["c"], 0, 0, []]),
      says("a list", '["c"]', "a value of type string", "splice")
    )
    assert.strictEqual(
      mismatch(state, ["splice", ["d"], 0, 0, []]),
      says("a list", '["d"]', "a value of type object", "splice")
    )
    assert.strictEqual(
      mismatch(state, ["set", ["d", "e", "f", "g"], 1]),
      says("a list or an object", '["d","e"]', "a value of type boolean", "set")
    )
    assert.strictEqual(
      mismatch(state, ["set", ["b", 1], 1]),
      says("a list element or an object key", '["b",1]', "nothing", "set")
    )
    assert.strictEqual(
      mismatch(state, ["splice", ["b"], 1, 1, []]),
      says("a list of at least 2 elements", '["b"]', "one of 1", "splice")
    )
  })

  it("is one that counts from before the beginning, or takes out less than nothing", () => {
    for (const [index, count] of [
      [-1, 0],
      [-1, 1],
      [1, -1],
      [0, 3],
      [3, 0],
      [Number.NaN, 0]
    ] as const) {
      assert.include(mismatch([1, 2], ["splice", [], index, count, []]), '"splice" needs a list of at least')
    }
    assert.deepStrictEqual(apply([1, 2], [["splice", [], 2, 0, [3]]]), [1, 2, 3])
    assert.deepStrictEqual(apply([1, 2], [["splice", [], 0, 2, []]]), [])
  })

  it("is none in a list that was spliced twice, either", () => {
    const twice: ReadonlyArray<Op> = [
      ["splice", [], 0, 1, []],
      ["splice", [], 0, 1, [8, 9]]
    ]
    const list = [1, 2, 3]
    assert.deepStrictEqual(apply(list, twice), [8, 9, 3])
    assert.deepStrictEqual(apply(list, [...twice, ["set", [2], 4], ["set", [0], 7]]), [7, 9, 4])
    for (const key of [3, -1, "0", "length"] as const) {
      assert.include(mismatch(list, ...twice, ["set", [key], 1]), "a list element")
    }
    for (const key of [3, "0"] as const) assert.include(mismatch(list, ...twice, ["append", [key], "x"]), "a string")
    assert.include(mismatch(list, ...twice, ["splice", [], 3, 1, []]), "at least 4 elements")
    assert.include(mismatch(list, ...twice, ["unset", [0]]), "an object key")
    assert.include(mismatch(list, ["set", ["0"], 1]), "a list element")
  })

  it("is one that goes past an end of a list that was spliced back and forth", () => {
    const list = [1, 2, 3, 4, 5]
    const ends: ReadonlyArray<Op> = [
      ["splice", [], 2, 0, []],
      ["splice", [], 4, 1, []],
      ["splice", [], 0, 0, [9]]
    ]
    assert.deepStrictEqual(apply(list, [...ends, ["set", [0], 7], ["set", [4], 8]]), [7, 1, 2, 3, 8])
    for (const key of [-1, 5, 6, Number.NaN])
      assert.include(mismatch(list, ...ends, ["set", [key], 1]), "a list element")
  })

  it("is one that asks an object for a number, though it has a key with those digits", () => {
    assert.deepStrictEqual(apply({ 0: "x" }, [["append", ["0"], "y"]]), { 0: "xy" })
    assert.include(mismatch({ 0: "x" }, ["append", [0], "y"]), "a string")
    assert.include(mismatch({ 0: "x" }, ["set", [0], "y"]), "an object key")
  })
})

describe("a change", () => {
  it("of nothing but the order of keys sends nothing, and leaves them as they were", () => {
    const { patch, value } = change({ a: 1, b: { c: 1, d: 2 } }, { b: { d: 2, c: 1 }, a: 1 })
    assert.deepStrictEqual(patch, [])
    assert.strictEqual(JSON.stringify(value), '{"a":1,"b":{"c":1,"d":2}}')
  })
})

describe("steps into what earlier steps have put there", () => {
  it("change a copy, and what came with the patch stays as it is", () => {
    const item = Object.freeze({ tags: Object.freeze(["a"]), name: "n" })
    const patch: ReadonlyArray<Op> = [
      ["splice", ["list"], 0, 0, [item]],
      ["splice", ["list"], 1, 1, [item]],
      ["append", ["list", 0, "name"], "!"],
      ["splice", ["list", 1, "tags"], 1, 0, ["b"]],
      ["splice", ["list", 1, "tags"], 0, 1, []],
      ["set", ["list", 1, "tags", 0], "c"]
    ]
    const state = Object.freeze({ list: Object.freeze([1, 2]), other: Object.freeze({}) })
    const after = apply(state, patch) as { readonly other: object }
    assert.deepStrictEqual(after as unknown, {
      list: [{ tags: ["a"], name: "n!" }, { tags: ["c"], name: "n" }, 2],
      other: {}
    })
    assert.strictEqual(after.other, state.other)
    assert.deepStrictEqual(item, { tags: ["a"], name: "n" })
  })

  it("put a key that counts as absent at the end", () => {
    const value = { gone: undefined, b: 1 }
    assert.strictEqual(JSON.stringify(apply(value, [["set", ["gone"], 2]])), '{"b":1,"gone":2}')
    assert.strictEqual(JSON.stringify(apply({ a: 0, b: 1 }, [["set", ["a"], 2]])), '{"a":2,"b":1}')
  })

  it("replace the whole, and go on in it", () => {
    assert.deepStrictEqual(apply("x", [["append", [], "y"]]), "xy")
    const patch: ReadonlyArray<Op> = [
      ["set", [], { a: [1] }],
      ["splice", ["a"], 0, 1, [2, 3]]
    ]
    assert.deepStrictEqual(apply(null, patch), { a: [2, 3] })
    const value = { a: 1 }
    assert.strictEqual(apply(value, []), value)
  })
})

const within = (size: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: size - 1 }))

/** Places in the state below, some of which are there only after other steps, or not any more. */
const places: ReadonlyArray<Op[1]> = [
  ["a"],
  ["a"],
  ["a"],
  ["b"],
  ["b"],
  ["a", 0],
  ["a", 1],
  ["a", 5],
  ["a", 0, 0],
  ["b", 1],
  ["b", 1, "c"],
  ["b", 1, "c", 0],
  ["d"],
  ["d", "a"]
]

const Step = Schema.Struct({ kind: within(6), place: within(places.length), index: within(4), count: within(3) })

const stepOf = ({ count, index, kind, place }: typeof Step.Type): Op => {
  const path = places[place] as Op[1]
  switch (kind) {
    case 0:
      return ["set", path, { c: [index] }]
    case 1:
      return ["unset", path]
    case 2:
      return ["append", path, "more"]
    default:
      return ["splice", path, index, count, [[index, count], `${place}`].slice(0, kind - 3)]
  }
}

describe("steps in one patch", () => {
  it.effect.prop(
    "do what they do one by one, or fit neither way",
    [Schema.Array(Step).check(Schema.isMaxLength(12))],
    ([steps]) =>
      Effect.sync(() => {
        const value = { a: [[1], [2], "x", 4], b: [0, { c: [1, 2, 3] }, 2], d: { a: [] } }
        const fitting: Array<Op> = []
        let expected: Json = value
        for (const op of steps.map(stepOf)) {
          const patch = [...fitting, op]
          try {
            expected = apply(expected, [op])
            fitting.push(op)
          } catch {
            assert.throws(() => apply(value, patch), PatchMismatch)
          }
        }
        assert.deepStrictEqual(apply(value, fitting), expected)
      }),
    { arbitrary: { runs: 400 } }
  )
})
