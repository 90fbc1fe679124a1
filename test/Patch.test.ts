import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { apply, diff, type Json, type Op, Patch, PatchMismatch } from "../src/Patch.ts"

type List = ReadonlyArray<Json>
type Obj = { readonly [key: string]: Json | undefined }

const isList = (value: Json | undefined): value is List => Array.isArray(value)
const isObject = (value: Json | undefined): value is Obj =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** An equality of its own for the tests: the text of a value, keys in order, absent keys left out. */
const text = (value: Json): string => {
  if (isList(value)) return `[${value.map(text).join()}]`
  if (!isObject(value)) return JSON.stringify(value)
  const keys = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${text(value[key] as Json)}`).join()}}`
}
const wire = (patch: Patch): Patch => Schema.decodeUnknownSync(Patch)(JSON.parse(JSON.stringify(patch)))
const same = (actual: Json, expected: Json) => assert.strictEqual(text(actual), text(expected))

/** Builds an object from entries as JSON.parse would, `__proto__` included. */
const fromEntries = (entries: ReadonlyArray<readonly [string, Json]>): Obj => Object.fromEntries(entries)

// Few keys and few values, so that equal and nearly equal things meet often.
const KEYS = ["a", "b", "c", "__proto__", "toString", "constructor", "0"]
const TEXTS = ["", "x", "a text of 16 chr", "a text of 16 chr, and more"]
const Leaf = Schema.Union([
  Schema.Null,
  Schema.Boolean,
  Schema.Literals([0, 1, 2, 3, 4, 5, 6, 7]),
  Schema.Literals(TEXTS),
  Schema.Finite
])
type Tree = { readonly leaf: Json } | { readonly list: ReadonlyArray<Tree> } | { readonly object: ReadonlyArray<Field> }
type Field = readonly [string, Tree]
const Tree: Schema.Codec<Tree> = Schema.Union([
  Schema.Struct({ leaf: Leaf }),
  Schema.Struct({ list: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree)) }),
  Schema.Struct({
    object: Schema.Array(Schema.Tuple([Schema.Literals(KEYS), Schema.suspend((): Schema.Codec<Tree> => Tree)]))
  })
])
const grow = (tree: Tree): Json =>
  "leaf" in tree
    ? tree.leaf
    : "list" in tree
      ? tree.list.map(grow)
      : fromEntries(tree.object.map(([key, child]) => [key, grow(child)] as const))
const json = Arbitrary.map(Arbitrary.schema(Tree), grow)

// A state with something to edit at every depth; left to chance, values are small and mostly replaced at the root.
const rows = Arbitrary.array(Arbitrary.all([json, json, Arbitrary.schema(Schema.Literals(TEXTS))]), {
  minLength: 3,
  maxLength: 12
})
const state = Arbitrary.map(
  Arbitrary.all([rows, Arbitrary.array(json, { maxLength: 8 }), Arbitrary.array(Arbitrary.schema(Leaf)), json]),
  ([rows, any, leaves, other]): Json =>
    fromEntries([
      [
        "rows",
        rows.map(([a, b, text], id) =>
          fromEntries([
            ["id", id],
            ["__proto__", a],
            ["a", b],
            ["text", text]
          ])
        )
      ],
      ["a", any],
      [
        "__proto__",
        fromEntries([
          ["b", leaves],
          ["c", TEXTS[2] as string]
        ])
      ],
      ["toString", other]
    ])
)

const KINDS = ["set", "delete", "insert", "remove", "move", "replace", "append", "rebuild", "tweak", "absent"] as const
const edit = Arbitrary.all({
  kind: Arbitrary.schema(Schema.Literals(KINDS)),
  where: Arbitrary.array(Arbitrary.schema(Schema.Natural), { maxLength: 4 }),
  at: Arbitrary.schema(Schema.Natural),
  to: Arbitrary.schema(Schema.Natural),
  value: json
})
type Edit = typeof edit extends Arbitrary.Arbitrary<infer A> ? A : never

const rebuild = (value: Json): Json =>
  isList(value)
    ? value.map(rebuild)
    : isObject(value)
      ? fromEntries(
          Object.entries(value)
            .map(([key, x]) => [key, rebuild(x as Json)] as const)
            .reverse()
        )
      : value

const editHere = (value: Json, { at, kind, to, value: next }: Edit): Json => {
  if (kind === "rebuild") return rebuild(value)
  if (kind === "append") return typeof value === "string" ? value + "and so on" : value
  if (isList(value)) {
    const i = at % (value.length + 1)
    const j = to % (value.length + 1)
    if (kind === "insert" || kind === "set") return value.toSpliced(i, 0, next)
    if (kind === "remove" || kind === "delete") return value.toSpliced(i, 1)
    if (kind === "replace") return value.toSpliced(i, 1, next)
    if (kind === "move") return value.toSpliced(i, 1).toSpliced(j, 0, ...value.slice(i, i + 1))
    const half = value.length >> 1
    return [...value.slice(half), ...value.slice(0, half)]
  }
  if (isObject(value)) {
    const present = Object.keys(value)
    const known = present[at % present.length] ?? "a"
    if (kind === "delete" || kind === "remove") {
      return fromEntries(Object.entries(value).filter(([key]) => key !== known) as Array<[string, Json]>)
    }
    if (kind === "absent") return known === "__proto__" ? value : { ...value, [known]: undefined }
    const key = kind === "set" ? (KEYS[to % KEYS.length] as string) : known
    return { ...value, ...fromEntries([[key, next]]) }
  }
  return next
}
const editAt = (value: Json, where: ReadonlyArray<number>, change: Edit): Json => {
  const [step, ...rest] = where
  if (step === undefined) return editHere(value, change)
  if (isList(value) && value.length > 0) {
    const i = step % value.length
    return value.with(i, editAt(value[i] as Json, rest, change))
  }
  if (isObject(value)) {
    const entries = Object.entries(value).filter(([, x]) => x !== undefined) as Array<[string, Json]>
    if (entries.length === 0) return editHere(value, change)
    const i = step % entries.length
    const [key, x] = entries[i] as [string, Json]
    return fromEntries(entries.with(i, [key, editAt(x, rest, change)]))
  }
  return editHere(value, change)
}
const derive = (value: Json, edits: ReadonlyArray<Edit>): Json =>
  edits.reduce((current, change) => editAt(current, change.where, change), value)

const freeze = (value: Json): Json => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const x of Object.values(value)) if (x !== undefined) freeze(x)
  }
  return value
}

const todo = (id: number) => ({ id, title: `todo number ${id}`, done: false, tags: ["home"] })
const todos = (count: number) => Array.from({ length: count }, (_, i) => todo(i))
const items = (patch: Patch): List => patch.flatMap((op) => (op[0] === "splice" ? op[4] : []))
const runs = { arbitrary: { runs: 1500, size: 30 }, timeout: 60_000 }

describe("Patch", () => {
  it.prop(
    "applying a difference gives the second value, whatever the two are",
    [json, json],
    ([a, b]) => {
      same(apply(freeze(a), diff(a, freeze(b))), b)
      same(apply(a, wire(diff(a, b))), b)
    },
    runs
  )

  it.prop(
    "applying a difference gives the second value when it was edited out of the first",
    { a: json, edits: Arbitrary.array(edit, { maxLength: 6 }) },
    ({ a, edits }) => {
      const b = freeze(derive(freeze(a), edits))
      same(apply(a, diff(a, b)), b)
      same(apply(a, wire(diff(a, b))), b)
      same(apply(b, wire(diff(b, a))), a)
    },
    runs
  )

  it.prop(
    "applying a difference gives the second value when a large state was edited at several places",
    { a: state, edits: Arbitrary.array(edit, { minLength: 1, maxLength: 8 }) },
    ({ a, edits }) => {
      const b = freeze(derive(freeze(a), edits))
      same(apply(a, wire(diff(a, b))), b)
      same(apply(b, wire(diff(b, a))), a)
      same(apply(a, wire(diff(a, rebuild(b)))), b)
    },
    runs
  )

  it.prop(
    "applying a difference of two lists gives the second, with elements repeated, moved, rebuilt and replaced",
    {
      a: Arbitrary.array(json, { maxLength: 30 }),
      picks: Arbitrary.array(Arbitrary.schema(Schema.Union([Schema.Natural, Tree])), { maxLength: 30 }),
      again: Arbitrary.schema(Schema.Boolean)
    },
    ({ a, again, picks }) => {
      const pick = (n: number): Json => (n % 5 === 0 ? rebuild(a[n % a.length] ?? n) : (a[n % a.length] ?? n))
      const b: List = picks.map((n) => (typeof n === "number" ? pick(n) : grow(n)))
      const c = again ? [...a, ...b] : b
      same(apply(freeze(a), wire(diff(a, freeze(c)))), c)
      same(apply(c, wire(diff(c, a))), a)
    },
    runs
  )

  it.prop(
    "the same content gives no steps, be it shared or rebuilt",
    [json],
    ([a]) => {
      assert.deepStrictEqual(diff(a, a), [])
      assert.deepStrictEqual(diff(a, rebuild(a)), [])
    },
    runs
  )

  it.prop(
    "no element is sent of a list that only lost elements",
    {
      a: Arbitrary.array(Arbitrary.schema(Schema.Finite)),
      keep: Arbitrary.array(Arbitrary.schema(Schema.Boolean), { minLength: 1 })
    },
    ({ a, keep }) => {
      const list = a.map((n, i) => ({ n, i }))
      const left = list.filter((_, i) => keep[i % keep.length])
      const patch = diff(list, left)
      same(apply(list, patch), left)
      assert.deepStrictEqual(items(patch), [])
    }
  )

  it("an unchanged value is returned as it is", () => {
    const state = { list: todos(3) }
    assert.strictEqual(apply(state, []), state)
    assert.strictEqual(apply(state, diff(state, structuredClone(state))), state)
  })

  it("a changed field is one step, and a key that went away is another", () => {
    assert.deepStrictEqual(diff({ count: 1, name: "a" }, { count: 2, name: "a" }), [["set", ["count"], 2]])
    assert.deepStrictEqual(diff({ count: 1, name: "a" }, { name: "a" }), [["unset", ["count"]]])
    assert.deepStrictEqual(diff(1, 2), [["set", [], 2]])
  })

  it("a key whose value is undefined counts as absent, in what is compared and in what is sent", () => {
    assert.deepStrictEqual(diff({ a: 1, b: undefined }, { a: 1 }), [])
    assert.deepStrictEqual(diff({ a: 1 }, { a: 1, b: undefined }), [])
    assert.deepStrictEqual(diff({ a: 1, b: 2 }, { a: 1, b: undefined }), [["unset", ["b"]]])
    const patch = diff({ a: 1 }, { a: 1, b: [{ c: 1, d: undefined }] })
    assert.deepStrictEqual(patch, [["set", ["b"], [{ c: 1 }]]])
    assert.isFalse(Object.hasOwn((patch[0] as readonly ["set", [], [Obj]])[2][0], "d"))
  })

  it("an object of which nothing is left is sent as a whole", () => {
    const before = { page: { id: 1, title: "one", tags: ["a"] }, n: 1 }
    const page = { id: 2, title: "two", tags: ["b", "c"] }
    assert.deepStrictEqual(diff(before, { page, n: 1 }), [["set", ["page"], page]])
  })

  it("a list changed in many places is sent as a whole when that is shorter", () => {
    const before = Array.from({ length: 100 }, (_, i) => i)
    const after = before.map((n, i) => (i % 2 === 0 ? n : n + 1))
    assert.deepStrictEqual(diff({ before, n: 1 }, { before: after, n: 1 }), [["set", ["before"], after]])
  })

  it("only what was added to a long text is sent, in a list too; a short text is sent again", () => {
    const long = "once upon a time"
    assert.deepStrictEqual(diff({ long }, { long: `${long} there` }), [["append", ["long"], " there"]])
    assert.deepStrictEqual(diff(["a", long], ["a", `${long} there`]), [["append", [1], " there"]])
    assert.deepStrictEqual(diff({ short: "once upon a" }, { short: "once upon a time" }), [
      ["set", ["short"], "once upon a time"]
    ])
    same(apply({ long }, diff({ long }, { long: `${long} there` })), { long: `${long} there` })
  })

  it("an element put before ten thousand others is one step that carries the element only", () => {
    const before = { list: todos(10_000) }
    const first = todo(-1)
    const after = { list: [first, ...before.list] }
    const patch = diff(before, after)
    assert.strictEqual(patch.length, 1)
    assert.isBelow(JSON.stringify(patch).length, 100 + JSON.stringify(first).length)
    same(apply(before, patch), after)
  })

  it("two insertions and a removal in a list of a thousand carry the new elements only", () => {
    const before = todos(1000)
    const after = before.toSpliced(800, 1).toSpliced(500, 0, todo(-2)).toSpliced(100, 0, todo(-1))
    const patch = diff(before, after)
    assert.deepStrictEqual(patch, [
      ["splice", [], 100, 0, [todo(-1)]],
      ["splice", [], 501, 0, [todo(-2)]],
      ["splice", [], 802, 1, []]
    ])
    same(apply(before, patch), after)
    assert.deepStrictEqual(diff(before, structuredClone(after)), patch)
    const ids = before.map((element) => element.id)
    assert.deepStrictEqual(
      items(
        diff(
          ids,
          after.map((element) => element.id)
        )
      ),
      [-1, -2]
    )
  })

  it("an element edited in place is a step inside it, also next to insertions and removals", () => {
    const before = todos(10)
    const edited = before.with(4, { ...todo(4), done: true })
    assert.deepStrictEqual(diff(before, edited), [["set", [4, "done"], true]])
    assert.deepStrictEqual(diff(before, [...edited.slice(1), todo(10)]), [
      ["splice", [], 0, 1, []],
      ["set", [3, "done"], true],
      ["splice", [], 9, 0, [todo(10)]]
    ])
    assert.deepStrictEqual(
      diff(
        [[1, 2], [3]],
        [
          [1, 2],
          [3, 4]
        ]
      ),
      [["splice", [1], 1, 0, [4]]]
    )
  })

  it("a moved element is removed and inserted, and no other element is taken for it", () => {
    const before = todos(100)
    const after = before.toSpliced(10, 1).toSpliced(90, 0, before[10] as Obj & ReturnType<typeof todo>)
    assert.deepStrictEqual(diff(before, after), [
      ["splice", [], 10, 1, []],
      ["splice", [], 90, 0, [todo(10)]]
    ])
    same(apply(before, diff(before, after)), after)
  })

  it("an element that moved away or came from elsewhere is not edited into another one", () => {
    const [a, b, c, d, e] = [todo(1), todo(2), todo(3), todo(4), todo(5)]
    assert.deepStrictEqual(diff([a, b, c], [e, b, c, a]), [
      ["splice", [], 0, 1, [e]],
      ["splice", [], 3, 0, [a]]
    ])
    assert.deepStrictEqual(diff([e, b, c, d], [c, b, d]), [
      ["splice", [], 0, 1, [c]],
      ["splice", [], 2, 1, []]
    ])
  })

  it("elements that occur many times are matched one to one", () => {
    const before = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? "-" : `${i}`))
    const after = before.toSpliced(30, 0, "new").toSpliced(10, 0, "newer")
    assert.deepStrictEqual(diff(before, after), [
      ["splice", [], 10, 0, ["newer"]],
      ["splice", [], 31, 0, ["new"]]
    ])
  })

  it("many steps inside one list copy it once, so a long patch takes no longer than its length", () => {
    const before = Array.from({ length: 20_000 }, (_, i) => ({ id: i, note: "n".repeat(20), done: false }))
    const patch = diff(
      before,
      before.map((row) => ({ ...row, done: true }))
    )
    assert.strictEqual(patch.length, 20_000)
    const start = performance.now()
    apply(before, patch)
    // About 40 ms; copying the list for every step takes 12 s.
    assert.isBelow(performance.now() - start, 2000)
  })

  it("a list turned round is no longer to send than the list itself", () => {
    const before = todos(500)
    const after = before.toReversed()
    const patch = diff(before, after)
    assert.isBelow(JSON.stringify(patch).length, JSON.stringify(after).length + 100)
    same(apply(before, patch), after)
  })

  it("everything on no path of the patch keeps its reference, and neither value nor patch is written to", () => {
    const before = freeze({ left: { deep: [1] }, list: todos(5), right: todos(2) }) as {
      readonly left: Obj
      readonly list: List
      readonly right: List
    }
    const list = before.list.with(2, { ...todo(2), done: true }).toSpliced(0, 1, { fresh: [1] }, { fresh: [2] })
    const patch = wire(diff(before, { ...before, list }))
    freeze(patch as unknown as Json)
    const after = apply(before, [...patch, ["set", ["list", 0, "fresh", 0], 7]]) as typeof before
    same(after.list, list.with(0, { fresh: [7] }))
    assert.strictEqual(after.left, before.left)
    assert.strictEqual(after.right, before.right)
    for (const [i, j] of [
      [2, 1],
      [4, 3],
      [5, 4]
    ] as const)
      assert.strictEqual(after.list[i], before.list[j])
    assert.strictEqual((after.list[3] as Obj)["tags"], (before.list[2] as Obj)["tags"])
  })

  it("a key __proto__ is data like any other, and no prototype is changed by it", () => {
    const plain: Json = JSON.parse(`{"a":1}`)
    const first: Json = JSON.parse(`{"a":1,"__proto__":{"polluted":1,"kept":true}}`)
    const second: Json = JSON.parse(`{"a":1,"__proto__":{"polluted":2,"kept":true}}`)
    for (const [a, b] of [
      [plain, first],
      [first, second],
      [second, plain],
      [plain, second]
    ] as const) {
      const patch = wire(diff(a, b))
      assert.strictEqual(patch.length, 1)
      const result = apply(a, patch)
      same(result, b)
      assert.strictEqual(Object.getPrototypeOf(result), Object.prototype)
    }
    const attack: Patch = [["set", ["__proto__", "polluted"], 1]]
    assert.throws(() => apply({}, attack), PatchMismatch)
    assert.throws(() => apply({}, [["set", ["constructor", "prototype", "polluted"], 1]]), PatchMismatch)
    assert.isFalse("polluted" in {})
  })

  it("keys that every object inherits are not taken for keys of its own", () => {
    for (const key of ["toString", "constructor", "hasOwnProperty", "valueOf"]) {
      same(apply({ n: 1 }, diff({ n: 1 }, { n: 1, [key]: "x" })), { n: 1, [key]: "x" })
      same(apply({ n: 1, [key]: "x" }, diff({ n: 1, [key]: "x" }, { n: 1 })), { n: 1 })
      assert.throws(() => apply({}, [["unset", [key]]]), PatchMismatch)
    }
  })

  it("a patch that does not fit says where and what to do, and leaves the value untouched", () => {
    const value = freeze({ a: { b: "text" }, list: [1, 2, 3] })
    const misfits: ReadonlyArray<readonly [Op, ReadonlyArray<string | number>, string]> = [
      [["set", ["a", "b", "c"], 1], ["a", "b"], "a list or an object"],
      [["set", ["gone", "c"], 1], ["gone"], "nothing"],
      [["set", ["list", 3], 1], ["list", 3], "a list element"],
      [["set", ["list", "0"], 1], ["list", "0"], "a list element"],
      [["set", ["a", 0], 1], ["a", 0], "an object key"],
      [["unset", ["a", "x"]], ["a", "x"], "an object key"],
      [["unset", ["list", 0]], ["list", 0], "an object key"],
      [["unset", []], [], "an object key"],
      [["splice", ["a"], 0, 0, []], ["a"], "a list"],
      [["splice", ["list"], 2, 2, []], ["list"], 'at least 4 elements at ["list"], and there is one of 3'],
      [["splice", ["list"], 4, 0, [1]], ["list"], "at least 4 elements"],
      [["append", ["list", 0], "x"], ["list", 0], "a string"]
    ]
    for (const [op, path, says] of misfits) {
      const before = text(value)
      const error = ((): unknown => {
        try {
          return apply(value, [["set", ["a", "b"], "changed"], op])
        } catch (error) {
          return error
        }
      })()
      assert.instanceOf(error, PatchMismatch, JSON.stringify(op))
      assert.deepStrictEqual(error.path, path)
      assert.include(error.message, says)
      assert.include(error.message, JSON.stringify(path))
      assert.include(error.hint, "Ask the sender for a snapshot")
      assert.strictEqual(text(value), before)
    }
  })

  it("a very long path and very many items overflow no stack", () => {
    const path = Array.from({ length: 100_000 }, () => "a")
    assert.throws(() => apply({ a: {} }, [["set", path, 1]]), PatchMismatch)
    const many = Array.from({ length: 300_000 }, (_, i) => i)
    assert.strictEqual((apply([0, 1], diff([0, 1], [0, ...many, 1])) as List).length, 300_002)
  })

  it.prop("the schema accepts every difference as it is", [json, json], ([a, b]) => {
    const patch = diff(a, b)
    assert.isTrue(Schema.is(Patch)(patch))
    assert.strictEqual(JSON.stringify(wire(patch)), JSON.stringify(patch))
  })

  it("the schema rejects what is not a patch", () => {
    const garbage: ReadonlyArray<unknown> = [
      null,
      {},
      "set",
      [[]],
      [["set"]],
      [["set", []]],
      [["set", "a", 1]],
      [["set", [], () => 1]],
      [["set", [], 1, 2]],
      [["set", [{}], 1]],
      [["set", [-1], 1]],
      [["set", [1.5], 1]],
      [["unset"]],
      [["unset", ["a"], 1]],
      [["copy", []]],
      [["splice", [], 0, 0]],
      [["splice", [], -1, 0, []]],
      [["splice", [], 0, 0.5, []]],
      [["splice", [], 0, 0, {}]],
      [["append", [], 1]],
      [["set", [], undefined]]
    ]
    for (const value of garbage) {
      assert.isTrue(Exit.isFailure(Schema.decodeUnknownExit(Patch)(value)), JSON.stringify(value))
    }
  })
})
