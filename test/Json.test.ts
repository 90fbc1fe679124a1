import { assert, describe, it } from "@effect/vitest"
import {
  clean,
  copy,
  isContainer,
  isIndex,
  isList,
  type Json,
  type Obj,
  part,
  read,
  textLength,
  write
} from "../src/Json.ts"

const parse = (text: string): Obj => JSON.parse(text)
const inherited: Obj = Object.create({ toString: 1, more: 2 })

describe("a JSON value", () => {
  it("is a container when it has parts", () => {
    for (const value of [null, 1, "x", true, undefined]) assert.isFalse(isContainer(value))
    for (const value of [[], {}]) assert.isTrue(isContainer(value))
    assert.deepStrictEqual([isList([]), isList({}), isList(undefined)], [true, false, false])
  })

  it("has the keys that are its own, and none that every object has", () => {
    assert.deepStrictEqual(
      [read({ a: 1 }, "a"), read({}, "toString"), read({}, "__proto__")],
      [1, undefined, undefined]
    )
    assert.strictEqual(read(parse('{"__proto__":5}'), "__proto__"), 5)
    assert.isUndefined(read(inherited, "more"))
  })

  it("is written to under any key, also again", () => {
    const object: Record<string, Json | undefined> = {}
    for (const value of [1, 2]) for (const key of ["a", "__proto__", "toString"]) write(object, key, value)
    assert.strictEqual(JSON.stringify(object), '{"a":2,"__proto__":2,"toString":2}')
    assert.strictEqual(Object.getPrototypeOf(object), Object.prototype)
    assert.isTrue(Reflect.deleteProperty(object, "__proto__"))
  })

  it("is copied as a whole, without keys that count as absent", () => {
    const value = {
      list: [{ a: 1 }, [2]],
      gone: undefined,
      none: null,
      text: "x",
      ...parse('{"inner":{"__proto__":[3]}}')
    }
    const copied = copy(value) as typeof value
    assert.strictEqual(
      JSON.stringify(copied),
      '{"list":[{"a":1},[2]],"none":null,"text":"x","inner":{"__proto__":[3]}}'
    )
    assert.isFalse("gone" in copied)
    assert.notStrictEqual(copied.list, value.list)
    assert.notStrictEqual(copied.list[0], value.list[0])
    assert.deepStrictEqual([copy(1), copy(null), copy("x")], [1, null, "x"])
  })

  it("that has no absent keys is clean as it is", () => {
    for (const value of [null, 1, "x", true, [], {}, [1, [2, { a: [null] }]], { a: { b: [1] }, c: null }]) {
      assert.strictEqual(clean(value), value)
    }
  })

  it("is cleaned where keys are absent, and shared everywhere else", () => {
    const [kept, dirty] = [{ a: [1] }, { b: 1, gone: undefined }]
    const list = Object.freeze([kept, dirty, kept, dirty])
    const cleaned = clean(list) as Array<Json>
    assert.strictEqual(JSON.stringify(cleaned), '[{"a":[1]},{"b":1},{"a":[1]},{"b":1}]')
    assert.isFalse("gone" in (cleaned[1] as Obj) || "gone" in (cleaned[3] as Obj))
    assert.deepStrictEqual([cleaned[0] === kept, cleaned[2] === kept], [true, true])
    assert.isTrue("gone" in dirty)
    const object = Object.freeze({ kept, dirty, gone: undefined, also: undefined, last: 1 })
    const result = clean(object) as Obj
    assert.deepStrictEqual(Object.keys(result), ["kept", "dirty", "last"])
    assert.deepStrictEqual([result.kept === kept, Object.keys(result.dirty as Obj)], [true, ["b"]])
    const proto = Object.fromEntries([["__proto__", dirty]])
    assert.strictEqual(JSON.stringify(clean(proto)), '{"__proto__":{"b":1}}')
    assert.deepStrictEqual(Object.keys(read(clean(proto) as Obj, "__proto__") as Obj), ["b"])
  })

  it("gives a part of a list, from one place to before another", () => {
    assert.deepStrictEqual(part([1, 2, 3, 4], 1, 3), [2, 3])
    assert.deepStrictEqual(part([1, 2], 0, 2), [1, 2])
    assert.deepStrictEqual(part([1, 2], 1, 1), [])
  })

  it("is measured as text, a comma more than needed in each container", () => {
    const sizes: ReadonlyArray<readonly [Json, number]> = [
      ["text", 6],
      ["", 2],
      [-1.5, 4],
      [null, 4],
      [true, 4],
      [[], 2],
      [[1, "x"], 2 + 2 + 4],
      [{}, 2],
      [{ a: 1, bc: "x" }, 2 + 6 + 9],
      [{ a: undefined, b: 1 }, 2 + 6],
      [[{ a: [1] }], 2 + 12],
      [Object.assign(Object.create({ more: 1 }), { a: 1 }), 2 + 6]
    ]
    for (const [value, size] of sizes) assert.strictEqual(textLength(value, Infinity), size, JSON.stringify(value))
  })

  it("is measured no further than is asked for, at any depth", () => {
    const ones = [1, 1, 1, 1, 1]
    assert.deepStrictEqual([textLength(ones, 3), textLength(ones, 4), textLength(ones, 1)], [4, 6, 2])
    assert.strictEqual(textLength([ones, ones], 6), 2 + 6 + 1)
    const object = { a: 1, b: 1, c: 1 }
    assert.deepStrictEqual([textLength(object, 7), textLength(object, 8), textLength(object, 1)], [8, 14, 2])
    assert.strictEqual(textLength({ a: ones, b: ones }, 11), 2 + 5 + 10)
    assert.strictEqual(textLength({ a: ones, b: ones }, 10), 2 + 5 + 10)
    assert.strictEqual(textLength({ a: ones, b: ones }, 9), 2 + 5 + 8)
    assert.strictEqual(textLength({ a: 1, b: ones }, 12), 2 + 6 + 5 + 6)
    assert.strictEqual(textLength([1, ones], 8), 2 + 2 + 6 + 1)
  })

  it("has keys that JavaScript puts first, in order: those of a list, and no others", () => {
    for (const key of ["0", "1", "10", "4294967294"]) assert.isTrue(isIndex(key), key)
    for (const key of ["", "01", "-1", "1.5", "a", "1e3", " 1", "4294967295", "4294967296", "Infinity"]) {
      assert.isFalse(isIndex(key), key)
    }
  })
})
