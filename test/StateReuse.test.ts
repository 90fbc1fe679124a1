/** What did not change since the last time is shared with it, and neither compared, frozen nor converted again. */
import { assert, describe, it } from "@effect/vitest"
import { Schema, SchemaTransformation } from "effect"
import * as StateCodec from "../src/StateCodec.ts"

/** Numbers that are sent as texts, and what was converted. */
const counted = () => {
  const converted: Array<number> = []
  const schema = Schema.String.pipe(
    Schema.decodeTo(
      Schema.Number,
      SchemaTransformation.transform({
        decode: (text: string) => (converted.push(Number(text)), Number(text)),
        encode: (n: number) => (converted.push(n), `${n}`)
      })
    )
  )
  return { converted, codec: StateCodec.make<Lists<number>>({ list: Schema.Array(schema), n: Schema.Int }) }
}

interface Lists<A> {
  readonly list: ReadonlyArray<A>
  readonly n: number
}

/** A value, and how often somebody asked for what is in it. */
const watched = <A extends object>(value: A) => {
  const watch = { reads: 0, value: undefined as unknown as A }
  watch.value = new Proxy(value, {
    get: (target, key) => ((watch.reads += 1), Reflect.get(target, key) as unknown),
    ownKeys: (target) => ((watch.reads += 1), Reflect.ownKeys(target))
  })
  return watch
}

const Time = Schema.DateTimeUtcFromMillis
const time = Schema.decodeSync(Time)
const numbers = Array.from({ length: 100 }, (_, n) => n)
const Named = Schema.Struct({ name: Schema.String })

describe("a list", () => {
  /** What is converted when one list follows another. */
  const become = (before: ReadonlyArray<number>, after: ReadonlyArray<number>) => {
    const { codec, converted } = counted()
    const texts = (list: ReadonlyArray<number>) => ({ list: list.map(String), n: 0 })
    const from = codec.freeze({ list: before, n: 0 })
    const to = codec.encode(from)
    converted.length = 0
    assert.deepStrictEqual<unknown>(codec.encode(codec.freeze({ list: after, n: 0 }, from), { from, to }), texts(after))
    const encoded = converted.splice(0)
    assert.deepStrictEqual(codec.decode(texts(after), { from: texts(before), to: from }), { list: after, n: 0 })
    assert.deepStrictEqual(converted, encoded)
    return encoded
  }

  it("is converted where it is new, however many elements are new, moved or gone", () => {
    assert.deepStrictEqual(become(numbers, [...numbers, 200]), [200])
    assert.deepStrictEqual(become(numbers, [200, ...numbers]), [200])
    assert.deepStrictEqual(become(numbers, numbers.slice(0, 50)), [])
    assert.deepStrictEqual(become(numbers, numbers.slice(50)), [])
    assert.deepStrictEqual(become(numbers, numbers.with(0, 200).with(50, 201).with(99, 202)), [200, 201, 202])
    const some = numbers.filter((n) => n % 2 === 1)
    assert.deepStrictEqual(become(numbers, [200, ...some, 201]), [200, 201])
  })

  it("is not searched further than for eight elements, from the last that was found", () => {
    assert.deepStrictEqual(become(numbers, [200, 0, 8, 201]), [200, 201])
    assert.deepStrictEqual(become(numbers, [200, 0, 9, 201]), [200, 9, 201])
    assert.deepStrictEqual(become(numbers, [200, 3, 11, 201]), [200, 201])
    assert.deepStrictEqual(become(numbers, [200, 3, 12, 201]), [200, 12, 201])
  })

  it("is compared with the list that it is said to follow", () => {
    const { codec } = counted()
    const [one, other] = [
      { list: [1, 2, 3], n: 0 },
      { list: [7, 8, 9], n: 0 }
    ].map((state) => codec.freeze(state)) as [Lists<number>, Lists<number>]
    const to = codec.encode(other)
    const state = codec.freeze({ list: [1, 2, 4], n: 0 }, one)
    const encoded = codec.encode(state, { from: other, to })
    assert.deepStrictEqual<unknown>(encoded, { list: ["1", "2", "4"], n: 0 })
  })

  it("is itself what is sent, as long as its elements are", () => {
    const codec = StateCodec.make<{ readonly list: ReadonlyArray<unknown> }>({ list: Schema.Array(Schema.Json) })
    const state = { list: [1, { a: 1 }] }
    const encoded = codec.encode(state)
    assert.strictEqual(encoded["list"], state.list as never)
    assert.throws(() => state.list.push(2), TypeError)
    assert.strictEqual(codec.decode(encoded).list, state.list)
    assert.deepStrictEqual<unknown>(encoded, { list: [1, { a: 1 }] })
  })

  it("has elements that are sent as they are, and others that are not", () => {
    const codec = StateCodec.make<{ readonly list: ReadonlyArray<unknown> }>({
      list: Schema.Array(Schema.Union([Time, Schema.String]))
    })
    const from = codec.freeze({ list: ["a", time(5), "b"] })
    const to = codec.encode(from)
    assert.deepStrictEqual<unknown>(to, { list: ["a", 5, "b"] })
    assert.deepStrictEqual<unknown>(codec.encode({ list: ["a", "c", "b"] }, { from, to }), { list: ["a", "c", "b"] })
    assert.deepStrictEqual<unknown>(codec.encode({ list: ["a", "c"] }, { from, to }), { list: ["a", "c"] })
  })

  it("is gone through once to be frozen and to be sent, and not at all where it stays", () => {
    const codec = StateCodec.make<Lists<number>>({ list: Schema.Array(Schema.Int), n: Schema.Int })
    const from = codec.freeze({ list: numbers, n: 0 })
    const to = codec.encode(from)
    const list = watched([...numbers, 100])
    const state = codec.freeze({ list: list.value, n: 0 }, from)
    const encoded = codec.encode(state, { from, to })
    assert.isAtMost(list.reads, numbers.length + 10)
    list.reads = 0
    const next = codec.freeze({ ...state, n: 1 }, state)
    assert.deepStrictEqual<unknown>(codec.encode(next, { from: state, to: encoded }), { list: [...numbers, 100], n: 1 })
    assert.isAtMost(list.reads, numbers.length + 10)
  })
})

describe("an element", () => {
  const codec = StateCodec.make<Lists<object>>({ list: Schema.Array(Named), n: Schema.Int })

  it("is looked at once, in whatever list it comes", () => {
    const element = watched({ name: "n" })
    const from = codec.freeze({ list: [element.value, { name: "o" }], n: 0 })
    const to = codec.encode(from)
    element.reads = 0
    const state = codec.freeze({ list: [{ name: "m" }, ...from.list.toReversed()], n: 0 }, from)
    codec.encode(state, { from, to })
    codec.encode({ list: [element.value], n: 0 })
    assert.strictEqual(element.reads, 0)
  })

  it("comes back as the same value when it is sent in another list", () => {
    const times = StateCodec.make<{ readonly list: ReadonlyArray<unknown>; readonly a?: unknown }>({
      list: Schema.Array(Schema.Struct({ at: Time })),
      a: Schema.optionalKey(Schema.Struct({ at: Time }))
    })
    const element = { at: 5 }
    const [one] = times.decode({ list: [element] }).list
    assert.deepStrictEqual(one, { at: time(5) } as unknown)
    assert.strictEqual(times.decode({ list: [{ at: 6 }, element] }).list[1], one)
    assert.strictEqual(times.restore({ list: [element] }).list[0], one)
    const restored = times.restore({ list: [], a: element })
    assert.strictEqual(times.restore({ list: [], a: element }).a, restored.a)
    assert.isFalse("a" in times.restore({ list: [] }))
  })
})

describe("a field", () => {
  const codec = StateCodec.make<{ readonly at: unknown; readonly a: unknown; readonly n?: unknown }>({
    at: Time,
    a: Named,
    n: Schema.optionalKey(Schema.Int)
  })

  it("is itself what is sent, where that is the same", () => {
    const state = codec.freeze({ a: { name: "n" }, at: time(5) })
    const encoded = codec.encode(state)
    assert.deepStrictEqual<unknown>(encoded, { a: { name: "n" }, at: 5 })
    assert.strictEqual(encoded["a"], state.a as never)
    assert.strictEqual(codec.decode(encoded).a, state.a)
  })

  it("is kept when a state is restored, if it is what was sent", () => {
    const to = codec.freeze({ a: { name: "n" }, at: time(5), n: 1 })
    const from = codec.encode(to)
    const restored = codec.restore({ ...from, n: 2 }, { from, to })
    assert.deepStrictEqual(restored, { ...to, n: 2 })
    assert.strictEqual(restored.at, to.at)
    assert.deepEqual(codec.restore({ ...from, at: 6 }, { from, to }), { ...to, at: time(6) })
    assert.isTrue(Object.isFrozen(restored))
  })
})

describe("a state", () => {
  const codec = StateCodec.make<unknown>({ list: Schema.Array(Schema.Int), n: Schema.optionalKey(Schema.Int) })

  it("is not looked at again when it is the one before", () => {
    const refuse = (): never => assert.fail("it is looked at")
    const state = new Proxy({}, { get: refuse, ownKeys: refuse, getPrototypeOf: refuse })
    assert.strictEqual(codec.freeze(state, state), state)
    for (const none of [undefined, null, 5]) assert.strictEqual(codec.freeze(none, { list: [] }), none)
  })

  it("is frozen in what does not fit its schema, and in what is not of it, whatever else is missing", () => {
    const state = { list: { deep: [1] }, more: { deep: [1] } }
    codec.freeze(state)
    for (const part of [state, state.list, state.list.deep, state.more, state.more.deep]) {
      assert.isTrue(Object.isFrozen(part))
    }
    const list = watched(numbers.slice(0, 30))
    codec.freeze({ list: list.value, n: 1 })
    assert.isAtMost(list.reads, 45)
  })
})
