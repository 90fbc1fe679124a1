import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { ListEdit } from "../src/ListEdit.ts"

const Natural = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 }))
const Step = Schema.Struct({
  do: Schema.Literals(["forward", "forward", "forward", "forward", "forward", "anywhere", "locate", "restore"]),
  at: Natural,
  remove: Schema.Literals([0, 0, 1, 2, 5]),
  add: Schema.Literals([0, 1, 1, 2, 5])
})

describe("a list that is being edited", () => {
  it.prop(
    "is what an array is after the same edits, at every index, and when it is put in order",
    [Natural, Schema.Array(Step).check(Schema.isMinLength(2), Schema.isMaxLength(40))],
    ([length, steps]) => {
      let next = 0
      const numbers = (count: number) => Array.from({ length: count }, () => next++)
      const model = numbers(length)
      const array = [...model]
      const edit = new ListEdit(array)
      let last = 0
      for (const { add, at, do: what, remove } of steps) {
        assert.strictEqual(edit.length, model.length)
        if (what === "restore") {
          edit.restore()
          last = 0
          assert.deepStrictEqual(array, model)
        } else if (what !== "locate") {
          const from = what === "forward" ? last : 0
          const index = from + (at % (model.length - from + 1))
          const count = Math.min(remove, model.length - index)
          const items = numbers(add)
          model.splice(index, count, ...items)
          edit.splice(index, count, items)
          last = index + add
        } else if (model.length > 0) {
          const index = at % model.length
          model[index] = array[edit.locate(index)] = next++
        }
      }
      for (const index of model.keys()) assert.strictEqual(array[edit.locate(index)], model[index])
      edit.restore()
      assert.deepStrictEqual(array, model)
      assert.strictEqual(edit.length, model.length)
    },
    { arbitrary: { runs: 500 } }
  )

  it("is edited in its array as long as edits go forward, and no element is moved that need not be", () => {
    const array = ["a", "b", "c", "d", "e", "f"]
    // Before the first edit nothing is written.
    Object.defineProperty(array, 0, { value: "a", writable: false })
    const edit = new ListEdit(array)
    edit.splice(1, 1, ["B"])
    edit.splice(2, 0, [])
    assert.lengthOf(array, 6)
    edit.splice(2, 1, [])
    edit.splice(3, 1, ["E", "E"])
    assert.lengthOf(array, 6)
    assert.deepStrictEqual(array, ["a", "B", "d", "E", "E", "f"])
    edit.splice(6, 0, ["g"])
    edit.restore()
    assert.deepStrictEqual(array, ["a", "B", "d", "E", "E", "f", "g"])
  })

  it("has no holes when it has grown, so that it is as fast as before", () => {
    const array = ["b", "d"]
    const edit = new ListEdit(array)
    edit.splice(0, 0, ["a"])
    edit.splice(2, 0, ["c"])
    assert.deepStrictEqual(Object.keys(array), [...array.keys()].map(String))
    edit.restore()
    assert.deepStrictEqual(array, ["a", "b", "c", "d"])
  })
})
