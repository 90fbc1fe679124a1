/** A variable that nobody reads is said in the log when a server starts: a limit that was meant is not in force. */
import { assert, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Logger } from "effect"
import { LiveConfig } from "fibra/server"
import * as Observation from "../../src/server/Observation.ts"

/** What is said when a server starts with this environment. */
const said = (env: Record<string, string>, config: Layer.Layer<never, unknown> = LiveConfig.layerConfig) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String([message].flat()[0])))
    const environment = ConfigProvider.layer(ConfigProvider.fromEnv({ env }))
    yield* Layer.build(
      Layer.provide(Observation.layer, [config, Logger.layer([logger])]).pipe(Layer.provide(environment))
    )
    return lines
  }).pipe(Effect.scoped)

it.effect("a misspelt variable is named with the one that was meant, and without its value", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(
      yield* said({
        FIBRA_RATTE: "20",
        FIBRA_MAX_CONECTIONS: "5",
        FIBRA_SECRET_PREVIUS: "a secret",
        FIBRA_WHATEVER: "yes",
        FIBRA_RATE: "20",
        FIBRA_RATE_BURST: "40",
        FIBRA_SECRET: "a secret",
        FIBRA_EMPTY: "",
        FIBRAX: "1",
        RATE: "1"
      }),
      [
        "Nobody reads these variables of the environment: FIBRA_MAX_CONECTIONS (is FIBRA_MAX_CONNECTIONS meant?), " +
          "FIBRA_RATTE (is FIBRA_RATE meant?), FIBRA_SECRET_PREVIUS (is FIBRA_SECRET_PREVIOUS meant?), FIBRA_WHATEVER"
      ]
    )
  })
)

it.effect("a server that does not read its settings from the environment says so when they are there", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(
      yield* said({ FIBRA_RATE: "20", FIBRA_SECRET: "a secret" }, LiveConfig.layer({ rate: 10 })),
      ["This server does not read its settings from the environment: FIBRA_RATE"]
    )
  })
)

it.effect("nothing is said of variables that are read, whatever their number", () =>
  Effect.gen(function* () {
    const all = (Object.keys(LiveConfig.defaults) as ReadonlyArray<keyof LiveConfig.Settings>).map(
      LiveConfig.variableOf
    )
    const secrets = { FIBRA_SECRET: "x", FIBRA_SECRET_PREVIOUS: "y", FIBRA_MONITOR_TOKEN: "z" }
    const layer = Layer.effectDiscard(Effect.void)
    assert.deepStrictEqual(yield* said(secrets, layer), [])
    const env = Object.fromEntries(all.map((name) => [name, "?"]))
    const [line = "", ...others] = yield* said({ ...env, ...secrets }, layer)
    assert.deepStrictEqual([others, line.includes("Nobody")], [[], false])
  })
)
