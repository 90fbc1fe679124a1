import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Formatter from "effect/Formatter"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"
import * as Secrets from "../../../src/server/security/Secrets.ts"

const first = "the first secret and a long one!"
const second = "the second secret, with a comma in it"
const third = "the third secret and a longer one"
const short = "the short one of 31 characters!"

/** What a layer makes, built anew. */
const build = <E>(layer: Layer.Layer<Secrets.Secrets, E>): Effect.Effect<Secrets.Secrets["Service"], E> =>
  Effect.provide(Secrets.Secrets, layer, { local: true })

type Variables = { readonly [name: string]: string }

/** What the environment makes, with what was logged meanwhile. */
const fromEnv = (env: Variables) =>
  Effect.gen(function* () {
    const logs: Array<string> = []
    const logger = Logger.make((options) => logs.push(`${options.logLevel}: ${String(options.message)}`))
    const exit = yield* build(Secrets.layerConfig).pipe(
      Effect.provide([ConfigProvider.layer(ConfigProvider.fromEnv({ env })), Logger.layer([logger])]),
      Effect.exit
    )
    return { exit, logs }
  })

const keysOf = Effect.fnUntraced(function* (env: Variables) {
  const { exit, logs } = yield* fromEnv(env)
  assert.deepStrictEqual(logs, [])
  return (yield* exit).keys
})

const refusal = Effect.fnUntraced(function* (env: Variables) {
  const { exit } = yield* fromEnv(env)
  const error = yield* Effect.flip(exit)
  assert.instanceOf(error, Secrets.SecretsError)
  return error
})

const bytes = (key: Secrets.Key) => [key.id, key.mac.export().toString("hex"), key.encryption.export().toString("hex")]
const idsOf = (secrets: Secrets.Secrets["Service"]) => secrets.keys.map((key) => key.id)

describe("the keys of a secret", () => {
  it.effect("the keys of a secret are the same in every process, for ever", () =>
    Effect.gen(function* () {
      const [key] = (yield* build(Secrets.layer([first]))).keys
      assert.deepStrictEqual(bytes(key), [
        "h0C14_rl",
        "bc6056f54778e1ad37c0c8ba1dde38b18e28a2c314d111ea6fcf4c588efa7485",
        "8662e3aedf0bb63e4e7224b47546c33c568ac7ed81c8c7c288d20f39c302c79a"
      ])
    })
  )

  it.effect("the keys of a secret are three others for another secret, and all different", () =>
    Effect.gen(function* () {
      const { keys } = yield* build(Secrets.layer([first, second, `${first} `]))
      assert.lengthOf(new Set(keys.flatMap(bytes)), 9)
      for (const key of keys) {
        assert.match(key.id, /^[\w-]{8}$/)
        assert.strictEqual(key.mac.symmetricKeySize, 32)
        assert.strictEqual(key.encryption.symmetricKeySize, 32)
        const id = Buffer.from(key.id, "base64url").toString("hex")
        assert.isFalse(bytes(key).some((text) => text.includes(id)))
      }
    })
  )

  it.effect("the keys of secrets are listed newest first, whether the secrets are redacted or plain", () =>
    Effect.gen(function* () {
      const both = yield* build(Secrets.layer([Redacted.make(second), first]))
      const [newest] = idsOf(yield* build(Secrets.layer([second])))
      const [older] = idsOf(yield* build(Secrets.layer([Redacted.make(first)])))
      assert.deepStrictEqual(idsOf(both), [newest, older])
    })
  )

  it.effect("the keys of layerRandom are random, different each time it is built, and not mentioned in the log", () =>
    Effect.gen(function* () {
      const logs: Array<unknown> = []
      const random = build(Secrets.layerRandom).pipe(
        Effect.provide(Logger.layer([Logger.make((options) => logs.push(options.message))]))
      )
      const all = [yield* random, yield* random].flatMap(({ keys }) => keys.flatMap(bytes))
      assert.lengthOf(new Set(all), 6)
      assert.deepStrictEqual(logs, [])
    })
  )
})

describe("the secrets of the environment", () => {
  it.effect("the secrets of the environment are FIBRA_SECRET and, after it, those of FIBRA_SECRET_PREVIOUS", () =>
    Effect.gen(function* () {
      const older = "the oldest secret no longer used"
      const keys = yield* keysOf({
        NODE_ENV: "production",
        FIBRA_SECRET: third,
        FIBRA_SECRET_PREVIOUS: `${first},${older}`
      })
      assert.deepStrictEqual(idsOf({ keys }), idsOf(yield* build(Secrets.layer([third, first, older]))))
    })
  )

  it.effect("the secrets of the environment may be without previous ones", () =>
    Effect.gen(function* () {
      const expected = idsOf(yield* build(Secrets.layer([first])))
      for (const previous of [{}, { FIBRA_SECRET_PREVIOUS: "" }, { FIBRA_SECRET_PREVIOUS: " , ,\n" }]) {
        assert.deepStrictEqual(idsOf({ keys: yield* keysOf({ FIBRA_SECRET: first, ...previous }) }), expected)
      }
    })
  )

  it.effect("the secrets of the environment are the same with white space around them, now and as previous ones", () =>
    Effect.gen(function* () {
      const [now] = yield* keysOf({ FIBRA_SECRET: `  ${first}\n` })
      const [, before] = yield* keysOf({ FIBRA_SECRET: third, FIBRA_SECRET_PREVIOUS: `,, ${first}\n ,` })
      const [expected] = idsOf(yield* build(Secrets.layer([first])))
      assert.deepStrictEqual([now.id, before?.id], [expected, expected])
    })
  )

  it.effect("the secrets of the environment are required in production", () =>
    Effect.gen(function* () {
      for (const unset of [{}, { FIBRA_SECRET: "" }, { FIBRA_SECRET: " \n" }]) {
        const error = yield* refusal({ NODE_ENV: "production", ...unset })
        assert.deepStrictEqual([error.reason, error.source], ["missing", "FIBRA_SECRET"])
        assert.strictEqual(
          error.message,
          "FIBRA_SECRET is not set. In production a server signs with it the state that clients keep."
        )
      }
    })
  )

  it.effect("the start ends without secrets, and what is printed says in one line which command makes one", () =>
    Effect.gen(function* () {
      const { stack = "" } = yield* refusal({ NODE_ENV: "production" })
      assert.match(
        stack,
        /^SecretsError: FIBRA_SECRET is not set.* Run `node -e .*randomBytes\(32\).*`, and set it, the same on every server/
      )
      assert.notInclude(stack, "\n")
    })
  )

  it.effect("the secrets of the environment are random when there is none outside production, with one warning", () =>
    Effect.gen(function* () {
      const ids = new Set<string>()
      for (const env of [{}, { NODE_ENV: "development" }, { NODE_ENV: "test", FIBRA_SECRET: " " }]) {
        const { exit, logs } = yield* fromEnv(env)
        const { keys } = yield* exit
        assert.lengthOf(keys, 1)
        ids.add(keys[0].id)
        assert.lengthOf(logs, 1)
        assert.match(logs[0] ?? "", /^Warn: FIBRA_SECRET is not set.* after a restart .*randomBytes\(32\)/)
      }
      assert.lengthOf(ids, 3)
    })
  )

  it.effect("the secrets of the environment may not be previous ones alone, in production or out of it", () =>
    Effect.gen(function* () {
      for (const env of [{}, { NODE_ENV: "production" }, { FIBRA_SECRET: " " }]) {
        const error = yield* refusal({ ...env, FIBRA_SECRET_PREVIOUS: first })
        assert.deepStrictEqual([error.reason, error.source], ["previousAlone", "FIBRA_SECRET_PREVIOUS"])
        assert.include(error.hint, "Set FIBRA_SECRET as well")
      }
    })
  )

  it.effect("the secrets of the environment have at least 32 characters each, wherever they come from", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual([first.length, short.length], [32, 31])
      yield* keysOf({ FIBRA_SECRET: first })
      const inEnv = yield* refusal({ FIBRA_SECRET: `${short}\n` })
      const inPrevious = yield* refusal({ FIBRA_SECRET: first, FIBRA_SECRET_PREVIOUS: `${third},${short}` })
      const inCode = yield* Effect.flip(build(Secrets.layer([short])))
      const olderInCode = yield* Effect.flip(build(Secrets.layer([first, Redacted.make(short)])))
      const all = [inEnv, inPrevious, inCode, olderInCode]
      assert.deepStrictEqual(
        all.map(({ reason, source }) => [reason, source]),
        [
          ["tooShort", "FIBRA_SECRET"],
          ["tooShort", "FIBRA_SECRET_PREVIOUS"],
          ["tooShort", "Secrets.layer"],
          ["tooShort", "Secrets.layer"]
        ]
      )
      for (const { message } of all) assert.include(message, "less than 32 characters")
    })
  )

  it.effect("the secrets of the environment have no comma, with which they could never be previous ones", () =>
    Effect.gen(function* () {
      const error = yield* refusal({ FIBRA_SECRET: second })
      assert.deepStrictEqual([error.reason, error.source], ["comma", "FIBRA_SECRET"])
    })
  )
})

describe("a secret", () => {
  /** Everything somebody might print by accident. */
  const printed = (value: unknown): string =>
    [
      inspect(value, { showHidden: true, depth: Infinity }),
      inspect(value, { showHidden: true, depth: Infinity, customInspect: false, getters: true }),
      JSON.stringify(value),
      Formatter.format(value),
      Formatter.formatJson(value),
      String(value),
      value instanceof Error ? `${value.message} ${value.stack}` : ""
    ].join("\n")

  it.effect("a secret cannot be read in the service, nor can the keys", () =>
    Effect.gen(function* () {
      const secrets = yield* build(Secrets.layer([first, Redacted.make(second)]))
      const logs: Array<string> = []
      const loggers = [Logger.formatJson, Logger.formatLogFmt, Logger.formatSimple].map((format) =>
        Logger.map(format, (text) => logs.push(text))
      )
      yield* Effect.log("secrets", secrets, ...secrets.keys).pipe(
        Effect.annotateLogs({ secrets, keys: secrets.keys }),
        Effect.provide(Logger.layer(loggers))
      )
      assert.lengthOf(logs, 3)
      const context = yield* Effect.provide(Effect.context<Secrets.Secrets>(), Layer.succeed(Secrets.Secrets, secrets))
      const text = [secrets, secrets.keys, ...secrets.keys, context].map(printed).concat(logs).join("\n")
      for (const { id } of secrets.keys) assert.include(text, id)
      for (const secret of [first, second]) assert.notInclude(text, secret)
      for (const key of secrets.keys.flatMap(({ encryption, mac }) => [mac.export(), encryption.export()])) {
        for (const encoding of ["hex", "base64", "base64url", "latin1"] as const) {
          assert.notInclude(text, key.toString(encoding))
        }
        for (const separator of [",", ", "]) assert.notInclude(text, key.subarray(0, 4).join(separator))
      }
    })
  )

  it.effect("a secret is in no error and no warning", () =>
    Effect.gen(function* () {
      const environments: ReadonlyArray<Variables> = [
        { FIBRA_SECRET: short },
        { FIBRA_SECRET: second },
        { FIBRA_SECRET: first, FIBRA_SECRET_PREVIOUS: `${third},${short}` },
        { FIBRA_SECRET_PREVIOUS: first }
      ]
      for (const env of environments) {
        const { exit, logs } = yield* fromEnv(env)
        assert.isTrue(Exit.isFailure(exit))
        const text = logs.join("\n") + printed(exit) + printed(yield* Effect.flip(exit))
        for (const value of Object.values(env)) {
          for (const secret of value.split(",")) assert.notInclude(text, secret)
        }
      }
      const error = yield* Effect.flip(build(Secrets.layer([short])))
      assert.notInclude(printed(error), short)
    })
  )
})
