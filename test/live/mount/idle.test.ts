/** A shared instance that nobody has mounted any more goes on for `maxIdleTime`: of its behaviour, or of the server. */
import { assert, it } from "@effect/vitest"
import { type Duration, Effect, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { LiveConfig, Secrets } from "fibra/server"
import * as StateCache from "../../../src/client/StateCache.ts"
import * as LiveCore from "../../../src/server/LiveCore.ts"
import { Monitor } from "../../../src/server/monitor/Monitor.ts"
import { CounterFixture, CounterFixtureLayer } from "../../support/CounterFixture.ts"
import { client, Patient, PatientLayer } from "../../support/Patient.ts"

const served = (config: LiveConfig.Options) =>
  LiveCore.layer({ components: [CounterFixture, Patient] }).pipe(
    Layer.provide([CounterFixtureLayer, PatientLayer]),
    Layer.provideMerge(StateCache.layerMemory),
    Layer.provide([Secrets.layerRandom, Logger.layer([]), LiveConfig.layer(config)])
  )

/** What still runs. */
const running = Monitor.use(({ list }) => Effect.map(list, (all) => all.map(({ component }) => component).toSorted()))

const both = Effect.scoped(
  Effect.flatMap(client(), (ada) =>
    Effect.all([ada.mount(CounterFixture, { key: "desk" }), ada.mount(Patient, { key: "desk" })])
  )
)

/** After these times, what still runs; Patient says 10 minutes itself. */
const table: ReadonlyArray<
  readonly [
    setting: string,
    config: LiveConfig.Options,
    looks: ReadonlyArray<readonly [Duration.Input, ReadonlyArray<string>]>
  ]
> = [
  [
    "left out",
    {},
    [
      ["9 minutes", ["CounterFixture", "Patient"]],
      ["2 minutes", ["CounterFixture"]],
      ["48 minutes", ["CounterFixture"]],
      ["2 minutes", []]
    ]
  ],
  [
    "5 minutes",
    { maxIdleTime: "5 minutes" },
    [
      ["4 minutes", ["CounterFixture", "Patient"]],
      ["2 minutes", ["Patient"]],
      ["5 minutes", []]
    ]
  ],
  ["0", { maxIdleTime: 0 }, [["1 second", ["Patient"]]]],
  ["Infinity", { maxIdleTime: Infinity }, [["2 days", ["CounterFixture"]]]]
]

for (const [setting, config, looks] of table) {
  it.effect(
    `where it is ${setting}, an instance goes on for that time, and for its own where its behaviour has one`,
    () =>
      Effect.gen(function* () {
        yield* both
        for (const [time, wanted] of looks) {
          yield* TestClock.adjust(time)
          assert.deepStrictEqual(yield* running, wanted)
        }
      }).pipe(Effect.provide(served({ linger: 0, ...config })))
  )
}
