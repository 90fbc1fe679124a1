/** Whom a recorder records, and what a recording has of an instance that is restarted although it has not crashed. */
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer, Logger, Option } from "effect"
import { TestClock } from "effect/testing"
import { LiveTest } from "fibra/testing"
import { Instances } from "../../../src/server/instance/Instances.ts"
import * as LiveCore from "../../../src/server/LiveCore.ts"
import { Monitor } from "../../../src/server/monitor/Monitor.ts"
import * as Recorder from "../../../src/server/monitor/Recorder.ts"
import * as Secrets from "../../../src/server/security/Secrets.ts"
import { Dice, diceLayer } from "../../support/Dice.ts"

const server = LiveCore.layer({ components: [Dice] }).pipe(
  Layer.provide(diceLayer()),
  Layer.provideMerge(Recorder.layer({ components: [Dice] })),
  Layer.provide([Secrets.layerRandom, Logger.layer([])])
)

it.effect("a message that a restart has ended is recorded as such, and a replay goes on after it", () =>
  Effect.gen(function* () {
    const mounting = { component: "Dice", props: { pin: "1234" } }
    const dice = yield* (yield* Instances).mount(mounting, undefined, () => {}, { owner: undefined })
    const send = (tag: string, payload?: unknown) => dice.send(tag, payload, {}, () => {})
    send("RollLater", { millis: 900 })
    yield* TestClock.adjust("100 millis")
    yield* (yield* Monitor).restart(dice.id)
    yield* TestClock.adjust("1 second")
    send("Count")

    const recording = Option.getOrThrow(yield* (yield* Recorder.Recorder).get(dice.id))
    assert.deepStrictEqual(
      recording.messages.map(({ activation, kind, name }) => `${activation} ${kind} ${name}`.trim()),
      ["0 build", "0 action RollLater", "1 build", "1 action Count"]
    )
    const [, ended] = recording.messages
    assert.deepInclude(ended, { patch: [], outcome: { _tag: "Interrupted", by: "restart" } })
    const secrets = { "props.pin": "a pin", "state.token": "a token" }
    const { skipped } = yield* LiveTest.replay(Dice, recording, { secrets }).pipe(Effect.provide(diceLayer()))
    assert.deepStrictEqual(skipped, [{ number: 2, action: "RollLater" }])
  }).pipe(Effect.scoped, Effect.provide(server))
)

it.effect("servers that share a recorder are recorded by it, each until it ends", () =>
  Effect.gen(function* () {
    const { start } = yield* Recorder.Recorder
    const serve = Layer.build(
      Layer.fresh(
        LiveCore.layer({ components: [Dice] }).pipe(
          Layer.provide(diceLayer()),
          Layer.provide([Secrets.layerRandom, Logger.layer([])])
        )
      )
    )
    const diceOf = (server: Context.Context<Instances>) =>
      Context.get(server, Instances)
        .mount({ component: "Dice", props: { pin: "1234" } }, undefined, () => {}, { owner: undefined })
        .pipe(Effect.map(({ id }) => id))
    const first = yield* diceOf(yield* serve)
    const ended = yield* Effect.scoped(
      Effect.gen(function* () {
        const second = yield* diceOf(yield* serve)
        assert.deepStrictEqual([yield* start(first), yield* start(second)], [true, true])
        return second
      })
    )
    const other = yield* diceOf(yield* serve)
    assert.deepStrictEqual([yield* start(first), yield* start(ended), yield* start(other)], [true, false, true])
  }).pipe(Effect.scoped, Effect.provide(Recorder.layer()))
)
