/** In place is impossible or seen: for every kind of value that a state may have, wherever in the state it is. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, HashMap, Option, Schema } from "effect"
import * as BigDecimal from "effect/BigDecimal"
import { FIXED, Freezer, LOOSE, PLAIN } from "../src/Frozen.ts"
import * as ListChange from "../src/ListChange.ts"
import * as StateCodec from "../src/StateCodec.ts"
import { kinds, places } from "./support/kinds.ts"

const all = Object.entries(kinds).flatMap(([name, kind]) =>
  Object.entries(places).map(([where, place]) => ({ name, where, kind, place }))
)

describe("a value in a state", () => {
  it.each(all)(
    "a value in a state stays as it is, or its change is seen: $name in $where",
    ({ kind, place, where }) => {
      const fields = { value: place.schema(kind.schema), other: Schema.Int }
      const codec = StateCodec.make<{ readonly value: never; readonly other: number }>(fields)
      const fresh = () => StateCodec.make<unknown>(fields)
      const state = codec.freeze({ value: place.put(kind.make(1)) as never, other: 1 })
      const before = codec.encode(state)
      const text = JSON.stringify(before)
      // Others with the same reference are encoded in between, and the state is read again.
      const next = codec.freeze({ ...state, other: 2 }, state)
      const after = codec.encode(next, { from: state, to: before })
      const isFrozen = kind.isFrozen && where !== "a map"
      assert.strictEqual(codec.isLoose(next), !isFrozen)
      let isChanged = true
      try {
        kind.change(place.take(state.value) as never)
      } catch (error) {
        assert.instanceOf(error, TypeError)
        isChanged = false
      }
      if (isFrozen) assert.isFalse(isChanged)
      const seen = codec.encode(next, { from: next, to: after })
      assert.strictEqual(JSON.stringify(seen), JSON.stringify(fresh().encode(next)))
      assert.strictEqual(JSON.stringify(before), text)
      if (!isChanged) assert.strictEqual(JSON.stringify({ ...seen, other: 1 }), text)
      // A crash takes it back, and what it takes back is changed by nobody else.
      const good = codec.restore(before, { from: before, to: state })
      assert.strictEqual(JSON.stringify(fresh().encode(good)), text)
      assert.strictEqual(good === state, isFrozen)
      if (!isFrozen) assert.notStrictEqual(good.value, state.value)
      const again = codec.restore(before, { from: before, to: good })
      assert.strictEqual(JSON.stringify(fresh().encode(again)), text)
      try {
        kind.change(place.take(again.value) as never)
      } catch {
        // Some kinds come back as what can be frozen.
      }
      assert.strictEqual(JSON.stringify(fresh().encode(codec.restore(before))), text)
    }
  )

  it.each(Object.entries(kinds).map(([name, kind]) => ({ name, kind })))(
    "a value in a state that is the same and frozen is not encoded again: $name",
    ({ kind }) => {
      const codec = StateCodec.make<{
        readonly value: unknown
        readonly list: ReadonlyArray<unknown>
        readonly n: number
      }>({
        value: kind.schema,
        list: Schema.Array(kind.schema),
        n: Schema.Int
      })
      const state = codec.freeze({ value: kind.make(1), list: [kind.make(2), kind.make(3)], n: 1 })
      const before = codec.encode(state)
      const after = codec.encode({ ...state, n: 2 }, { from: state, to: before })
      if (kind.isFrozen) {
        assert.strictEqual(after["value"], before["value"])
        assert.strictEqual(after["list"], before["list"])
        const { list } = codec.encode({ ...state, list: [kind.make(4), ...state.list.slice(1)] })
        assert.strictEqual((list as ReadonlyArray<unknown>)[1], (before["list"] as ReadonlyArray<unknown>)[1])
      } else assert.deepStrictEqual({ ...after, n: 1 }, before)
    }
  )
})

describe("freezing", () => {
  const fixity = (value: unknown) => new Freezer().freeze(value)

  it("freezing says how deep a value is frozen", () => {
    for (const value of [1, "", null, undefined, true, [], {}, [[1], { a: [{}] }], Object.create(null)]) {
      assert.strictEqual(fixity(value), PLAIN)
    }
    for (const value of [1n, Symbol.iterator, [DateTime.makeUnsafe(0)], { a: HashMap.make(["a", {}]) }]) {
      assert.strictEqual(fixity(value), FIXED)
    }
    class Loose {}
    for (const value of [new Map(), [new Set()], { a: { b: [new Date()] } }, new Loose(), () => 1, new Error("")]) {
      assert.strictEqual(fixity(value), LOOSE)
    }
    assert.strictEqual(fixity(Object.defineProperty({}, "hidden", { value: 1 })), FIXED)
    class Listing extends Array<number> {}
    assert.strictEqual(fixity(Listing.from([1])), FIXED)
  })

  it("freezing descends into values frozen only on top, reached twice, or containing themselves", () => {
    const shared = { list: [1] }
    const cycle: { self?: unknown; deep: Array<number> } = { deep: [] }
    cycle.self = [cycle]
    assert.strictEqual(fixity(Object.freeze({ one: shared, other: Object.freeze([shared]) })), PLAIN)
    assert.isTrue(Object.isFrozen(shared.list))
    assert.strictEqual(fixity(cycle), LOOSE)
    assert.isTrue(Object.isFrozen(cycle.deep))
  })

  it("freezing leaves the caches of effect's data writable", () => {
    const freezer = new Freezer()
    const [utc, zoned, decimal] = [
      DateTime.makeUnsafe(12_345),
      DateTime.makeZonedUnsafe(12_345, { timeZone: "Europe/Berlin" }),
      BigDecimal.make(1200n, 3)
    ]
    for (const value of [utc, zoned, decimal]) assert.strictEqual(freezer.freeze(value), FIXED)
    assert.strictEqual(DateTime.toPartsUtc(utc).second, 12)
    assert.strictEqual(DateTime.toParts(zoned).hour, 1)
    assert.strictEqual(
      DateTime.formatIsoZoned(DateTime.add(zoned, { hours: 1 })),
      "1970-01-01T02:00:12.345+01:00[Europe/Berlin]"
    )
    assert.strictEqual(BigDecimal.format(BigDecimal.normalize(decimal)), "1.2")
    const map = HashMap.make(["a", { n: 1 }])
    freezer.freeze(map)
    assert.strictEqual(HashMap.size(HashMap.set(map, "b", { n: 2 })), 2)
  })

  it("goes through what contains itself, however many other parts it has", () => {
    const numbers = Array.from({ length: 40 }, (_, n) => n)
    const list: Array<unknown> = [...numbers]
    list.push(list)
    const object: Record<string, unknown> = Object.fromEntries(numbers.map((n) => [`key ${n}`, n]))
    object.self = object
    const inner: { self?: unknown } = {}
    const option = Option.some(inner)
    inner.self = option
    const short: Array<unknown> = []
    short.push(short)
    const small: { self?: unknown } = {}
    small.self = small
    for (const cycle of [list, object, option, short, small]) assert.strictEqual(fixity(cycle), LOOSE)
    for (const many of [numbers, Object.fromEntries(numbers.map((n) => [`key ${n}`, n]))]) {
      const freezer = new Freezer()
      assert.deepStrictEqual([freezer.freeze(many), freezer.freeze(many)], [PLAIN, PLAIN])
      assert.isTrue(Object.isFrozen(many))
    }
  })

  it("remembers what is large or has objects in it, and nothing else", () => {
    const { set } = WeakMap.prototype
    const remembered = (value: unknown): ReadonlySet<unknown> => {
      const keys = new Set<unknown>()
      WeakMap.prototype.set = function (key, kept) {
        keys.add(key)
        return set.call(this, key, kept) as WeakMap<WeakKey, unknown>
      }
      try {
        new Freezer().freeze(value)
      } finally {
        WeakMap.prototype.set = set
      }
      return keys
    }
    const numbers = (count: number) => Array.from({ length: count }, (_, n) => (n % 2 === 0 ? n : null))
    const fields = (count: number) => Object.fromEntries(numbers(count).map((n, i) => [`key ${i}`, n]))
    for (const flat of [[], {}, numbers(32), fields(32)]) {
      assert.deepStrictEqual(remembered(flat), new Set())
      for (const outer of [[1, flat], { n: null, flat }]) assert.deepStrictEqual(remembered(outer), new Set([outer]))
    }
    for (const large of [numbers(33), fields(33)]) assert.deepStrictEqual(remembered(large), new Set([large]))
  })

  it("takes a list for as loose as what is in it now, whatever was in the one before", () => {
    const freezer = new Freezer()
    const freeze = (value: unknown) => freezer.freeze(value)
    const [loose, plain, fixed] = [new Date(), { a: 1 }, DateTime.makeUnsafe(0)]
    const become = (before: ReadonlyArray<unknown>, after: ReadonlyArray<unknown>) => {
      freezer.freeze(before)
      return freezer.freezeList(ListChange.make(before, after), freeze)
    }
    assert.strictEqual(become([loose, plain], [plain]), PLAIN)
    assert.strictEqual(become([plain], [plain, loose]), LOOSE)
    assert.strictEqual(become([loose, plain], [loose, plain, { b: 1 }]), LOOSE)
    assert.strictEqual(become([fixed, plain], [fixed, plain, { b: 1 }]), FIXED)
    assert.strictEqual(become([plain, 1], [plain, 1, { b: 1 }]), PLAIN)
    // One that was frozen is not looked at again, and of one that follows it only what is new.
    const before = [plain, { c: 1 }]
    freezer.freeze(before)
    const looked: Array<unknown> = []
    const look = (value: unknown) => (looked.push(value), freezer.freeze(value))
    const added = { d: 1 }
    const after = [...before, added]
    assert.strictEqual(freezer.freezeList(ListChange.make(before, after), look), PLAIN)
    assert.strictEqual(freezer.freezeList(ListChange.make(before, after), look), PLAIN)
    assert.deepStrictEqual(looked, [added])
    assert.isTrue(Object.isFrozen(after))
    const unknown = [{ e: 1 }, { f: 1 }]
    assert.strictEqual(freezer.freezeList(ListChange.make([unknown[0]], unknown), look), PLAIN)
    assert.lengthOf(looked, 3)
  })

  it("takes what is computed, or written in another way, for what it is", () => {
    const computed = {
      get now() {
        return 1
      }
    }
    assert.strictEqual(fixity(computed), LOOSE)
    assert.strictEqual(fixity({ set later(_: number) {} }), LOOSE)
    assert.strictEqual(fixity(Object.assign([1], { toJSON: () => 2 })), FIXED)
    assert.strictEqual(fixity(Object.create(Object.create(null))), LOOSE)
  })

  it("leaves a HashMap that is being built, and goes into one that is not", () => {
    const inside = { n: 1 }
    const map = HashMap.make(["a", inside])
    assert.strictEqual(fixity(HashMap.beginMutation(map)), LOOSE)
    assert.strictEqual(fixity(map), FIXED)
    assert.isTrue(Object.isFrozen(inside))
    assert.strictEqual(fixity(HashMap.make(["a", new Date()])), LOOSE)
  })

  it("makes what effect's data has computed read-only, for good", () => {
    const zoned = DateTime.makeZonedUnsafe(12_345, { timeZone: "Europe/Berlin" })
    assert.strictEqual(fixity(zoned), FIXED)
    assert.throws(() => Object.assign(zoned, { epochMilliseconds: 1 }), TypeError)
    assert.throws(() => Object.defineProperty(zoned, "epochMilliseconds", { value: 1 }), TypeError)
    assert.throws(() => Object.assign(zoned.zone, { id: "Europe/Paris" }), TypeError)
    assert.strictEqual(fixity(DateTime.zoneMakeNamedUnsafe("Europe/Paris")), FIXED)
  })

  it("leaves open what effect's data has yet to compute", () => {
    const time = Object.assign(Object.create(Object.getPrototypeOf(DateTime.makeUnsafe(0)) as object) as object, {
      epochMilliseconds: 0,
      parts: undefined
    })
    assert.strictEqual(fixity(time), FIXED)
    Object.assign(time, { parts: 1 })
    assert.throws(() => Object.assign(time, { epochMilliseconds: 1 }), TypeError)
  })

  it("knows the instances of schema classes by the fields they hold", () => {
    class Point extends Schema.Class<Point>("frozen/Point")({ x: Schema.Int, y: Schema.optionalKey(Schema.Int) }) {}
    class Failure extends Schema.TaggedError<Failure>()("Failure", { list: Schema.Array(Schema.Int) }) {}
    assert.strictEqual(fixity(new Point({ x: 1 })), FIXED)
    assert.strictEqual(fixity(new Failure({ list: [1] })), LOOSE)
    const hiding = Object.create(Object.defineProperty(Object.create(Point.prototype) as object, "x", { get: () => 1 }))
    assert.strictEqual(fixity(hiding), LOOSE)
    for (const fields of [undefined, null, 5]) {
      class Odd extends Point {}
      Object.defineProperty(Odd, "fields", { value: fields })
      assert.strictEqual(fixity(new Odd({ x: 1 })), LOOSE)
    }
    assert.strictEqual(fixity({ __proto__: { constructor: undefined } }), LOOSE)
    class Plain {
      x = 1
    }
    assert.strictEqual(fixity(new Plain()), LOOSE)
  })
})
