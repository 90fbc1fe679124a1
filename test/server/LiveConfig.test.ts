import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Duration, Effect, Exit, Layer } from "effect"
import { LiveConfig } from "fibra/server"

const built = (config: Partial<LiveConfig.Settings>) =>
  Effect.map(Layer.build(LiveConfig.layer(config)), (context) => Context.get(context, LiveConfig.LiveConfig))

/** What it dies of; empty when it does not. */
const complaint = (config: object) =>
  Effect.map(Effect.exit(built(config)), (exit) => {
    if (Exit.isSuccess(exit)) return ""
    assert.isTrue(Cause.hasDies(exit.cause))
    return String(Cause.squash(exit.cause))
  })

const {
  path: _path,
  allowedOrigins: _origins,
  audience: _audience,
  encryptTokens: _encrypt,
  ...rest
} = LiveConfig.defaults
const numbers = Object.entries(rest)
const nameOf = ([name]: readonly [string, unknown]) => name
const times = numbers.filter(([, value]) => Duration.isDuration(value)).map(nameOf)
const amounts = numbers.filter(([, value]) => typeof value === "number").map(nameOf)

/** Those of which there may be none. */
const orNone = [
  "trustedProxies",
  "rateTolerance",
  "maxKeyed",
  "maxRooms",
  "roomLog",
  "roomLogBytes",
  "patchLog",
  "patchLogBytes",
  "conflateAfter",
  "retainedBytes",
  "maxParked",
  "maxParkedPerPrincipal",
  "maxParkedBytes",
  "maxResultBytes",
  "maxTokenLength"
]
const orNoTime = ["linger", "tokenInterval", "persistInterval", "drainTimeout", "reconnectWithin"]
/** Those that have to have an end. */
const ending = ["trustedProxies", "tokenAge", "drainTimeout", "reconnectWithin"]

describe("LiveConfig.layer", () => {
  it.effect("has the defaults for what is left out", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* built({}), LiveConfig.defaults)
      assert.deepStrictEqual(yield* built({ rate: 7 }), { ...LiveConfig.defaults, rate: 7 })
    })
  )

  it.effect("says which setting it cannot work with, what was expected and what came, of all of them", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* complaint({ rate: NaN, maxRooms: 1.5, linger: Duration.seconds(-1), heartbeat: 1000 }),
        "Error: LiveConfig.layer was given what no server can work with. " +
          "rate: Expected a number above 0, or Infinity, got NaN. " +
          "heartbeat: Expected a Duration above 0, or Duration.infinity, got 1000. " +
          "maxRooms: Expected a whole number of at least 0, or Infinity, got 1.5. " +
          "linger: Expected a Duration of at least 0, or Duration.infinity, got -1000 millis. " +
          "See docs/configuration.md."
      )
    })
  )

  for (const name of amounts) {
    it.effect(`takes no ${name} that is no number, or below 0`, () =>
      Effect.gen(function* () {
        for (const value of [NaN, -1, -Infinity, "5", null, undefined, Duration.seconds(1)]) {
          assert.include(yield* complaint({ [name]: value }), `${name}: Expected `, String(value))
        }
        assert.strictEqual(yield* complaint({ [name]: 1 }), "")
      })
    )

    it.effect(`takes ${orNone.includes(name) ? "a" : "no"} ${name} of 0`, () =>
      Effect.map(complaint({ [name]: 0 }), (said) => assert.strictEqual(said === "", orNone.includes(name), said))
    )

    it.effect(`takes ${ending.includes(name) ? "no" : "a"} ${name} without a limit`, () =>
      Effect.map(complaint({ [name]: Infinity }), (said) =>
        assert.strictEqual(said === "", !ending.includes(name), said)
      )
    )

    it.effect(`takes ${name === "rate" ? "a" : "no"} ${name} that is not whole`, () =>
      Effect.map(complaint({ [name]: 2.5 }), (said) => assert.strictEqual(said === "", name === "rate", said))
    )
  }

  for (const name of times) {
    it.effect(`takes no ${name} that is no Duration, or below 0`, () =>
      Effect.gen(function* () {
        for (const value of [1000, NaN, "1 second", undefined, Duration.millis(-1), Duration.negativeInfinity]) {
          assert.include(yield* complaint({ [name]: value }), `${name}: Expected `, String(value))
        }
        assert.strictEqual(yield* complaint({ [name]: Duration.millis(1) }), "")
      })
    )

    it.effect(`takes ${orNoTime.includes(name) ? "a" : "no"} ${name} of 0`, () =>
      Effect.map(complaint({ [name]: Duration.zero }), (said) =>
        assert.strictEqual(said === "", orNoTime.includes(name), said)
      )
    )

    it.effect(`takes ${ending.includes(name) ? "no" : "a"} ${name} without an end`, () =>
      Effect.map(complaint({ [name]: Duration.infinity }), (said) =>
        assert.strictEqual(said === "", !ending.includes(name), said)
      )
    )
  }

  it.effect("takes no maxPayload that WebSockets would not keep to", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* complaint({ maxPayload: 2 ** 31 - 1 }), "")
      assert.include(yield* complaint({ maxPayload: 2 ** 32 + 1 }), "maxPayload: Expected ")
    })
  )

  it.effect("takes no words that are others", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* complaint({ path: "/live", allowedOrigins: ["https://example.org"] }), "")
      assert.include(yield* complaint({ path: "live" }), `path: Expected a path that begins with a slash, got "live"`)
      assert.include(yield* complaint({ allowedOrigins: "some" }), "allowedOrigins: Expected ")
      assert.include(yield* complaint({ allowedOrigins: [3] }), "allowedOrigins.0: Expected string, got 3")
      assert.include(yield* complaint({ encryptTokens: "no" }), `encryptTokens: Expected boolean, got "no"`)
      assert.include(yield* complaint({ audience: undefined }), "audience: Expected string, got undefined")
    })
  )
})
