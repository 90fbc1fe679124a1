import { assert, describe, it } from "@effect/vitest"
import { isPatch } from "../src/PatchOp.ts"

const patches: ReadonlyArray<unknown> = [
  [],
  [["set", [], null]],
  [["set", ["a", 0, "b"], "x"]],
  [["set", ["a"], { list: [1, true, null, { deep: ["x"] }] }]],
  [["set", ["a"], Object.create(null)]],
  [["unset", ["a"]]],
  [["splice", [], 0, 0, []]],
  [["splice", ["a"], Number.MAX_SAFE_INTEGER, 3, [1, { a: 1 }]]],
  [["append", [0], ""]],
  [
    ["unset", ["a"]],
    ["append", ["b"], "x"]
  ]
]

class Made {
  a = 1
}

const others: ReadonlyArray<unknown> = [
  undefined,
  { length: 0 },
  [["unset", ["a"]], ["unset"]],
  [null],
  [{ 0: "unset", 1: ["a"], length: 2 }],
  [["unset", "a"]],
  [["unset", [true]]],
  [["unset", [2 ** 53]]],
  [["unset", [Number.NaN]]],
  [["unset", ["a"], undefined]],
  [["set", ["a"]]],
  [["set", ["a"], 1, 1]],
  [["set", ["a"], Number.NaN]],
  [["set", ["a"], Infinity]],
  [["set", ["a"], 1n]],
  [["set", ["a"], Symbol.iterator]],
  [["set", ["a"], new Date()]],
  [["set", ["a"], new Made()]],
  [["set", ["a"], new Map()]],
  [["set", ["a"], { deep: [{ gone: undefined }] }]],
  [["set", ["a"], [1, () => 1]]],
  // A list with a hole.
  [["set", ["a"], new Array(1)]],
  [["splice", ["a"], 0, 0, [1], 1]],
  [["splice", ["a"], "0", 0, [1]]],
  [["splice", ["a"], 0, -1, [1]]],
  [["splice", ["a"], 0, 0, "x"]],
  [["splice", ["a"], 0, 0, [undefined]]],
  [["append", ["a"], ["x"]]],
  [["append", ["a"]]],
  [["append", ["a"], "x", "y"]],
  [["", ["a"]]],
  [[undefined, ["a"], 1]]
]

describe("what comes over the wire as a patch", () => {
  it("is one when every step of it is one", () => {
    for (const value of patches) assert.isTrue(isPatch(value), JSON.stringify(value))
  })

  it("is none when a step is none, or a value no JSON", () => {
    for (const [at, value] of others.entries()) assert.isFalse(isPatch(value), `${at}`)
  })
})
