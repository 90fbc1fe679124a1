import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { PieceTable } from "../src/PieceTable.ts"
import { numbers } from "./support/shapes.ts"

const Natural = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 }))
const Step = Schema.Struct({
  do: Schema.Literals(["splice", "splice", "splice", "splice", "append", "locate", "restore", "empty"]),
  at: Natural,
  remove: Schema.Literals([0, 0, 1, 2, 5]),
  add: Schema.Literals([0, 1, 1, 2, 5])
})

describe("a list that is edited at many places", () => {
  it.prop(
    "is what an array is after the same edits, at every index, and when it is put in order",
    [Natural, Schema.Array(Step).check(Schema.isMinLength(4), Schema.isMaxLength(40))],
    ([length, steps]) => {
      let next = 0
      const numbers = (count: number) => Array.from({ length: count }, () => next++)
      const model = numbers(length)
      const array = [...model]
      const table = new PieceTable(array)
      for (const { add, at, do: what, remove } of steps) {
        assert.strictEqual(table.length, model.length)
        if (what === "splice" || what === "append") {
          const index = what === "append" ? model.length : at % (model.length + 1)
          const count = Math.min(remove, model.length - index)
          const items = numbers(add)
          model.splice(index, count, ...items)
          table.splice(index, count, items)
        } else if (what === "empty") {
          table.splice(0, model.length, [])
          model.length = 0
        } else if (what === "restore") {
          table.restore()
          assert.deepStrictEqual(array, model)
        } else if (model.length > 0) {
          const index = at % model.length
          assert.strictEqual(array[table.locate(index)], model[index])
        }
      }
      for (const index of model.keys()) assert.strictEqual(array[table.locate(index)], model[index])
      table.restore()
      assert.deepStrictEqual(array, model)
      assert.strictEqual(table.length, model.length)
    },
    { arbitrary: { runs: 300 } }
  )

  it("is what an array is after many edits at places of chance, too", () => {
    const next = numbers(11)
    const model = Array.from({ length: 300 }, (_, i) => i)
    const array = [...model]
    const table = new PieceTable(array)
    for (let edit = 1; edit <= 300; edit++) {
      const index = next(model.length)
      const count = Math.min(next(3), model.length - index)
      const items = Array.from({ length: next(3) }, (_, i) => edit * 1000 + i)
      model.splice(index, count, ...items)
      table.splice(index, count, items)
      for (let i = 0; i < 10; i++) {
        const at = next(model.length)
        assert.strictEqual(array[table.locate(at)], model[at])
      }
    }
    table.restore()
    assert.deepStrictEqual(array, model)
  })

  it("is written to where its elements are", () => {
    const array = ["a", "b", "c"]
    const table = new PieceTable(array)
    table.splice(1, 1, ["x", "y"])
    array[table.locate(2)] = "z"
    table.restore()
    assert.deepStrictEqual(array, ["a", "x", "z", "c"])
  })
})
