/** What was tracked of a client and is too large for a token costs neither the state nor what others have tracked. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { LiveTest } from "fibra/testing"

class Mood extends Component.Service<Mood>()("Mood", {
  state: { calls: Schema.Int },
  initial: () => ({ calls: 0 }),
  actions: [Rpc.make("Feel", { payload: { mood: Schema.String } }), Rpc.make("Count")],
  presence: { metadata: { mood: Schema.String }, initial: () => ({ mood: "new" }) }
}) {}

const behavior = Effect.map(Mood, (self) =>
  Mood.of({
    Count: () => Effect.asVoid(self.update(({ calls }) => ({ calls: calls + 1 }))),
    Feel: ({ mood }, caller) => Effect.orDie(self.track({ mood }, caller))
  })
)

/** A server, and the texts of its warnings. */
const served = (options?: { readonly persist: true }) => {
  const warnings: Array<string> = []
  const log = Logger.make(({ logLevel, message }) => void (logLevel === "Warn" && warnings.push(String(message))))
  const layer = LiveTest.layer({ components: [Mood] }).pipe(
    Layer.provide([Mood.toLayer(behavior, options), Logger.layer([log])])
  )
  return { layer, warnings }
}

const huge = "x".repeat(70_000)

const lose = Effect.gen(function* () {
  const live = yield* LiveTest
  yield* TestClock.adjust("10 seconds")
  yield* live.kill
  yield* live.start
  yield* live.reconnect
  yield* live.settle
})

describe("metadata that is too large for a token", () => {
  for (const [kind, options] of [
    ["a component", undefined],
    ["a persisted component", { persist: true }]
  ] as const) {
    it.effect(`does not cost the state of ${kind}, and its end is told once`, () => {
      const { layer, warnings } = served(options)
      return Effect.gen(function* () {
        const live = yield* LiveTest
        const mood = yield* live.mount(Mood, {})
        yield* mood.call.Feel({ mood: huge })
        yield* mood.call.Count()
        yield* TestClock.adjust("10 seconds")
        yield* mood.call.Count()
        yield* lose
        assert.strictEqual((yield* mood.view).state.calls, 2)
        assert.deepStrictEqual(
          (yield* mood.presence).map(({ metadata }) => metadata.mood),
          ["new"]
        )
        assert.strictEqual(warnings.filter((text) => text.includes("tracked")).length, 1)
      }).pipe(Effect.scoped, Effect.provide(layer))
    })
  }

  for (const [place, options] of Object.entries({ "a private instance": {}, "a shared instance": { key: "desk" } })) {
    it.effect(`is told of ${place}, and what is tracked after it is kept`, () => {
      const { layer, warnings } = served()
      return Effect.gen(function* () {
        const live = yield* LiveTest
        const mood = yield* live.mount(Mood, options)
        yield* mood.call.Feel({ mood: huge })
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(warnings.filter((text) => text.includes("tracked")).length, 1)
        yield* mood.call.Feel({ mood: "calm" })
        yield* lose
        assert.deepStrictEqual(
          (yield* mood.presence).map(({ metadata }) => metadata.mood),
          ["calm"]
        )
      }).pipe(Effect.scoped, Effect.provide(layer))
    })
  }
})
