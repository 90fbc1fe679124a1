import { assert, describe, it } from "@effect/vitest"
import { Exit, Schema } from "effect"
import * as StrictDecoder from "../src/StrictDecoder.ts"

const Point = Schema.Struct({ x: Schema.Finite, y: Schema.optionalKey(Schema.NullOr(Schema.Int)) })
const Node: Schema.Codec<unknown> = Schema.Struct({
  next: Schema.NullOr(Schema.suspend((): Schema.Codec<unknown> => Node))
})
const schemas: { readonly [name: string]: Schema.Codec<unknown, unknown> } = {
  "a number": Schema.Int,
  "one of several simple values": Schema.Union([Schema.String, Schema.Literal(1), Schema.Null]),
  "a struct": Point,
  "a struct with a rule": Point.check(Schema.makeFilter(({ x, y }) => x !== y)),
  "a struct in a struct": Schema.Struct({ at: Point, name: Schema.optional(Schema.String) }),
  "a struct with anything": Schema.Struct({ at: Schema.Unknown, x: Schema.optionalKey(Schema.Json) }),
  "a struct without fields": Schema.Struct({}),
  "a list": Schema.Array(Schema.Int),
  "a list of structs": Schema.Array(Point),
  "a list of lists in a struct": Schema.Struct({ x: Schema.Array(Schema.Array(Point)) }),
  "a tuple": Schema.Tuple([Point, Schema.Int]),
  "a record": Schema.Record(Schema.String, Point),
  "a struct and a record": Schema.StructWithRest(Point, [Schema.Record(Schema.String, Schema.Finite)]),
  "one of two structs": Schema.Union([Point, Schema.Struct({ at: Point })]),
  "a date": Schema.toCodecJson(Schema.Struct({ at: Schema.DateTimeUtcFromMillis, x: Schema.Date })),
  "a struct in itself": Node
}

const Simple = Schema.NullOr(Schema.Literals([0, 1, 2.5, "1", "a", true]))
const Key = Schema.Literals(["x", "y", "at", "name", "next", "z", "__proto__", "toString"])
const Flat = Schema.Union([Simple, Schema.Record(Key, Simple), Schema.Array(Simple)])
const Deep = Schema.Union([Flat, Schema.Record(Key, Flat), Schema.Array(Flat)])
const Value = Schema.Union([Deep, Schema.Record(Key, Deep), Schema.Array(Deep)])

const same = (schema: Schema.Codec<unknown, unknown>, value: unknown) => {
  const [one, other] = [
    StrictDecoder.make(schema)(value),
    Schema.decodeUnknownExit(schema, { onExcessProperty: "error" })(value)
  ]
  assert.strictEqual(one._tag, other._tag, JSON.stringify(value))
  if (Exit.isSuccess(one)) assert.deepStrictEqual(one, other)
  else assert.strictEqual(String(one), String(other))
  return Exit.isSuccess(one)
}

describe("a strict decoder", () => {
  for (const [name, schema] of Object.entries(schemas)) {
    it.prop(
      `decodes and refuses what effect decodes and refuses: ${name}`,
      [Value],
      ([value]) => void same(schema, value),
      {
        arbitrary: { runs: 200 }
      }
    )
    it.prop(`decodes what fits, and refuses it with another key: ${name}`, [schema], ([value]) => {
      const encoded = Schema.encodeSync(schema)(value)
      assert.isTrue(same(schema, encoded))
      if (typeof encoded !== "object" || encoded === null || Array.isArray(encoded)) return
      same(schema, { ...encoded, other: 1 })
      same(schema, { ...encoded, [Symbol.iterator]: 1 })
      same(schema, Object.create(encoded))
    })
  }

  it("refuses an unknown key of an element of a list", () => {
    assert.isTrue(same(Schema.Array(Point), [{ x: 1 }, { x: 2, y: 3 }]))
    assert.isFalse(same(Schema.Array(Point), [{ x: 1 }, { x: 2, z: 3 }]))
    assert.isFalse(same(Schema.Struct({ at: Point }), { at: { x: 1, z: 1 } }))
  })
})
