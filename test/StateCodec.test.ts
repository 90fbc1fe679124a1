import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
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
})
