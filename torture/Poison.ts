/** Values that do harm to whoever looks at them, as user code throws, sends and keeps them by accident. */

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const throwing = (property: "message" | "stack" | "name" | "toString" | "cause"): Error =>
  Object.defineProperty(new Error("poison"), property, {
    get: () => {
      throw new Error(`the getter of ${property} throws`)
    }
  })

const chain = (length: number): Error => {
  let error = new Error("the first")
  for (let depth = 0; depth < length; depth++) error = new Error(`number ${depth}`, { cause: error })
  return error
}

const trap = (): object =>
  new Proxy(
    {},
    {
      get: () => {
        throw new Error("a trap")
      },
      ownKeys: () => {
        throw new Error("a trap")
      },
      getPrototypeOf: () => {
        throw new Error("a trap")
      }
    }
  )

const cyclic = (): object => {
  const value: { self?: unknown } = {}
  value.self = value
  return value
}

/** Each kind of them, made anew. */
export const poisons: { readonly [kind: string]: () => unknown } = {
  error: () => new Error("an ordinary error"),
  string: () => "a text",
  undefined: () => undefined,
  revoked,
  trap,
  cyclic,
  chain: () => chain(8000),
  throwingMessage: () => throwing("message"),
  throwingStack: () => throwing("stack"),
  throwingName: () => throwing("name"),
  throwingCause: () => throwing("cause"),
  throwingToString: () => throwing("toString"),
  throwingToJson: () => ({
    toJSON: () => {
      throw new Error("toJSON throws")
    }
  }),
  huge: () => ({ text: "x".repeat(1_000_000) }),
  wide: () => Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`key ${index}`, index])),
  revokedCause: () => new Error("its cause is revoked", { cause: revoked() })
}

/** The kinds of poison there are. */
export const poisonKinds: ReadonlyArray<string> = Object.keys(poisons)
