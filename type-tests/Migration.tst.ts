import { type DateTime, type Layer, Schema } from "effect"
import { Component, Migration } from "fibra"
import { describe, expect, test } from "tstyche"

const Item = Schema.Struct({ text: Schema.String, done: Schema.Boolean })

class Todo extends Component.Service<Todo>()("Todo", {
  version: 3,
  state: {
    items: Schema.Array(Item),
    title: Schema.String,
    sort: Schema.Literals(["age", "name"]),
    note: Schema.optionalKey(Schema.String)
  },
  initial: () => ({ items: [], title: "", sort: "age" })
}) {}

const one = { items: Schema.Array(Schema.String) }
const two = { items: Schema.Array(Item), sort: Schema.Literals(["age", "name"]) }

type Two = Component.ValueOf<typeof two>
const keep = (state: Two) => state

const first = Migration.from(1, one, ({ items }) => ({
  items: items.map((text) => ({ text, done: false })),
  sort: "age"
}))
const both = first.from(2, two, (state) => ({ ...state, title: "" }))

describe("a step", () => {
  test("takes the decoded state that its fields describe", () => {
    Migration.from(1, { at: Schema.DateTimeUtcFromMillis, note: Schema.optionalKey(Schema.String) }, (state) => {
      expect(state).type.toBe<{ readonly at: DateTime.Utc; readonly note?: string }>()
      return state
    })
    first.from(2, two, (state) => {
      expect(state).type.toBe<{
        readonly items: ReadonlyArray<{ readonly text: string; readonly done: boolean }>
        readonly sort: "age" | "name"
      }>()
      return state
    })
  })

  test("gives a state, at once", () => {
    expect(Migration.from).type.not.toBeCallableWith(1, one, () => undefined)
    expect(Migration.from).type.not.toBeCallableWith(1, one, () => "state")
    expect(Todo.toLayer).type.not.toBeCallableWith(
      {},
      { migrations: Migration.from(2, two, async (state) => ({ ...state, title: "" })) }
    )
    const later = Migration.from(1, two, async (state) => state)
    // @ts-expect-error Promise<{ ... }>' is missing the following properties from type
    later.from(2, two, keep)
    const empty = Migration.from(1, {}, async () => ({}))
    // @ts-expect-error Type 'Promise<{}>' has no properties in common with type '{ readonly note?: string; }'
    empty.from(2, { note: Schema.optionalKey(Schema.String) }, (state) => state)
  })

  test("has fields whose schemas need no services", () => {
    const needy = {} as Schema.Codec<string, string, Todo>
    expect(Migration.from).type.not.toBeCallableWith(1, { needy }, () => ({}))
  })
})

describe("the steps of a chain", () => {
  test("give what the next one takes", () => {
    expect(Migration.from(1, two, keep).from(2, two, keep)).type.toBe<Migration.ChainTo<3, Two>>()
    const missing = Migration.from(1, one, (state) => state)
    // @ts-expect-error Property 'sort' is missing in type
    missing.from(2, two, keep)
    const wrong = Migration.from(1, one, () => ({ items: [], sort: "size" }))
    // @ts-expect-error Type '"size"' is not assignable to type
    wrong.from(2, two, keep)
    const deep = Migration.from(1, two, (state) => ({ ...state, items: [1] }))
    // @ts-expect-error Type 'number' is not assignable to type '{ readonly text: string; readonly done: boolean; }'
    deep.from(2, two, keep)
  })

  test("give nothing that the next one does not take", () => {
    const more = Migration.from(1, two, (state) => ({ ...state, color: "red" }))
    // @ts-expect-error Type '"color"' is not assignable to type
    more.from(2, two, keep)
  })

  test("follow one another without a gap", () => {
    // @ts-expect-error Argument of type '3' is not assignable to parameter of type '2'
    first.from(3, two, keep)
    // @ts-expect-error Argument of type '1' is not assignable to parameter of type '2'
    first.from(1, two, keep)
    // @ts-expect-error Argument of type '2' is not assignable to parameter of type '3'
    first.from(2, two, keep).from(2, two, keep)
  })

  test("may be numbered by what is known at run time only, or beyond a hundred", () => {
    expect(Migration.from(1 as number, two, keep).from(7, two, keep)).type.toBe<Migration.ChainTo<number, Two>>()
    expect(Migration.from(20_260_101, two, keep).from(20_260_102, two, keep)).type.toBe<
      Migration.ChainTo<number, Two>
    >()
    expect(Migration.from(99, two, keep)).type.toBe<Migration.ChainTo<100, Two>>()
  })
})

describe("the migrations of a behaviour", () => {
  test("end with the state of its contract", () => {
    expect(Todo.toLayer({}, { migrations: both })).type.toBe<Layer.Layer<Component.BehaviorOf<Todo>>>()
    // @ts-expect-error Property 'title' is missing in type
    Todo.toLayer({}, { migrations: first })
    const wrong = first.from(2, two, (state) => ({ ...state, title: 1 }))
    // @ts-expect-error The types of '"~types".state.title' are incompatible ... 'number' is not assignable to type 'string'
    Todo.toLayer({}, { migrations: wrong })
  })

  test("give no field that its contract does not have, not even a misspelled one", () => {
    const misspelled = first.from(2, two, (state) => ({ ...state, title: "", notes: "" }))
    // @ts-expect-error Type '"notes"' is not assignable to type ... Did you mean '"note"'?
    Todo.toLayer({}, { migrations: misspelled })
    const sometimes = first.from(2, two, (state) =>
      state.sort === "age" ? { ...state, title: "" } : { ...state, title: "", notes: "" }
    )
    // @ts-expect-error Type '"notes"' is not assignable to type
    Todo.toLayer({}, { migrations: sometimes })
  })

  test("may leave out what may be missing, and give it in some cases only", () => {
    const sometimes = first.from(2, two, (state) =>
      state.sort === "age" ? { ...state, title: "" } : { ...state, title: "", note: "n" }
    )
    expect(Todo.toLayer).type.toBeCallableWith({}, { migrations: sometimes })
  })

  test("know which literals it expects", () => {
    expect(Todo.toLayer).type.toBeCallableWith(
      {},
      { migrations: Migration.from(2, one, () => ({ items: [], title: "", sort: "name" })) }
    )
    expect(Todo.toLayer).type.not.toBeCallableWith(
      {},
      { migrations: Migration.from(2, one, () => ({ items: [], title: "", sort: "size" })) }
    )
  })

  test("are given beside whether it persists", () => {
    expect(Todo.toLayer).type.toBeCallableWith({}, { migrations: both, persist: true })
    expect(Todo.toLayer).type.not.toBeCallableWith({}, { migrations: [both] })
    expect<Component.BehaviorOptions["migrations"]>().type.toBe<Migration.AnyChain | undefined>()
  })
})
