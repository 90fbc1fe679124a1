import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { isEqual } from "../src/Json.ts"
import { apply, change, diff, diffInOrder, type Json, type Op, Patch, PatchMismatch } from "../src/Patch.ts"
import { type Shape, shapes } from "./support/shapes.ts"

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

// A list of lists, so that one is spliced between two splices of another.
const deepLists = Arbitrary.map(
  Arbitrary.array(Arbitrary.array(Arbitrary.array(json, { maxLength: 4 }), { maxLength: 4 })),
  (lists): Json => lists
)

const pick = Arbitrary.all({
  kind: Arbitrary.schema(Schema.Literals(["set", "unset", "splice", "append", "again"])),
  where: Arbitrary.array(Arbitrary.schema(Schema.Natural), { maxLength: 4 }),
  at: Arbitrary.schema(Schema.Natural),
  count: Arbitrary.schema(Schema.Literals([0, 1, 2, 3])),
  items: Arbitrary.array(json, { maxLength: 3 })
})
type Pick = typeof pick extends Arbitrary.Arbitrary<infer A> ? A : never

/** An operation that fits the value, at a place that exists. */
const opFor = (value: Json, { at, count, items, kind, where }: Pick): Op => {
  const path: Array<string | number> = []
  let target = value
  for (const step of where) {
    const keys = isList(target) ? Array.from(target.keys()) : isObject(target) ? Object.keys(target) : []
    const key = keys[step % keys.length]
    if (key === undefined) break
    path.push(key)
    target = (target as { readonly [key: string]: Json })[key] as Json
  }
  if (isList(target) && kind !== "set") {
    const index = at % (target.length + 1)
    return ["splice", path, index, Math.min(count, target.length - index), items]
  }
  if (typeof target === "string" && kind === "append") return ["append", path, TEXTS[at % TEXTS.length] as string]
  if (isObject(target)) {
    const keys = Object.keys(target)
    const key = keys[at % keys.length]
    if (kind === "unset" && key !== undefined) return ["unset", [...path, key]]
    if (kind !== "again") return ["set", [...path, KEYS[at % KEYS.length] as string], items[0] ?? null]
  }
  return ["set", path, items[0] ?? null]
}

/** Does what one operation says, by hand, to a value that is nobody else's. */
const plainly = (value: Json, op: Op): Json => {
  const top = { value }
  let parent: object = top
  let key: string | number = "value"
  for (const step of op[1]) {
    parent = Reflect.get(parent, key) as object
    key = step
  }
  const put = (next: Json) =>
    Object.defineProperty(parent, key, { value: next, writable: true, enumerable: true, configurable: true })
  if (op[0] === "set") put(op[2])
  else if (op[0] === "unset") Reflect.deleteProperty(parent, key)
  else if (op[0] === "append") put((Reflect.get(parent, key) as string) + op[2])
  else (Reflect.get(parent, key) as Array<Json>).splice(op[2], op[3], ...op[4])
  return top.value
}

/** The same, with the keys of every object turned by so many. */
const reorder = (value: Json, by: number): Json => {
  if (isList(value)) return value.map((item) => reorder(item, by))
  if (!isObject(value)) return value
  const entries = Object.entries(value)
  const turned = [...entries.slice(by % (entries.length || 1)), ...entries.slice(0, by % (entries.length || 1))]
  return fromEntries(
    turned.map(([key, field]) => [key, field === undefined ? field : reorder(field, by)] as [string, Json])
  )
}

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
// Fewer where the file is broken on purpose, hundreds of times over.
const runs = { arbitrary: { runs: Number(process.env.FIBRA_PATCH_RUNS ?? 1500), size: 30 }, timeout: 60_000 }

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
    "a patch that fits does what its operations say, each to what the one before has left, whatever they are",
    {
      a: Arbitrary.map(Arbitrary.all([json, state, deepLists]), (all): Json => all),
      picks: Arbitrary.array(pick, { maxLength: 60 })
    },
    ({ a, picks }) => {
      let model = structuredClone(a)
      const patch: Array<Op> = []
      for (const one of picks) {
        const op = opFor(model, one)
        patch.push(op)
        model = plainly(model, structuredClone(op))
      }
      assert.strictEqual(
        JSON.stringify(apply(freeze(a), freeze(patch as unknown as Json) as unknown as Patch)),
        JSON.stringify(model)
      )
    },
    runs
  )

  it.prop(
    "with keys in order, applying a difference gives the text of the second value",
    { a: state, b: json, edits: Arbitrary.array(edit, { maxLength: 6 }) },
    ({ a, b, edits }) => {
      for (const after of [b, derive(a, edits), reorder(derive(a, edits), edits.length), rebuild(a)]) {
        const cleaned = JSON.parse(JSON.stringify(after)) as Json
        assert.strictEqual(JSON.stringify(apply(a, wire(diffInOrder(a, freeze(after))))), JSON.stringify(cleaned))
      }
    },
    runs
  )

  it.prop(
    "a client that applies one change after the other has the text of a whole state, with keys in any order",
    { a: state, edits: Arbitrary.array(edit, { minLength: 1, maxLength: 8 }) },
    ({ a, edits }) => {
      let sent = a
      let followed = JSON.parse(JSON.stringify(a)) as Json
      let now = a
      edits.forEach((one, i) => {
        now = reorder(derive(now, [one]), i)
        const { patch, value } = change(sent, freeze(now))
        followed = apply(followed, wire(patch))
        same(followed, now)
        assert.strictEqual(JSON.stringify(value), JSON.stringify(followed))
        if (patch.length === 0) assert.strictEqual(JSON.stringify(value), JSON.stringify(sent))
        sent = value
      })
      assert.strictEqual(JSON.stringify(apply(a, wire(diffInOrder(a, sent)))), JSON.stringify(followed))
    },
    runs
  )

  it.prop(
    "a patch is hardly longer than the whole value, whatever the two are",
    { a: state, b: json, edits: Arbitrary.array(edit, { minLength: 1, maxLength: 30 }) },
    ({ a, b, edits }) => {
      const length = (patch: Patch) => JSON.stringify(patch).length
      for (const after of [b, derive(a, edits), reorder(derive(a, edits), edits.length)]) {
        const whole = length([["set", [], after]])
        assert.isAtMost(length(diff(a, after)), whole + 256)
        assert.isAtMost(length(diffInOrder(a, after)), whole + 256)
        assert.isAtMost(length(diff(after, a)), length([["set", [], a]]) + 256)
      }
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

  it.each(Object.entries<(size: number) => Shape>(shapes).map(([name, of]) => ({ name, of })))(
    "applying a difference gives the second value, and there and back: $name",
    ({ of }) => {
      for (const size of [4, 30, 500]) {
        const { after, before } = of(size)
        same(apply(freeze(before), wire(diff(before, freeze(after)))), after)
        same(apply(after, wire(diff(after, before))), before)
        const inOrder = apply(before, wire(diffInOrder(before, after)))
        assert.strictEqual(JSON.stringify(inOrder), JSON.stringify(after))
      }
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

  it("a list in reverse order is sent as a list that is no longer than itself", () => {
    const before = todos(500)
    const after = before.toReversed()
    const patch = diff(before, after)
    assert.isBelow(JSON.stringify(patch).length, JSON.stringify(after).length + 100)
    same(apply(before, patch), after)
  })

  it("everything outside the paths of a patch keeps its reference, and neither value nor patch is changed", () => {
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

  it("a key that is not where applying would leave it is sent again only if the order counts", () => {
    const [before, after] = [
      { a: 1, b: 2, text: "x".repeat(100) },
      { b: 2, text: "x".repeat(100), a: 1 }
    ]
    assert.deepStrictEqual(diff(before, after), [])
    assert.deepStrictEqual(diffInOrder(before, after), [
      ["unset", ["a"]],
      ["set", ["a"], 1]
    ])
    // Numbers come before other keys and in their own order, wherever they are put.
    const numbered = { 2: "b", 7: "d", a: 1 }
    assert.deepStrictEqual(diffInOrder(numbered, { 0: "a", ...numbered, 5: "c" }), [
      ["set", ["0"], "a"],
      ["set", ["5"], "c"]
    ])
    const [first, second] = [
      { 4294967295: 1, b: 1 },
      { b: 1, 4294967295: 1 }
    ]
    assert.strictEqual(JSON.stringify(apply(first, diffInOrder(first, second))), JSON.stringify(second))
    assert.strictEqual(JSON.stringify(apply(second, diffInOrder(second, first))), JSON.stringify(first))
  })

  it("numbers that a client may have chosen are not looked up as numbers, which every process hashes the same", () => {
    const before = Array.from({ length: 100 }, (_, i) => i * 7)
    const { set } = Map.prototype
    const looked = new Set<string>()
    Map.prototype.set = function (key: unknown, value: unknown) {
      looked.add(typeof key)
      return set.call(this, key, value)
    }
    try {
      diff(before, before.toReversed())
    } finally {
      Map.prototype.set = set
    }
    assert.deepStrictEqual(Array.from(looked), ["string"])
    same(apply([1, "1", 2, "#1"], diff([1, "1", 2, "#1"], ["#1", 1, "1"])), ["#1", 1, "1"])
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

  it.prop(
    "two values are equal exactly when nothing is different",
    { a: json, b: json, edits: Arbitrary.array(edit, { maxLength: 2 }) },
    ({ a, b, edits }) => {
      const reversed = (value: Json): Json =>
        isObject(value) ? Object.fromEntries(Object.entries(value).reverse()) : value
      for (const other of [b, derive(freeze(a), edits), JSON.parse(JSON.stringify(a)) as Json, reversed(a)]) {
        assert.strictEqual(isEqual(a, other), text(a) === text(other))
        assert.strictEqual(isEqual(a, other), diff(a, other).length === 0)
      }
    },
    runs
  )

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
