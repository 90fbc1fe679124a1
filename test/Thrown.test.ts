/** What is said of what others threw: always something, never much, and in no danger. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Logger, Schema } from "effect"
import { MailboxFull } from "../src/actor/ActorError.ts"
import * as Log from "../src/Log.ts"
import * as Thrown from "../src/Thrown.ts"
import { anyPoison, names, poison } from "./support/Poison.ts"

/** Everything that is ever read of an error, in one text; fails when something of it cannot be read. */
const read = (error: Error, depth = 0): string => {
  for (const key of Reflect.ownKeys(error)) {
    const { get } = Object.getOwnPropertyDescriptor(error, key) ?? {}
    assert.isTrue(get === undefined || key === "stack", `${String(key)} is a value`)
  }
  assert.isBelow(depth, 16)
  const cause = error.cause === undefined ? "" : read(error.cause as Error, depth + 1)
  return [error.name, error.message, error.stack, String(error), JSON.stringify(error), cause].join("\n")
}

/** Each of effect's loggers, into a text. */
const loggers = (texts: Array<string>) =>
  Logger.layer(
    [Logger.formatSimple, Logger.formatLogFmt, Logger.formatJson].map((format) =>
      Logger.map(format, (text) => void texts.push(text))
    )
  )

const check = (thrown: unknown): Effect.Effect<void> =>
  Effect.gen(function* () {
    const texts: Array<string> = []
    assert.isAtMost(Thrown.describe(thrown).length, 4097)
    assert.isAtMost(Thrown.messageOf(thrown).length, 4097)
    assert.isAtMost(read(Thrown.toError(thrown)).length, 500_000)
    assert.isAtMost(Thrown.describe(Thrown.rootOf(thrown)).length, 4097)
    assert.isFalse(Thrown.isA(thrown, Date))
    for (const cause of [thrown, Cause.die(thrown), Cause.fail(thrown), Cause.combine(Cause.die(1), Cause.die(2))]) {
      yield* Effect.provide(Log.error("it failed", { cause, thing: thrown }), loggers(texts))
    }
    assert.strictEqual(texts.length, 12)
    for (const text of texts) {
      assert.include(text, "it failed")
      assert.isAtMost(text.length, 200_000)
    }
  })

describe("what was thrown", () => {
  for (const name of names) it.effect(`a thrown value is described when it is ${name}`, () => check(poison(name)))

  it.effect("a thrown value is described whatever is inside of it", () =>
    Effect.forEach(
      Array.from({ length: 500 }, (_, seed) => seed),
      (seed) =>
        Effect.catchCause(check(anyPoison(seed)), (cause) =>
          Effect.die(new Error(`seed ${seed}`, { cause: Cause.squash(cause) }))
        )
    )
  )

  it("bytes and texts in objects are not described byte by byte", () => {
    const large = 50_000_000
    const bytes = new Uint8Array(large)
    assert.strictEqual(Thrown.describe(bytes), "50000000 bytes")
    assert.strictEqual(Thrown.describe(new Float64Array(2)), "16 bytes")
    assert.include(Thrown.toError(Object.assign(new Error(""), { bytes })).message, "50000000 bytes")
    const text = Thrown.describe({ text: new String("a".repeat(large)) })
    assert.match(text, /^\{ text: "a{256}…" \}$/)
  })

  it("a thrown value is read only up to a limit, also where much of it cannot be read", () => {
    let tries = 0
    const refusing: object = new Proxy(
      {},
      {
        getPrototypeOf: () => {
          tries++
          throw new Error("this cannot be read")
        }
      }
    )
    const list = Array.from({ length: 16 }, () => Array.from({ length: 16 }, () => Array(16).fill(refusing)))
    assert.isAtMost(Thrown.describe(list).length, 4097)
    assert.isBelow(tries, 30)
  })

  it("a thrown value is read only up to a limit", () => {
    let reads = 0
    const counted = (target: object): object =>
      new Proxy(target, {
        get: (target, key) => {
          reads++
          const value: unknown = Reflect.get(target, key)
          return typeof value === "object" && value !== null ? counted(value) : value
        },
        getOwnPropertyDescriptor: (target, key) => {
          reads++
          return Reflect.getOwnPropertyDescriptor(target, key)
        }
      })
    const tree = (depth: number): object =>
      depth === 0 ? {} : Array.from({ length: 50 }, () => ({ left: tree(depth - 1), right: [1, 2, 3] }))
    const cost = (value: object) => {
      reads = 0
      Thrown.describe(counted(value))
      Thrown.toError(counted(value))
      return reads
    }
    assert.isBelow(cost(poison("an error that came from 8 000 others") as object), 1000)
    assert.isBelow(cost(poison("a value of 20 000 levels") as object), 1000)
    assert.isBelow(cost(poison("a list of a million") as object), 1000)
    assert.isBelow(cost(tree(3)), 10_000)
  })

  it("describing a thrown value runs no getter, toString or toJSON unless it is an error", () => {
    const ran: Array<string> = []
    const value = {
      fine: 1,
      get computed() {
        ran.push("getter")
        return 2
      },
      toJSON() {
        ran.push("toJSON")
        return {}
      },
      toString() {
        ran.push("toString")
        return ""
      }
    }
    const said = "{ fine: 1, computed: undefined, toJSON: a function, toString: a function }"
    assert.strictEqual(Thrown.describe(value), said)
    assert.strictEqual(Thrown.describe([value]), `[${said}]`)
    assert.deepStrictEqual(ran, [])
  })

  it("the copy of an error has its name, message, stack and causes", () => {
    class Refused extends Schema.TaggedError<Refused>()("Refused", { by: Schema.String }) {}
    const error = new TypeError("no number", { cause: new RangeError("too small", { cause: "a text" }) })
    const copy = Thrown.toError(error)
    assert.strictEqual(String(copy), "TypeError: no number")
    assert.match(copy.stack ?? "", /^TypeError: no number\n {4}at .*Thrown\.test\.ts/)
    assert.strictEqual(String(copy.cause), "RangeError: too small")
    assert.strictEqual(String((copy.cause as Error).cause), "Error: a text")
    assert.strictEqual(Thrown.describe(error), "TypeError: no number")
    assert.strictEqual(Thrown.messageOf(error), "no number")
    assert.strictEqual(Thrown.rootOf(error), "a text")
    assert.strictEqual(String(Thrown.toError(new Refused({ by: "me" }))), `Refused: { by: "me" }`)
    assert.strictEqual(Thrown.describe({ code: 5, list: [1, "a", null] }), `{ code: 5, list: [1, "a", null] }`)
  })

  it("the description of a schema error has the path in the value", () => {
    const exit = Schema.decodeUnknownExit(Schema.Struct({ a: Schema.Array(Schema.Int) }))({ a: [1, "2"] })
    const thrown = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
    assert.include(Thrown.describe(thrown), `at ["a"][1]`)
    assert.include(Thrown.toError(thrown).message, `at ["a"][1]`)
  })
})

describe("the log", () => {
  it.effect("a logger that throws harms nobody", () =>
    Effect.gen(function* () {
      const logger = Logger.make(() => {
        throw new Error("the disk is full")
      })
      const said = Effect.andThen(Log.error("x", { cause: 1 }), Log.ignore(Effect.die("poison"), "y"))
      assert.strictEqual(yield* Effect.as(said, "and on").pipe(Effect.provide(Logger.layer([logger]))), "and on")
    })
  )

  it.effect("an entry has the hint of its error, or of the first error in its cause", () =>
    Effect.gen(function* () {
      const cause = new MailboxFull({ actor: "a", capacity: 1 })
      for (const thrown of [cause, Cause.fail(cause), Cause.die(cause)]) {
        const texts: Array<string> = []
        yield* Effect.provide(Log.error("x", { cause: thrown }), loggers(texts))
        assert.propertyVal(JSON.parse(texts[2] ?? "").annotations, "hint", cause.hint)
      }
      const texts: Array<string> = []
      yield* Effect.provide(Log.error("x", { cause: new Error("y") }), loggers(texts))
      assert.notProperty(JSON.parse(texts[2] ?? "").annotations, "hint")
    })
  )

  it.effect("an entry has its labels, without those that are undefined", () =>
    Effect.gen(function* () {
      const texts: Array<string> = []
      yield* Effect.provide(Log.warning("x", { actor: "a", key: undefined, size: 3 }), loggers(texts))
      assert.deepInclude(JSON.parse(texts[2] ?? ""), {
        message: "x",
        level: "WARN",
        annotations: { actor: "a", size: 3 }
      })
    })
  )
})
