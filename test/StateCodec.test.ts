import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, SchemaTransformation } from "effect"
import * as StateCodec from "../src/StateCodec.ts"

const Named = Schema.Struct({ name: Schema.String })

const encode = (fields: StateCodec.Fields, state: unknown) =>
  JSON.stringify(StateCodec.make<unknown>(fields).encode(state))

describe("the encoded state", () => {
  it("the encoded state has the fields of the schema and no others, however deep", () => {
    const state = { a: { name: "n", secret: 1 }, list: [{ name: "m", secret: 1 }], secret: 1 }
    assert.strictEqual(
      encode({ a: Named, list: Schema.Array(Named) }, state),
      '{"a":{"name":"n"},"list":[{"name":"m"}]}'
    )
  })

  it("the encoded state is that of now, also of an instance that was changed in place", () => {
    class Made {
      count = 0
      list: Array<number> = []
    }
    const codec = StateCodec.make<unknown>({ count: Schema.Int, list: Schema.Array(Schema.Int) })
    const made = new Made()
    const first = codec.encode(made)
    made.count = 1
    made.list = [1]
    const second = codec.encode(made, { from: made, to: first })
    assert.deepStrictEqual(second, { count: 1, list: [1] })
    made.count = 2
    const third = codec.encode({ count: 2, list: made.list }, { from: made, to: second })
    assert.deepStrictEqual(third, { count: 2, list: [1] })
  })

  it("the encoded state is what the schema says, not what the toJSON of a class makes of it", () => {
    class Telling {
      name = "n"
      toJSON() {
        return { name: this.name, secret: 1 }
      }
    }
    class Hiding {
      get name() {
        return "n"
      }
    }
    const inherited = Object.create({ name: "n" }) as object
    for (const value of [new Telling(), new Hiding(), inherited, { name: "n", toJSON: () => ({ secret: 1 }) }]) {
      assert.strictEqual(encode({ a: Named }, { a: value }), '{"a":{"name":"n"}}')
    }
  })

  it("the encoded state comes back as it was: dates, classes, optional and missing keys, unions, records", () => {
    class Point extends Schema.Class<Point>("Point")({ x: Schema.Int }) {}
    const codec = StateCodec.make<unknown>({
      at: Schema.DateTimeUtcFromMillis,
      point: Point,
      points: Schema.Array(Point),
      maybe: Schema.optionalKey(Schema.String),
      absent: Schema.optionalKey(Schema.String),
      nullable: Schema.NullOr(Schema.Int),
      record: Schema.Record(Schema.String, Schema.Number)
    })
    const state = {
      at: Schema.decodeSync(Schema.DateTimeUtcFromMillis)(5),
      point: new Point({ x: 1 }),
      points: [new Point({ x: 2 })],
      maybe: "m",
      nullable: null,
      record: { a: 1, b: Number.NaN }
    }
    const back = codec.decode(JSON.parse(JSON.stringify(codec.encode(state)))) as typeof state
    assert.deepEqual(back, state)
    assert.instanceOf(back.points[0], Point)
  })

  it("the encoded state keeps what did not change: fields by reference, elements by identity", () => {
    const codec = StateCodec.make<{
      readonly list: ReadonlyArray<{ readonly name: string }>
      readonly a: { name: string }
    }>({ list: Schema.Array(Named), a: Named })
    const before = { list: [{ name: "1" }, { name: "2" }], a: { name: "a" } }
    const encoded = codec.encode(before)
    const after = { ...before, list: [{ name: "0" }, ...before.list] }
    const next = codec.encode(after, { from: before, to: encoded })
    assert.strictEqual(next["a"], encoded["a"])
    assert.strictEqual((next["list"] as Array<unknown>)[2], (encoded["list"] as Array<unknown>)[1])
  })

  it("encoding a state that does not fit its schema fails", () => {
    assert.throws(() => encode({ count: Schema.Int }, { count: 0.5 }))
    assert.throws(() => encode({ count: Schema.Int }, {}))
    assert.throws(() => encode({ count: Schema.Int }, null))
  })

  it("is the one before where the state is the one before, and so is the state that comes back", () => {
    const codec = StateCodec.make<unknown>({ a: Named, at: Schema.DateTimeUtcFromMillis })
    const state = codec.freeze({ a: { name: "n" }, at: Schema.decodeSync(Schema.DateTimeUtcFromMillis)(5) })
    const encoded = codec.encode(state)
    assert.strictEqual(codec.encode(state, { from: state, to: encoded }), encoded)
    assert.strictEqual(codec.decode(encoded, { from: encoded, to: state }), state)
    assert.strictEqual(codec.restore(encoded, { from: encoded, to: state }), state)
    // A state that can still be changed may have been, and is looked at again.
    const loose = { a: { name: "n" }, at: (state as { readonly at: unknown }).at }
    assert.notStrictEqual(codec.encode(loose, { from: loose, to: encoded }), encoded)
  })

  it("gives back the fields that did not change, and decodes the others", () => {
    const codec = StateCodec.make<{ readonly at: object; readonly since: object; readonly n?: number }>({
      at: Schema.DateTimeUtcFromMillis,
      since: Schema.DateTimeUtcFromMillis,
      n: Schema.optionalKey(Schema.Int)
    })
    const from = { at: 5, since: 6 }
    const to = codec.decode(from)
    const next = codec.decode({ at: 5, since: 7, n: 1 }, { from, to })
    assert.strictEqual(next.at, to.at)
    assert.deepEqual(next, codec.decode({ at: 5, since: 7, n: 1 }))
    assert.isFalse("n" in to)
    assert.isFalse("n" in codec.decode(from, { from: { ...from, n: 1 }, to: { ...to, n: 1 } }))
  })

  it("says in which field it does not fit its schema", () => {
    const fields = { list: Schema.Array(Named), a: Named, n: Schema.optionalKey(Schema.Int) }
    const state = { list: [], a: { name: "" } }
    for (const [wrong, path] of [
      [{ n: "1" }, ["n"]],
      [{ n: undefined }, ["n"]],
      [{ a: { name: 1 } }, ["a", "name"]],
      [{ list: [{ name: 1 }] }, ["list", "name"]],
      [{ list: 5 }, ["list"]]
    ] as const) {
      try {
        StateCodec.make<unknown>(fields).encode({ ...state, ...wrong })
        assert.fail("it fits")
      } catch (error) {
        assert.isTrue(Schema.isSchemaError(error))
        assert.include(String(error), `at ${path.map((key) => `["${key}"]`).join("")}`)
      }
    }
  })

  it("is refused when it does not come back, field by field and element by element", () => {
    const codec = StateCodec.make<unknown>({ list: Schema.Array(Named), n: Schema.optionalKey(Schema.Int) })
    for (const encoded of [null, 5, {}, { list: 5 }, { list: [{}] }, { list: [], n: "1" }, { list: [5] }]) {
      assert.throws(() => codec.decode(encoded as never), undefined, undefined, JSON.stringify(encoded))
      assert.throws(() => codec.restore(encoded as never), undefined, undefined, JSON.stringify(encoded))
    }
    for (const none of [null, undefined, 5]) {
      assert.throws(() => codec.encode(none), /^The state is no object/)
      assert.throws(() => codec.decode(none as never), /^The state is no object/)
      assert.throws(() => codec.restore(none as never), /^The state is no object/)
    }
    for (const state of [{ list: 5 }, { list: [{}] }, { list: [5] }, { list: [], n: "1" }]) {
      assert.throws(() => codec.encode(state), undefined, undefined, JSON.stringify(state))
    }
  })

  it("keeps the elements that a list has in common with the one before, from either end", () => {
    const codec = StateCodec.make<{ readonly list: ReadonlyArray<object> }>({
      list: Schema.Array(Schema.DateTimeUtcFromMillis)
    })
    const from = { list: [1, 2, 3, 4] }
    const to = codec.decode(from)
    const next = codec.decode({ list: [1, 9, 8, 7, 4] }, { from, to })
    assert.strictEqual(next.list[0], to.list[0])
    assert.strictEqual(next.list[4], to.list[3])
    const encoded = codec.encode(next, { from: to, to: from })
    assert.deepStrictEqual(encoded, { list: [1, 9, 8, 7, 4] })
    const shorter = { list: [1, 4] }
    assert.deepEqual(codec.decode(shorter, { from, to }), codec.decode(shorter))
    assert.strictEqual(codec.decode(shorter, { from, to }).list[1], to.list[3])
    // What is said to be the list before and has another length is not taken for it.
    assert.deepEqual(codec.decode(shorter, { from, to: { list: [] } }), codec.decode(shorter))
  })

  it("keeps the elements that have stayed between others that have not", () => {
    const codec = StateCodec.make<{ readonly list: ReadonlyArray<object> }>({
      list: Schema.Array(Schema.DateTimeUtcFromMillis)
    })
    const from = { list: [1, 2, 3, 4, 5, 6, 7] }
    const to = codec.decode(from)
    const next = codec.decode({ list: [2, 9, 4, 3, 6, 8] }, { from, to })
    assert.deepEqual(next, codec.decode({ list: [2, 9, 4, 3, 6, 8] }))
    for (const [index, known] of [
      [0, 1],
      [2, 3],
      [4, 5]
    ] as const) {
      assert.strictEqual(next.list[index], to.list[known])
    }
    assert.deepStrictEqual(codec.encode(next, { from: to, to: from }), { list: [2, 9, 4, 3, 6, 8] })
  })

  it("of a list that has rules of its own follows them", () => {
    const few = Schema.Array(Schema.Int).check(Schema.isMaxLength(2))
    const pair = Schema.Tuple([Schema.String, Schema.Int])
    const some = Schema.NonEmptyArray(Schema.Int)
    const open = Schema.TupleWithRest(Schema.Tuple([]), [Schema.Int, Schema.String])
    assert.strictEqual(
      encode({ few, pair, some }, { few: [1], pair: ["a", 1], some: [1] }),
      '{"few":[1],"pair":["a",1],"some":[1]}'
    )
    assert.throws(() => encode({ few }, { few: [1, 2, 3] }))
    assert.throws(() => encode({ pair }, { pair: [1, "a"] }))
    assert.throws(() => encode({ some }, { some: [] }))
    assert.throws(() => encode({ open }, { open: [1, 2] }))
    const csv = Schema.String.pipe(
      Schema.decodeTo(
        Schema.Array(Schema.String),
        SchemaTransformation.transform({
          decode: (text): ReadonlyArray<string> => text.split(","),
          encode: (list) => list.join()
        })
      )
    )
    assert.strictEqual(encode({ csv }, { csv: ["a", "b"] }), '{"csv":"a,b"}')
  })

  it("of a list that may be absent is absent with it", () => {
    const codec = StateCodec.make<unknown>({ list: Schema.optionalKey(Schema.Array(Schema.Int)) })
    assert.deepStrictEqual(codec.encode({}), {})
    assert.deepStrictEqual(codec.encode({ list: [1] }), { list: [1] })
    assert.deepStrictEqual([codec.decode({}), codec.restore({})], [{}, {}])
  })

  it("of a list of a class is a plain list", () => {
    class Listing extends Array<number> {
      toJSON() {
        return "secret"
      }
    }
    assert.strictEqual(encode({ list: Schema.Array(Schema.Int) }, { list: Listing.from([1, 2]) }), '{"list":[1,2]}')
  })

  it("tells a key that is absent from one that is undefined", () => {
    const fields = { maybe: Schema.optionalKey(Schema.String), either: Schema.optional(Schema.String) }
    assert.strictEqual(encode(fields, {}), "{}")
    assert.strictEqual(encode(fields, { either: undefined }), '{"either":null}')
    assert.throws(() => encode(fields, { maybe: undefined }))
    const withDefault = StateCodec.make<unknown>({
      n: Schema.Int.pipe(Schema.withDecodingDefaultKey(Effect.succeed(7)))
    })
    assert.deepStrictEqual([withDefault.decode({}), withDefault.restore({})], [{ n: 7 }, { n: 7 }])
    const nothing = StateCodec.make<unknown>({ u: Schema.UndefinedOr(Schema.Int) })
    assert.deepStrictEqual(nothing.encode({ u: undefined }), { u: null })
    assert.deepStrictEqual(nothing.decode({ u: null }), {})
  })
})

describe("freezing a state", () => {
  const codec = StateCodec.make<unknown>({
    a: Schema.Struct({ names: Schema.Array(Schema.String) }),
    list: Schema.Array(Named)
  })
  const make = () => ({ a: { names: ["n"] }, list: [{ name: "m" }] })

  it("goes all the way down, and leaves it what it is", () => {
    const state = make()
    assert.isTrue(codec.isLoose(state))
    assert.strictEqual(codec.freeze(state), state)
    for (const part of [state, state.a, state.a.names, state.list, state.list[0]]) assert.isTrue(Object.isFrozen(part))
    assert.isFalse(codec.isLoose(state))
    const bare = Object.assign(Object.create(null) as object, make())
    assert.isTrue(Object.isFrozen(codec.freeze(bare)))
  })

  it("goes into what is not of the schema, too", () => {
    const state = { ...make(), more: { deep: [1] } }
    codec.freeze(state)
    assert.isTrue(Object.isFrozen(state.more.deep))
  })

  it("leaves alone what a class has made, and what is no state", () => {
    class Made {
      a = { names: ["n"] }
      list = []
    }
    const made = new Made()
    assert.strictEqual(codec.freeze(made), made)
    assert.deepStrictEqual([Object.isFrozen(made), Object.isFrozen(made.a), codec.isLoose(made)], [false, true, true])
    for (const none of [null, undefined, 5]) assert.strictEqual(codec.freeze(none), none)
  })

  it("looks at what has changed since the state before", () => {
    const before = codec.freeze(make()) as ReturnType<typeof make>
    const element = { name: "new" }
    const after = { ...before, list: [element, ...before.list] }
    codec.freeze(after, before)
    assert.deepStrictEqual(
      [Object.isFrozen(after.list), Object.isFrozen(element), codec.isLoose(after)],
      [true, true, false]
    )
  })
})
