/** Values that cannot be read without harm, as user code may throw them, answer with them, or be sent them. */

const refuse = (): never => {
  throw new Error("this cannot be read")
}

/** A proxy each of whose traps throws. */
const trapped = (target: object = {}): object => {
  const traps: Array<keyof ProxyHandler<object>> = [
    "get",
    "has",
    "ownKeys",
    "getOwnPropertyDescriptor",
    "getPrototypeOf",
    "isExtensible",
    "set",
    "defineProperty",
    "deleteProperty",
    "preventExtensions",
    "setPrototypeOf"
  ]
  return new Proxy(target, Object.fromEntries(traps.map((trap) => [trap, refuse])))
}

/** A draft that was kept after it was over. */
const revoked = (target: object = {}): object => {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

const withGetter = <A extends object>(target: A, key: string): A =>
  Object.defineProperty(target, key, { get: refuse, enumerable: true, configurable: true })

class Unreadable extends Error {
  override get message(): string {
    return refuse()
  }
  override get name(): string {
    return refuse()
  }
  override get stack(): string {
    return refuse()
  }
  override get cause(): unknown {
    return refuse()
  }
}

const chain = (length: number): Error => {
  let error = new Error("the root")
  for (let link = 0; link < length; link++) error = new Error(`link ${link}`, { cause: error })
  return error
}

const circle = (): Error => {
  const [one, other] = [new Error("one"), new Error("other")]
  one.cause = other
  other.cause = one
  return one
}

const nested = (depth: number): object => {
  let value: object = {}
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? { value } : [value]
  return value
}

const cyclic = (): object => {
  const value: { self?: unknown; list: Array<unknown> } = { list: [] }
  value.self = value
  value.list.push(value)
  return value
}

const wide = (keys: number): object => Object.fromEntries(Array.from({ length: keys }, (_, key) => [`key ${key}`, key]))

const notText = (key: string): Error => Object.defineProperty(new Error("x"), key, { value: Symbol("not a text") })

/** One of each kind. */
const poisons: Readonly<Record<string, () => unknown>> = {
  "an error whose message cannot be read": () => withGetter(new Error("x"), "message"),
  "an error whose stack cannot be read": () => withGetter(new Error("x"), "stack"),
  "an error whose name cannot be read": () => withGetter(new Error("x"), "name"),
  "an error whose cause cannot be read": () => withGetter(new Error("x"), "cause"),
  "an error with a field that cannot be read": () => withGetter(new Error(""), "detail"),
  "an error of a class that cannot be read": () => new Unreadable(),
  "an error whose message is no text": () => notText("message"),
  "an error whose stack is no text": () => notText("stack"),
  "an error whose cause is a revoked proxy": () => new Error("x", { cause: revoked() }),
  "an error that came from 8 000 others": () => chain(8000),
  "an error that came from itself": circle,
  "an error with a message of 100 MB": () => new Error("a".repeat(100 * 1024 * 1024)),
  "a value whose toJSON throws": () => ({ toJSON: refuse }),
  "a value whose toString throws": () => ({ toString: refuse, valueOf: refuse, [Symbol.toPrimitive]: refuse }),
  "a value with a getter that throws": () => withGetter({ a: 1 }, "b"),
  "a value with a getter that throws three levels down": () => ({ a: [{ b: withGetter({}, "c") }] }),
  "a value whose tag cannot be read": () => withGetter({}, "_tag"),
  "a revoked proxy": () => revoked(),
  "a revoked proxy of a function": () => revoked(() => {}),
  "a revoked proxy of a list": () => revoked([]),
  "a revoked proxy three levels down": () => ({ a: [{ b: revoked() }] }),
  "a proxy whose traps throw": () => trapped(),
  "a proxy of an error whose traps throw": () => trapped(new Error("x")),
  "a proxy whose traps throw three levels down": () => [{ a: { b: trapped([]) } }],
  "a cyclic value": cyclic,
  "a value of 20 000 levels": () => nested(20_000),
  "a value of 100 000 keys": () => wide(100_000),
  "a text of 100 MB": () => "a".repeat(100 * 1024 * 1024),
  "a list of a million": () => Array.from({ length: 1_000_000 }, (_, index) => index),
  "a bigint of a million digits": () => 10n ** 1_000_000n,
  "a symbol": () => Symbol("x"),
  "nothing at all": () => undefined,
  null: () => null,
  "an object without a prototype": () => Object.create(null)
}

export const names = Object.keys(poisons)

/** Those of them that no client can be sent, or that are sent with ease: not JSON of many megabytes, nor what JSON leaves out. */
export const unsendable = names.filter((name) => !/100 MB|million|100 000|nothing/.test(name))

const made = new Map<string, unknown>()

/** The value of this name; the same each time, because some take long to make. */
export const poison = (name: string): unknown => {
  if (!made.has(name)) made.set(name, poisons[name]?.())
  return made.get(name)
}

/** A source of whole numbers below a bound that a seed determines (mulberry32). */
const randomFrom = (seed: number): ((below: number) => number) => {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const small = names.filter((name) => !/100 MB|million|000/.test(name))

/** A value of some levels, each of which may be any of the above, or hold it. */
export const anyPoison = (seed: number): unknown => {
  const random = randomFrom(seed)
  const make = (depth: number): unknown => {
    const inner = () => (depth === 0 || random(3) === 0 ? poison(small[random(small.length)] ?? "") : make(depth - 1))
    switch (random(8)) {
      case 0:
        return new Error("outer", { cause: inner() })
      case 1:
        return Object.assign(new Error(""), { detail: inner(), other: inner() })
      case 2:
        return { a: inner(), b: [inner()], toJSON: random(2) === 0 ? refuse : undefined }
      case 3:
        return [inner(), inner(), inner()]
      case 4:
        return new Map([[inner(), inner()]])
      case 5:
        return new AggregateError([inner()], "several", { cause: inner() })
      case 6:
        return trapped(Object(inner()))
      default:
        return inner()
    }
  }
  return make(4)
}
