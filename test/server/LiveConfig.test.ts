import { assert, describe, it } from "@effect/vitest"
import { Cause, Config, ConfigProvider, Context, Duration, Effect, Exit, Layer } from "effect"
import { LiveConfig } from "fibra/server"

const { defaults } = LiveConfig

const builtFrom = <E>(layer: Layer.Layer<never, E>) =>
  Effect.map(Layer.build(Layer.fresh(layer)), (context) => Context.get(context, LiveConfig.LiveConfig))

const built = (options: LiveConfig.Options) => builtFrom(LiveConfig.layer(options))

/** What `LiveConfig.layer` dies of; empty when it does not. */
const complaint = (options: object) =>
  Effect.map(Effect.exit(built(options)), (exit) => {
    if (Exit.isSuccess(exit)) return ""
    assert.isTrue(Cause.hasDies(exit.cause))
    return String(Cause.squash(exit.cause))
  })

/** With these variables in the environment, on top of these settings. */
const fromEnvironment = (env: Record<string, string>, options: LiveConfig.Options = {}) =>
  builtFrom(
    LiveConfig.layerConfig.pipe(
      Layer.provide(LiveConfig.layer(options)),
      Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env })))
    )
  )

const {
  path: _path,
  allowedOrigins: _origins,
  audience: _audience,
  encryptTokens: _encrypt,
  traceSampling: _share,
  alertErrorRate: _rate,
  ...rest
} = defaults
const numbers = Object.entries(rest)
const nameOf = ([name]: readonly [string, unknown]) => name
const times = numbers.filter(([, value]) => Duration.isDuration(value)).map(nameOf)
const amounts = numbers.filter(([, value]) => typeof value === "number").map(nameOf)

/** Those of which there may be none. */
const orNone = [
  "compressionThreshold",
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
  "maxTokenLength",
  "maxUploads",
  "maxUploadsPerConnection",
  "maxUploadsPerPrincipal",
  "maxUploadBytes",
  "maxUploadBytesPerConnection",
  "maxUploadBytesPerPrincipal",
  "minFreeDisk"
]
const orNoTime = [
  "alertCooldown",
  "linger",
  "maxIdleTime",
  "tokenInterval",
  "persistInterval",
  "drainTimeout",
  "reconnectWithin",
  "uploadLinger"
]
/** Those that have to have an end. */
const ending = ["trustedProxies", "tokenAge", "drainTimeout", "reconnectWithin", "uploadIdleTimeout", "uploadLinger"]

/** Both ways to give a setting; what each says of a wrong value, and nothing of a right one. */
const ways = [
  { way: "LiveConfig.layer", said: (name: string, value: unknown) => complaint({ [name]: value }) },
  {
    way: "LiveConfig.layerConfig",
    said: (name: string, value: unknown) =>
      fromEnvironment({ [LiveConfig.variableOf(name as keyof LiveConfig.Settings)]: text(value) }).pipe(
        Effect.match({ onFailure: (error) => error.message, onSuccess: () => "" })
      )
  }
] as const

const text = (value: unknown) => (Duration.isDuration(value) ? `${Duration.toMillis(value)} millis` : String(value))

for (const { said, way } of ways) {
  describe(way, () => {
    for (const name of amounts) {
      it.effect(`${way} refuses a ${name} that is no number, or below 0`, () =>
        Effect.gen(function* () {
          for (const value of [NaN, -1, -Infinity, "five", null, undefined, Duration.seconds(1)]) {
            assert.include(yield* said(name, value), ". Expected a", String(value))
          }
          assert.strictEqual(yield* said(name, 1), "")
        })
      )

      it.effect(`${way} ${orNone.includes(name) ? "accepts" : "refuses"} a ${name} of 0`, () =>
        Effect.map(said(name, 0), (said) => assert.strictEqual(said === "", orNone.includes(name), said))
      )

      it.effect(`${way} ${ending.includes(name) ? "refuses" : "accepts"} a ${name} without a limit`, () =>
        Effect.map(said(name, Infinity), (said) => assert.strictEqual(said === "", !ending.includes(name), said))
      )

      it.effect(`${way} ${name === "rate" ? "accepts" : "refuses"} a ${name} that is not whole`, () =>
        Effect.map(said(name, 2.5), (said) => assert.strictEqual(said === "", name === "rate", said))
      )
    }

    for (const name of times) {
      it.effect(`${way} refuses a ${name} that is no time, or below 0`, () =>
        Effect.gen(function* () {
          for (const value of [NaN, "soon", "5 parsecs", undefined, null, {}, Duration.millis(-1), -Infinity]) {
            assert.include(yield* said(name, value), ". Expected a time", String(value))
          }
          for (const value of [Duration.millis(1), "2 minutes", "1 day"]) {
            assert.strictEqual(yield* said(name, value), "", String(value))
          }
        })
      )

      it.effect(`${way} ${orNoTime.includes(name) ? "accepts" : "refuses"} a ${name} of 0`, () =>
        Effect.map(said(name, "0 seconds"), (said) => assert.strictEqual(said === "", orNoTime.includes(name), said))
      )

      it.effect(`${way} ${ending.includes(name) ? "refuses" : "accepts"} a ${name} without an end`, () =>
        Effect.map(said(name, "Infinity"), (said) => assert.strictEqual(said === "", !ending.includes(name), said))
      )
    }

    it.effect("a maxPayload that WebSockets would not respect is refused", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* said("maxPayload", 2 ** 31 - 1), "")
        assert.include(yield* said("maxPayload", 2 ** 32 + 1), ". Expected a whole number from 1 to ")
      })
    )

    it.effect("a path, an origin or a word that is not valid is refused", () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* said("path", "/live"), "")
        assert.include(yield* said("path", "live"), `is "live". Expected a path that begins with a slash`)
        assert.include(yield* said("allowedOrigins", "some"), `is "some". Expected "same-origin", "any", or a list`)
        assert.include(yield* said("encryptTokens", "no"), `is "no". Expected true or false`)
      })
    )
  })
}

describe("LiveConfig.layer", () => {
  it.effect("LiveConfig.layer has the defaults for what is left out", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* built({}), defaults)
      assert.deepStrictEqual(yield* built({ rate: 7 }), { ...defaults, rate: 7 })
    })
  )

  it.effect("LiveConfig.layer accepts times in every form of Duration", () =>
    Effect.gen(function* () {
      for (const heartbeat of [Duration.minutes(2), "2 minutes", 120_000, { minutes: 2 }, [120, 0], 120_000_000_000n]) {
        const config = yield* built({ heartbeat: heartbeat as Duration.Input })
        assert.strictEqual(Duration.toMillis(config.heartbeat), 120_000, String(heartbeat))
      }
      assert.strictEqual((yield* built({ linger: "Infinity" })).linger, Duration.infinity)
    })
  )

  it.effect("LiveConfig.layer says of all wrong settings which they are, what came and what was expected", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* complaint({
          rate: NaN,
          maxRooms: 1.5,
          linger: Duration.seconds(-1),
          heartbeat: "soon",
          audience: undefined
        }),
        "LiveConfigError: rate is NaN. Expected a number above 0, or Infinity. " +
          "maxRooms is 1.5. Expected a whole number of at least 0, or Infinity. " +
          'linger is -1s. Expected a time of at least 0, such as "30 seconds", or Infinity. ' +
          'heartbeat is "soon". Expected a time above 0, such as "30 seconds", or Infinity. ' +
          "audience is undefined. Expected a text."
      )
    })
  )

  it.effect("LiveConfig.layer accepts a share from none to all, and nothing else", () =>
    Effect.gen(function* () {
      for (const share of [0, 0.5, 1]) assert.strictEqual(yield* complaint({ traceSampling: share }), "")
      for (const share of [-0.1, 1.1, NaN, Infinity, "1"]) {
        assert.include(yield* complaint({ traceSampling: share }), "Expected a number from 0 to 1", String(share))
      }
    })
  )

  it.effect("LiveConfig.layer refuses a setting that does not exist", () =>
    Effect.map(complaint({ ratte: 5 }), (said) => assert.include(said, "ratte is 5. Expected the name of a setting."))
  )

  it.effect("LiveConfig.layer accepts origins as browsers send them, and no others", () =>
    Effect.gen(function* () {
      const taken = [
        "https://example.org",
        "http://localhost:3000",
        "http://[::1]:8080",
        "capacitor://localhost",
        "null"
      ]
      assert.strictEqual(yield* complaint({ allowedOrigins: taken }), "")
      for (const origin of ["https://example.org/", "https://example.org/app", "example.org", "https://*.org", "", 3]) {
        assert.include(yield* complaint({ allowedOrigins: [origin] }), "allowedOrigins is [", String(origin))
      }
    })
  )
})

describe("LiveConfig.layerConfig", () => {
  it.effect("LiveConfig.layerConfig reads every setting from a variable of its own", () =>
    Effect.gen(function* () {
      const other: LiveConfig.Settings = {
        ...defaults,
        path: "/live",
        allowedOrigins: ["https://a.example", "https://b.example"],
        encryptTokens: true,
        audience: "another",
        traceSampling: 0.25,
        alertErrorRate: 0.5,
        loadBalancing: "least-connections",
        metricsPath: "/numbers",
        ...(Object.fromEntries(amounts.map((name, index) => [name, index + 1])) as object),
        ...(Object.fromEntries(times.map((name, index) => [name, Duration.seconds(index + 1)])) as object)
      }
      const env = Object.fromEntries(
        Object.entries(other).map(([name, value]) => [
          `FIBRA_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`,
          Array.isArray(value) ? value.join(", ") : text(value)
        ])
      )
      assert.deepStrictEqual(yield* fromEnvironment(env), other)
    })
  )

  it.effect("LiveConfig.layerConfig keeps a setting whose variable is not set or empty", () =>
    Effect.gen(function* () {
      const options = { rate: 7, heartbeat: "3 seconds" } as const
      const base = yield* built(options)
      assert.deepStrictEqual(yield* fromEnvironment({}, options), base)
      assert.deepStrictEqual(yield* fromEnvironment({ FIBRA_RATE: "", FIBRA_LINGER: " " }, options), base)
      assert.deepStrictEqual(yield* fromEnvironment({ FIBRA_RATE: " 8 " }, options), { ...base, rate: 8 })
    })
  )

  it.effect("LiveConfig.layerConfig reads bytes with a unit", () =>
    Effect.gen(function* () {
      const config = yield* fromEnvironment({ FIBRA_MAX_PAYLOAD: "1.5 MiB", FIBRA_PATCH_LOG_BYTES: "64KiB" })
      assert.deepStrictEqual(config, { ...defaults, maxPayload: 1.5 * 1024 ** 2, patchLogBytes: 64 * 1024 })
    })
  )

  it.effect("LiveConfig.layerConfig refuses a number with something after it, or in another notation", () =>
    Effect.gen(function* () {
      for (const value of ["5 per second", "0x10", "1_000", "1e3", "5,5", "1 KiB", "infinity"]) {
        const error = yield* Effect.flip(fromEnvironment({ FIBRA_RATE_BURST: value }))
        assert.include(error.message, `FIBRA_RATE_BURST is "${value}". Expected a whole number`)
      }
    })
  )

  it.effect("LiveConfig.layerConfig fails with all wrong variables, and without a stack", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        fromEnvironment({ FIBRA_RATE: "fast", FIBRA_IDLE_TIMEOUT: "120", FIBRA_RATE_BURST: "10" })
      )
      assert.notInstanceOf(error, Config.ConfigError)
      assert.strictEqual(
        error.message,
        'FIBRA_IDLE_TIMEOUT is "120". Expected a time above 0, such as "30 seconds", or Infinity. ' +
          'FIBRA_RATE is "fast". Expected a number above 0, or Infinity.'
      )
      assert.strictEqual(Cause.pretty(Cause.fail(error)), `LiveConfigError: ${error.message}`)
    })
  )
})
