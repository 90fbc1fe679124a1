/** How long the patch of a change is, and what is looked at to find it. */
import { assert, describe, it } from "@effect/vitest"
import { apply, change, diff, diffInOrder, type Json, type Patch } from "../src/Patch.ts"
import { numbers, shapes } from "./support/shapes.ts"

/** Changes that look like chance: of small values of any kind, each made out of the one before. */
const changes = function* (seed: number, count: number): Generator<readonly [Json, Json]> {
  const next = numbers(seed)
  const words = [
    "",
    "x",
    "some words",
    "words of 16 chars",
    "words of 16 chars, and then more",
    "a much longer text ".repeat(5)
  ]
  const leaf = (): Json => [words[next(words.length)] as string, next(10), next(2000), null, true][next(5)] as Json
  const keys = ["a", "b", "key", "a longer key", "7", "12"]
  const value = (depth: number): Json => {
    const kind = depth === 0 ? 0 : next(3)
    const size = next(6)
    if (kind === 0) return leaf()
    if (kind === 1) return Array.from({ length: size * 2 }, () => value(depth - 1))
    const entry = () => [keys[next(keys.length)], next(12) === 0 ? undefined : value(depth - 1)]
    return Object.fromEntries(Array.from({ length: size }, entry)) as Json
  }
  const edit = (at: Json | undefined): Json => {
    if (typeof at === "string" && next(2) === 0) return `${at} and on`
    if (typeof at !== "object" || at === null || next(8) === 0) return value(next(3))
    if (next(6) === 0) return structuredClone(at)
    if (Array.isArray(at)) {
      const list = at as ReadonlyArray<Json>
      const i = next(list.length + 1)
      const kind = next(6)
      if (kind === 0) return list.toSpliced(i, 0, ...Array.from({ length: next(3) }, () => value(next(3))))
      if (kind === 1) return list.toSpliced(i, next(4))
      if (kind === 2) return [...list.slice(i), ...list.slice(0, i)]
      return list.map((item) => (next(list.length) < kind ? edit(item) : item))
    }
    const entries = Object.entries(at)
    const kind = next(6)
    if (kind === 0) return Object.fromEntries(entries.filter(() => next(3) > 0))
    if (kind === 1) return Object.fromEntries(entries.toReversed())
    if (kind === 2) return { ...at, [keys[next(keys.length)] as string]: value(next(3)) }
    return Object.fromEntries(entries.map(([key, item]) => [key, next(entries.length) < kind ? edit(item) : item]))
  }
  for (let i = 0; i < count; i++) {
    let before = value(4)
    for (let n = next(4); n >= 0; n--) {
      const after = edit(before)
      yield [before, after]
      before = after
    }
  }
}

/** Operations and characters of all patches. */
const sizeOf = (pairs: ReadonlyArray<readonly [Json, Json]>, patchOf: (before: Json, after: Json) => Patch): string => {
  const patches = pairs.map(([before, after]) => patchOf(before, after))
  return `${patches.flat().length} operations, ${JSON.stringify(patches).length} characters`
}

describe("a change is found", () => {
  const refuse = (): never => assert.fail("it is looked at")

  it("without looking into what both values share, but for a little of it", () => {
    let reads = 0
    const list = new Proxy(
      Array.from({ length: 1000 }, (_, n) => n),
      { get: (target, key) => ((reads += 1), Reflect.get(target, key) as unknown) }
    )
    assert.deepStrictEqual(diff({ list, n: 1 }, { list, n: 2 }), [["set", ["n"], 2]])
    assert.deepStrictEqual(diff([list, 1, list], [list, 2, list]), [["splice", [], 1, 1, [2]]])
    assert.deepStrictEqual(diff([[list, 1]], [[list, 1]]), [])
    assert.isBelow(reads, 100)
  })

  it("without looking for the elements of a list that was edited at one place", () => {
    const list = Array.from({ length: 9 }, (_, id) => ({ id: `${id}`, done: false }))
    const edited = { id: "5", done: true }
    const [map, json] = [Map.prototype.set, JSON.stringify]
    for (const after of [
      [...list, edited],
      [edited, ...list],
      list.with(5, edited),
      list.slice(0, 5),
      list.toSpliced(3, 2)
    ]) {
      Map.prototype.set = function (key, value) {
        return typeof value === "object" ? map.call(this, key, value) : refuse()
      }
      JSON.stringify = refuse
      try {
        assert.lengthOf(diff(list, after), 1)
      } finally {
        Map.prototype.set = map
        JSON.stringify = json
      }
    }
  })

  it("with the new value itself, as long as keys are where they were", () => {
    const text = "a text that is long enough"
    const before = { a: { x: 1, y: 2 }, list: [{ x: text, y: text }, 1], text, gone: 1 }
    const after = { a: { x: 2, y: 2 }, list: [{ x: text, y: text }, 2], text, more: 1 }
    assert.strictEqual(change(before, after).value, after)
    const turned = { ...after, list: [{ y: text, x: text }, 2] }
    assert.notStrictEqual(change(before, turned).value, turned)
    assert.deepStrictEqual(change(before, turned), change(before, after))
  })

  it("with keys that count as absent taken for absent", () => {
    const [gone, here] = [
      { gone: undefined, b: "a text that is long enough" },
      { gone: 1, b: "a text that is long enough" }
    ]
    assert.strictEqual(JSON.stringify(apply(gone, diffInOrder(gone, here))), JSON.stringify(here))
    const patch = diff([1, gone], [1, gone, { a: 1, b: undefined }])
    assert.deepStrictEqual(patch, [["splice", [], 2, 0, [{ a: 1 }]]])
    assert.strictEqual(Object.keys((patch[0] as unknown as [0, 0, 0, 0, [object]])[4][0]).length, 1)
    assert.deepStrictEqual(diff([{ a: 1 }, 1], [{ a: 1, b: undefined }, 2]), [["splice", [], 1, 1, [2]]])
    assert.deepStrictEqual(diff([{ a: 1, b: undefined }, 1], [{ a: 1 }, 2]), [["splice", [], 1, 1, [2]]])
  })
})

describe("the patch of a change", () => {
  // Whoever makes patches shorter writes the new numbers here. With larger ones every client is sent more.
  it("is as short as it has been, in what is hard to follow", () => {
    const pairs = Object.values(shapes).flatMap((of) =>
      [1, 2, 3, 5, 8, 13, 40].map((size) => of(size)).map(({ after, before }) => [before, after] as const)
    )
    assert.deepStrictEqual(
      [diff, diffInOrder].map((patchOf) => sizeOf(pairs, patchOf)),
      ["733 operations, 56671 characters", "743 operations, 67178 characters"]
    )
  })

  it("is as short as it has been, in all of many changes", () => {
    const pairs = [...changes(1, 1000)]
    assert.deepStrictEqual(
      [diff, diffInOrder].map((patchOf) => sizeOf(pairs, patchOf)),
      ["2586 operations, 198038 characters", "2699 operations, 218675 characters"]
    )
  })
})
