import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { find, make, whole } from "../src/ListChange.ts"

const Elements = Schema.Array(Schema.Literals([0, 1, 2])).check(Schema.isMaxLength(6))

describe("the change of a list", () => {
  it.prop(
    "leaves what is the same at the beginning and at the end",
    [Elements, Elements],
    ([before, after]) => {
      const { end, first } = make(before, after)
      const most = Math.min(before.length, after.length)
      let head = 0
      while (head < most && before[head] === after[head]) head++
      let tail = 0
      while (tail < most - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++
      assert.deepStrictEqual([first, end], [head, after.length - tail])
      const inside = after.slice(first, end)
      assert.deepStrictEqual([...before.slice(0, head), ...inside, ...before.slice(before.length - tail)], after)
    },
    { arbitrary: { runs: 300 } }
  )

  it("has both lists, and takes what is no list for an empty one", () => {
    const [before, after] = [
      [1, 2, 3, 4],
      [1, 5, 4]
    ]
    const change = make(before, after)
    assert.strictEqual(change.before, before)
    assert.strictEqual(change.after, after)
    assert.deepStrictEqual([change.first, change.end], [1, 2])
    for (const none of [undefined, null, {}, "text"]) {
      assert.deepStrictEqual(make(none, after), { before: [], after, first: 0, end: 3 })
    }
  })

  it("is all of a list that is new", () => {
    const after = [1, 2]
    assert.deepStrictEqual(whole(after), { before: [], after, first: 0, end: 2 })
  })
})

describe("an element of the list before", () => {
  it("is found at its place or shortly behind it, and nowhere else", () => {
    const list = Array.from({ length: 20 }, (_, index) => `${index}`)
    assert.deepStrictEqual(
      list.map((element) => find(list, element, 3)),
      list.map((_, index) => (index >= 3 && index < 11 ? index : -1))
    )
    assert.strictEqual(find(list, "19", 18), 19)
    assert.strictEqual(find(list, undefined, 18), -1)
  })
})
