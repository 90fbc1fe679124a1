/** Every kind of value that a state may have: what its schema is, some of its values, and how somebody could change one in place. */
import { Chunk, DateTime, Duration, HashMap, HashSet, Option, Result, Schema, SchemaTransformation } from "effect"
import * as BigDecimal from "effect/BigDecimal"
import type { PureSchema } from "../../src/StateCodec.ts"

/** One kind of value. */
export interface Kind {
  readonly schema: PureSchema
  /** A value that nobody else has; others for other numbers. */
  readonly make: (n: number) => unknown
  /** Changes it in place, by the means a handler has. */
  readonly change: (value: never) => unknown
  /** Whether that is to be impossible. */
  readonly isFrozen: boolean
}

const kind = <S extends PureSchema>(
  schema: S,
  make: (n: number) => S["Type"],
  change: (value: any) => unknown,
  isFrozen: boolean
): Kind => ({ schema, make, change, isFrozen })

const Named = Schema.Struct({ name: Schema.String, tags: Schema.Array(Schema.String) })

class Point extends Schema.Class<Point>("test/Point")({ x: Schema.Int, names: Schema.Array(Schema.String) }) {
  get double() {
    return this.x * 2
  }
}

class Counting extends Schema.Class<Counting>("test/Counting")({ n: Schema.Int }) {
  #calls = 0
  count() {
    this.#calls++
    ;(this as { n: number }).n = this.#calls
  }
}

/** A class with nothing to freeze. */
class Money {
  #cents: number
  constructor(cents: number) {
    this.#cents = cents
  }
  get cents() {
    return this.#cents
  }
  add(cents: number) {
    this.#cents += cents
  }
}

const MoneyInCents = Schema.Int.pipe(
  Schema.decodeTo(
    Schema.instanceOf(Money),
    SchemaTransformation.transform({
      decode: (cents: number) => new Money(cents),
      encode: (money: Money) => money.cents
    })
  )
)

/** A class that looks like a struct, and computes what it seems to have. */
class Looking {
  text: string
  constructor(text: string) {
    this.text = text
  }
  get name() {
    return this.text
  }
  get tags(): ReadonlyArray<string> {
    return []
  }
}

const computed = (n: number) => {
  let name = `${n}`
  return {
    get name() {
      return name
    },
    tags: [],
    rename: (to: string) => void (name = to)
  }
}

/** The kinds by what they are. */
export const kinds: { readonly [name: string]: Kind } = {
  struct: kind(
    Named,
    (n) => ({ name: `${n}`, tags: [] }),
    (value) => (value.name = "changed"),
    true
  ),
  "list in a struct": kind(
    Named,
    (n) => ({ name: `${n}`, tags: ["a"] }),
    (value) => value.tags.push("changed"),
    true
  ),
  "list of lists": kind(
    Schema.Array(Schema.Array(Schema.Int)),
    (n) => [[n], [2]],
    (value) => value[1].push(3),
    true
  ),
  "long list": kind(
    Schema.Array(Schema.Int),
    (n) => Array.from({ length: 100 }, (_, i) => i + n),
    (value) => (value[99] = -1),
    true
  ),
  tuple: kind(
    Schema.Tuple([Schema.Int, Named]),
    (n) => [n, { name: "", tags: [] }] as const,
    (value) => value[1].tags.push(""),
    true
  ),
  record: kind(
    Schema.Record(Schema.String, Schema.Array(Schema.Int)),
    (n) => ({ a: [n], b: [] }),
    (value) => value.b.push(3),
    true
  ),
  "record with another key": kind(
    Schema.Record(Schema.String, Schema.Int),
    (n) => ({ a: n }),
    (value) => (value.z = 1),
    true
  ),
  json: kind(
    Schema.Json,
    (n) => ({ a: [{ b: n }] }),
    (value) => (value.a[0].b = -1),
    true
  ),
  "frozen on top only": kind(
    Schema.Struct({ inner: Named }),
    (n) => Object.freeze({ inner: { name: `${n}`, tags: [] } }),
    (value) => (value.inner.name = "changed"),
    true
  ),
  "optional key": kind(
    Schema.Struct({ a: Schema.optionalKey(Schema.Int) }),
    () => ({}),
    (value) => (value.a = 1),
    true
  ),
  option: kind(
    Schema.Option(Named),
    (n) => Option.some({ name: `${n}`, tags: [] }),
    (value) => (value.value = { name: "changed", tags: [] }),
    true
  ),
  "inside an option": kind(
    Schema.Option(Named),
    (n) => Option.some({ name: `${n}`, tags: ["a"] }),
    (value) => value.value.tags.push("changed"),
    true
  ),
  "no option": kind(
    Schema.Option(Schema.Int),
    () => Option.none(),
    (value) => (value.value = 1),
    true
  ),
  result: kind(
    Schema.Result(Named, Schema.String),
    (n) => Result.succeed({ name: `${n}`, tags: [] }),
    (value) => (value.success.name = "changed"),
    true
  ),
  "instance of a schema class": kind(
    Point,
    (x) => new Point({ x, names: [] }),
    (value) => (value.x = -1),
    true
  ),
  "list in an instance": kind(
    Point,
    (x) => new Point({ x, names: [] }),
    (value) => value.names.push("x"),
    true
  ),
  "instance that changes itself": kind(
    Counting,
    (n) => new Counting({ n: n + 10 }),
    (value) => value.count(),
    true
  ),
  "time in UTC": kind(
    Schema.DateTimeUtc,
    (n) => DateTime.makeUnsafe(n),
    (value) => (value.epochMilliseconds = 1_000_000),
    true
  ),
  "time in a zone": kind(
    Schema.DateTimeZoned,
    (n) => DateTime.makeZonedUnsafe(n, { timeZone: "Europe/Berlin" }),
    (value) => (value.epochMilliseconds = 1_000_000),
    true
  ),
  duration: kind(
    Schema.Duration,
    (n) => Duration.millis(n),
    (value) => (value.value = { _tag: "Millis", millis: -1 }),
    true
  ),
  "inside a duration": kind(
    Schema.Duration,
    (n) => Duration.millis(n + 1),
    (value) => (value.value.millis = -1),
    true
  ),
  decimal: kind(
    Schema.BigDecimal,
    (n) => BigDecimal.make(BigInt(n), 2),
    (value) => (value.value = 99n),
    true
  ),
  "value in a HashMap": kind(
    Schema.HashMap(Schema.String, Named),
    (n) => HashMap.make(["a", { name: `${n}`, tags: [] }]),
    (value) =>
      Array.from(value as Iterable<[string, { name: string }]>).forEach(([, named]) => (named.name = "changed")),
    true
  ),
  "value in a HashSet": kind(
    Schema.HashSet(Schema.Array(Schema.Int)),
    (n) => HashSet.make([n]),
    (value) => (Array.from(value as Iterable<Array<number>>)[0] as Array<number>).push(2),
    true
  ),
  "HashMap that is being built": kind(
    Schema.HashMap(Schema.String, Schema.Int),
    (n) => HashMap.beginMutation(HashMap.make(["a", n])),
    (value) => HashMap.set(value as HashMap.HashMap<string, number>, "b", 2),
    false
  ),
  chunk: kind(
    Schema.Chunk(Named),
    (n) => Chunk.make({ name: `${n}`, tags: [] }),
    (value) => (Chunk.getUnsafe<{ name: string }>(value as never, 0).name = "changed"),
    false
  ),
  map: kind(
    Schema.ReadonlyMap(Schema.String, Schema.Int),
    (n) => new Map([["a", n]]),
    (value) => value.set("b", 1),
    false
  ),
  "map that loses a key": kind(
    Schema.ReadonlyMap(Schema.String, Schema.Int),
    (n) => new Map([["a", n]]),
    (value) => value.clear(),
    false
  ),
  "list in a map": kind(
    Schema.ReadonlyMap(Schema.String, Schema.Array(Schema.Int)),
    (n) => new Map([["a", [n]]]),
    (value) => value.get("a").push(1),
    false
  ),
  set: kind(
    Schema.ReadonlySet(Schema.Int),
    (n) => new Set([n]),
    (value) => value.add(-1),
    false
  ),
  date: kind(
    Schema.Date,
    (n) => new Date(n),
    (value) => value.setTime(1_000_000),
    false
  ),
  bytes: kind(
    Schema.Uint8Array,
    (n) => new Uint8Array([n % 256, 2]),
    (value) => (value[1] = 9),
    false
  ),
  url: kind(
    Schema.URL,
    (n) => new URL(`https://example.org/${n}`),
    (value) => (value.pathname = "/changed"),
    false
  ),
  "class with private fields": kind(
    MoneyInCents,
    (n) => new Money(n),
    (value) => value.add(1),
    false
  ),
  "class that looks like a struct": kind(
    Named,
    (n) => new Looking(`${n}`),
    (value) => (value.text = "changed"),
    false
  ),
  "object with a getter": kind(
    Named,
    (n) => computed(n),
    (value) => value.rename("changed"),
    false
  )
}

/** Ways for a value to be inside another. */
export const places: {
  readonly [name: string]: {
    readonly schema: (of: PureSchema) => PureSchema
    readonly put: (value: unknown) => unknown
    readonly take: (outer: never) => unknown
  }
} = {
  "a field": { schema: (of) => of, put: (value) => value, take: (outer) => outer },
  "a list": {
    schema: (of) => Schema.Array(of) as never,
    put: (value) => [value],
    take: (outer: ReadonlyArray<unknown>) => outer[0]
  },
  "a struct": {
    schema: (of) => Schema.Struct({ inner: of, n: Schema.Int }) as never,
    put: (inner) => ({ inner, n: 1 }),
    take: ({ inner }: { readonly inner: unknown }) => inner
  },
  "a struct that is frozen": {
    schema: (of) => Schema.Struct({ inner: of, n: Schema.Int }) as never,
    put: (inner) => Object.freeze({ inner, n: 1 }),
    take: ({ inner }: { readonly inner: unknown }) => inner
  },
  "a list in a record": {
    schema: (of) => Schema.Record(Schema.String, Schema.Array(of)) as never,
    put: (value) => ({ key: [value, value] }),
    take: ({ key }: { readonly key: ReadonlyArray<unknown> }) => key[1]
  },
  "an option": {
    schema: (of) => Schema.Option(of) as never,
    put: (value) => Option.some(value),
    take: ({ value }: Option.Some<unknown>) => value
  },
  "a map": {
    schema: (of) => Schema.ReadonlyMap(Schema.String, of) as never,
    put: (value) => new Map([["key", value]]),
    take: (map: ReadonlyMap<string, unknown>) => map.get("key")
  }
}
