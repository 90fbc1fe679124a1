import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { Component, Migration } from "fibra"
import type { Json } from "../src/Patch.ts"
import * as StateCodec from "../src/StateCodec.ts"
import v1 from "./fixtures/snapshots/todo.v1.json" with { type: "json" }
import v2 from "./fixtures/snapshots/todo.v2.json" with { type: "json" }
import v3 from "./fixtures/snapshots/todo.v3.json" with { type: "json" }

const Item = Schema.Struct({ text: Schema.String, done: Schema.Boolean })

const one = { items: Schema.Array(Schema.String) }
const two = { items: Schema.Array(Item) }
const three = { items: Schema.Array(Item), title: Schema.String }

type State<F extends StateCodec.Fields> = Component.ValueOf<F>

const toTwo = ({ items }: State<typeof one>): State<typeof two> => ({
  items: items.map((text) => ({ text, done: false }))
})
const toThree = (state: State<typeof two>): State<typeof three> => ({ ...state, title: "" })

class Todo extends Component.Service<Todo>()("Todo", {
  version: 3,
  state: three,
  initial: () => ({ items: [], title: "" })
}) {}

const migrations = Migration.from(1, one, toTwo).from(2, two, toThree)

/** A component of which only the version and the state matter. */
const contract = (version: number, fields: StateCodec.Fields) => ({
  version,
  codec: { state: StateCodec.make<unknown>(fields) }
})

/** What becomes of a stored state: the current one, or the reason why there is none. */
const outcome = (
  chain: Migration.AnyChain | undefined,
  component: Parameters<typeof Migration.run>[1]["component"],
  version: number,
  state: Json
) =>
  Result.match(Migration.run(chain, { component, version, state }), {
    onSuccess: (state): unknown => state,
    onFailure: ({ reason }) => reason
  })

/** Why a stored state is refused. */
const rejection = (...[migrations, component, version, state]: Parameters<typeof outcome>) => {
  const result = Migration.run(migrations, { component, version, state })
  if (Result.isSuccess(result)) return assert.fail(`got ${JSON.stringify(result.success)}`)
  return result.failure
}

describe("a stored state", () => {
  it.each([
    [
      v1,
      {
        items: [
          { text: "Lire « Le Petit Prince » 🦊", done: false },
          { text: "", done: false },
          { text: "Buy milk", done: false }
        ],
        title: ""
      }
    ],
    [
      v2,
      {
        items: [
          { text: "Lire « Le Petit Prince » 🦊", done: true },
          { text: "Buy milk", done: false }
        ],
        title: ""
      }
    ],
    [v3, { items: [{ text: "Buy milk", done: true }], title: "Groceries" }]
  ])("a stored state of any version becomes the same state for ever: $version", (snapshot, expected) => {
    assert.deepStrictEqual(outcome(migrations, Todo, snapshot.version, snapshot.state), expected)
  })

  it("a stored state of the current version needs no migrations", () => {
    assert.deepStrictEqual(outcome(undefined, Todo, 3, v3.state), v3.state)
  })

  it("a stored state of the current version loses the fields that the contract does not have, however deep", () => {
    const state = { items: [{ text: "a", done: true, color: "red" }], title: "t", color: "red" }
    assert.deepStrictEqual(outcome(migrations, Todo, 3, state), { items: [{ text: "a", done: true }], title: "t" })
  })

  it("a stored state of an older version reaches its migration without fields that its version does not have", () => {
    const seen: Array<unknown> = []
    const look = <S>(state: S): S => {
      seen.push(state)
      return state
    }
    const chain = Migration.from(1, {}, look)
      .from(2, {}, look)
      .from(3, { note: Schema.optionalKey(Schema.String) }, look)
    const component = contract(4, { note: Schema.optionalKey(Schema.String) })
    assert.deepStrictEqual(outcome(chain, component, 1, { note: 1, color: "red" }), {})
    assert.deepStrictEqual(outcome(chain, component, 3, { note: "n", color: "red" }), { note: "n" })
    assert.deepStrictEqual(seen, [{}, {}, {}, { note: "n" }])
  })

  it("a stored state passes from step to step without fields that the next version does not have", () => {
    const seen: Array<unknown> = []
    const chain = Migration.from(1, two, (state) => ({ ...state, color: "red" }) as State<typeof two>).from(
      2,
      two,
      (state) => {
        seen.push(state)
        return toThree(state)
      }
    )
    assert.deepStrictEqual(outcome(chain, Todo, 1, { items: [] }), { items: [], title: "" })
    assert.deepStrictEqual(seen, [{ items: [] }])
  })

  it("a stored state leaves the last step without fields that the contract does not have", () => {
    const chain = Migration.from(2, two, (state) => ({ ...toThree(state), color: "red" }))
    assert.deepStrictEqual(outcome(chain, Todo, 2, { items: [] }), { items: [], title: "" })
  })

  it("a stored state is migrated decoded and comes out encoded: dates, options, classes, defaults, absent keys", () => {
    class Point extends Schema.Class<Point>("Point")({ x: Schema.Int }) {}
    const before = {
      at: Schema.DateTimeUtcFromMillis,
      who: Schema.Option(Schema.String),
      point: Point,
      note: Schema.optionalKey(Schema.String)
    }
    const between = { at: Schema.DateTimeUtc, who: Schema.OptionFromNullOr(Schema.String), point: Point }
    const after = {
      at: Schema.DateTimeUtcFromMillis,
      who: Schema.Option(Schema.String),
      points: Schema.Array(Point),
      note: Schema.optional(Schema.String)
    }
    const chain = Migration.from(1, before, ({ at, point, who }) => {
      assert.isTrue(DateTime.isUtc(at))
      assert.instanceOf(point, Point)
      return { at: DateTime.add(at, { milliseconds: 1 }), who: Option.map(who, (name) => `${name}!`), point }
    }).from(2, between, ({ point, ...state }) => {
      assert.isTrue(Option.isOption(state.who))
      return { ...state, at: DateTime.add(state.at, { milliseconds: 10 }), points: [point], note: undefined }
    })
    const component = contract(3, after)
    const encode = StateCodec.make<State<typeof after>>(after).encode
    const at = DateTime.makeUnsafe(1_000_000_000_011)
    const points = [new Point({ x: 1 })]
    const ofOne = { at: 1_000_000_000_000, point: { x: 1 } }
    assert.deepStrictEqual(
      outcome(chain, component, 1, { ...ofOne, who: { _tag: "Some", value: "ada" }, note: "lost" }),
      encode({ at, who: Option.some("ada!"), points, note: undefined })
    )
    assert.deepStrictEqual(
      outcome(chain, component, 1, { ...ofOne, who: { _tag: "None" } }),
      encode({ at, who: Option.none(), points, note: undefined })
    )
    assert.deepStrictEqual(
      outcome(chain, component, 2, { at: "2001-09-09T01:46:40.001Z", who: null, point: { x: 1 } }),
      encode({ at, who: Option.none(), points, note: undefined })
    )
  })

  const V1 = Schema.Struct({ items: Schema.Array(Schema.String), at: Schema.DateTimeUtcFromMillis })
  const V2 = Schema.Struct({ items: Schema.Array(Item), at: Schema.Option(Schema.DateTimeUtc) })
  const V3 = Schema.Struct({ ...V2.fields, by: Schema.NullOr(Schema.String), size: Schema.Number })
  const second = (state: typeof V1.Type): typeof V2.Type => ({ ...toTwo(state), at: Option.some(state.at) })
  const third = (state: typeof V2.Type): typeof V3.Type => ({
    ...state,
    items: state.items.toReversed(),
    by: state.items[0]?.text ?? null,
    size: state.items.length / 0
  })
  const chain = Migration.from(1, V1.fields, second).from(2, V2.fields, third)

  it.prop(
    "a stored state becomes what its migrations make of it, one after the other",
    [Arbitrary.schema(V1), Arbitrary.schema(V2), Arbitrary.schema(V3)],
    ([first, middle, last]) => {
      const encode = <S extends StateCodec.PureSchema>(schema: S, state: S["Type"]) =>
        JSON.parse(JSON.stringify(Schema.encodeUnknownSync(Schema.toCodecJson(schema))(state))) as Json
      const component = contract(3, V3.fields)
      const migrated = (version: number, stored: Json) =>
        JSON.parse(JSON.stringify(outcome(chain, component, version, stored)))
      assert.deepStrictEqual(migrated(1, encode(V1, first)), encode(V3, third(second(first))))
      assert.deepStrictEqual(migrated(2, encode(V2, middle)), encode(V3, third(middle)))
      assert.deepStrictEqual(migrated(3, encode(V3, last)), encode(V3, last))
    }
  )
})

describe("a stored state is refused", () => {
  it("a stored state is refused as newer when its version is later than that of the contract", () => {
    assert.strictEqual(outcome(migrations, Todo, 4, v3.state), "newer")
    assert.strictEqual(outcome(undefined, Todo, 4, v3.state), "newer")
  })

  it("a stored state is refused for its version when there is no step from it", () => {
    assert.strictEqual(outcome(undefined, Todo, 2, v2.state), "version")
    assert.strictEqual(outcome(Migration.from(2, two, toThree), Todo, 1, v1.state), "version")
  })

  it("a stored state is refused for its version when a later step is missing, and no step runs", () => {
    const chain = Migration.from(1, one, () => assert.fail("migrated"))
    assert.strictEqual(outcome(chain, Todo, 1, v1.state), "version")
    assert.match(rejection(chain, Todo, 1, v1.state).cause.message, /of version 1, .* no migration from version 2/)
  })

  it.each([0, -1, 1.5, 2.5, 3.5, Number.NaN, Infinity])(
    "a stored state is refused for a version that is none: %s",
    (version) => {
      assert.strictEqual(outcome(migrations, Todo, version, v3.state), "version")
    }
  )

  it("a stored state is refused when it does not fit the schema of its version", () => {
    assert.strictEqual(outcome(migrations, Todo, 1, v2.state), "state")
    assert.strictEqual(outcome(migrations, Todo, 2, v1.state), "state")
    assert.strictEqual(outcome(migrations, Todo, 3, v2.state), "state")
    const { cause } = rejection(migrations, Todo, 2, v1.state)
    assert.match(cause.message, /stored state of version 2 does not fit/)
    assert.isTrue(Schema.isSchemaError(cause.cause))
    assert.match(String(cause.cause), /at \["items"\]\[0\]/)
  })

  it.each([[null], [[]], [5], ["state"], [true]])(
    "a stored state is refused when it is not an object, even if every field may be missing: %j",
    (state) => {
      const fields = { note: Schema.optionalKey(Schema.String) }
      const chain = Migration.from(1, {}, () => ({})).from(2, fields, (state) => state)
      for (const version of [1, 2, 3]) assert.strictEqual(outcome(chain, contract(3, fields), version, state), "state")
    }
  )

  it("a stored state is refused when a migration threw, with what it threw", () => {
    const thrown = new RangeError("no")
    const chain = Migration.from(1, one, (): State<typeof two> => {
      throw thrown
    }).from(2, two, toThree)
    const { cause, reason } = rejection(chain, Todo, 1, v1.state)
    assert.strictEqual(reason, "state")
    assert.match(cause.message, /migration from version 1 threw/)
    assert.strictEqual(cause.cause, thrown)
    assert.notStrictEqual(outcome(chain, Todo, 2, v2.state), "state")
  })

  it.each([[{ items: [{ text: "a" }] }], [{}], [null], [undefined], ["items"]])(
    "a stored state is refused when a migration returns what the next version does not accept: %j",
    (lie) => {
      const chain = Migration.from(1, one, () => lie as unknown as State<typeof two>).from(2, two, () =>
        assert.fail("migrated")
      )
      const { cause, reason } = rejection(chain, Todo, 1, v1.state)
      assert.strictEqual(reason, "state")
      assert.match(cause.message, /migration from version 1 returned a state that does not fit version 2/)
      assert.isDefined(cause.cause)
    }
  )

  it("a stored state is refused when a migration returns an encoded state instead of a decoded one", () => {
    const fields = { at: Schema.DateTimeUtcFromMillis }
    const chain = Migration.from(1, fields, () => ({ at: 5 }) as unknown as State<typeof fields>).from(
      2,
      fields,
      (s) => s
    )
    assert.strictEqual(outcome(chain, contract(3, fields), 1, { at: 5 }), "state")
    assert.strictEqual(outcome(chain, contract(2, fields), 1, { at: 5 }), "state")
    assert.deepStrictEqual(outcome(chain, contract(3, fields), 2, { at: 5 }), { at: 5 })
  })

  it.each([[{ items: [], title: 1 }], [{ items: [] }], [null], [undefined], [[]]])(
    "a stored state is refused when the last migration returns what the contract does not accept: %j",
    (lie) => {
      const chain = Migration.from(2, two, () => lie as unknown as State<typeof three>)
      const { cause, reason } = rejection(chain, Todo, 2, v2.state)
      assert.strictEqual(reason, "state")
      assert.match(cause.message, /migration from version 2 returned a state that does not fit version 3/)
    }
  )

  it("a stored state is refused when a check of the contract fails, during the migrations and at their end", () => {
    const fields = { count: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)) }
    const chain = Migration.from(1, fields, ({ count }) => ({ count: count - 5 })).from(2, fields, ({ count }) => ({
      count: count + 5
    }))
    assert.deepStrictEqual(outcome(chain, contract(3, fields), 1, { count: 5 }), { count: 5 })
    assert.strictEqual(outcome(chain, contract(3, fields), 1, { count: 4 }), "state")
    assert.strictEqual(outcome(chain, contract(2, fields), 1, { count: 4 }), "state")
    assert.strictEqual(outcome(chain, contract(1, fields), 1, { count: -1 }), "state")
  })

  it("a stored state is refused when a migration is asynchronous", () => {
    const fields = { note: Schema.optionalKey(Schema.String) }
    const later = (async () => ({ note: "n" })) as unknown as () => State<typeof fields>
    const chain = Migration.from(1, fields, later).from(2, fields, (state) => state)
    assert.strictEqual(outcome(chain, contract(3, fields), 1, {}), "state")
    assert.strictEqual(outcome(Migration.from(1, fields, later), contract(2, fields), 1, {}), "state")
  })

  it("a stored state is refused when it could not be read again: the contract does not decode its encoding", () => {
    const lossy = Schema.String.pipe(
      Schema.decodeTo(Schema.Finite, SchemaTransformation.transform({ decode: Number, encode: () => "a number" }))
    )
    const chain = Migration.from(1, {}, () => ({ lossy: 1 }))
    assert.strictEqual(outcome(chain, contract(2, { lossy }), 1, {}), "state")
    assert.strictEqual(outcome(chain, contract(2, { lossy }), 2, { lossy: "1" }), "state")
  })

  it("a stored state is refused when a schema is asynchronous", () => {
    const slow = Schema.String.pipe(
      Schema.decodeTo(
        Schema.String,
        SchemaTransformation.transformEffect({
          decode: (text) => Effect.delay(Effect.succeed(text), "1 second"),
          encode: Effect.succeed
        })
      )
    )
    assert.strictEqual(outcome(undefined, contract(1, { slow }), 1, { slow: "a" }), "state")
    const chain = Migration.from(1, { slow }, () => ({}))
    assert.strictEqual(outcome(chain, contract(2, {}), 1, { slow: "a" }), "state")
  })
})

describe("a chain", () => {
  const versions = (...versions: ReadonlyArray<number>) => {
    const [first = 1, ...others] = versions
    const keep = (state: State<typeof three>): State<typeof three> => state
    return others.reduce((chain, version) => chain.from(version, three, keep), Migration.from(first, three, keep))
  }
  const toLayer =
    (...numbers: ReadonlyArray<number>) =>
    () =>
      Todo.toLayer({}, { migrations: versions(...numbers) })

  it("a chain of migrations may begin at any version", () => {
    for (const numbers of [[1, 2], [2]]) assert.doesNotThrow(toLayer(...numbers))
  })

  it("a chain of migrations with a gap, a repeated step or steps in another order has no layer", () => {
    assert.throws(
      toLayer(1, 3),
      '"Todo" has a migration from version 1 and then one from version 3. ' +
        "Add the one from version 2, or put them in order."
    )
    assert.throws(toLayer(2, 1), /from version 2 and then one from version 1/)
    assert.throws(toLayer(1, 1, 2), /from version 1 and then one from version 1/)
  })

  it("a chain of migrations that does not end at the version of its contract has no layer", () => {
    assert.throws(
      toLayer(1),
      'The migrations of "Todo" lead to version 2, and its contract is version 3. ' +
        "Let the one from version 2 be the last, or correct the version of the contract."
    )
    assert.throws(toLayer(1, 2, 3), /lead to version 4, and its contract is version 3/)
  })

  it("a chain of migrations whose versions are not whole numbers from 1 has no layer", () => {
    assert.throws(toLayer(0, 1, 2), /"Todo" has a migration from version 0, which is no integer of at least 1/)
    assert.throws(toLayer(1.5), /from version 1.5, which is no integer/)
  })

  it.effect("a chain of migrations reaches the server that runs its behaviour", () =>
    Effect.gen(function* () {
      const context = yield* Layer.build(Todo.toLayer({}, { migrations, persist: true }))
      assert.deepStrictEqual(Context.get(context as Context.Context<never>, Todo.behavior).options, {
        migrations,
        persist: true
      })
    })
  )

  it("a chain of migrations is not changed by adding a step to it", () => {
    const first = Migration.from(1, one, toTwo)
    const plain = first.from(2, two, toThree)
    const titled = first.from(2, two, (state) => ({ ...state, title: "titled" }))
    assert.deepStrictEqual(outcome(plain, Todo, 1, { items: [] }), { items: [], title: "" })
    assert.deepStrictEqual(outcome(titled, Todo, 1, { items: [] }), { items: [], title: "titled" })
    assert.strictEqual(first.steps.length, 1)
  })
})
