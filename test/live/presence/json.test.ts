/** What was tracked of a client of a shared instance goes in a token to those who can bring it back: not over the JSON wire. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { MemoryWires } from "../../support/MemoryWires.ts"

class Mood extends Component.Service<Mood>()("Mood", {
  state: { calls: Schema.Int },
  initial: () => ({ calls: 0 }),
  actions: [Rpc.make("Feel", { payload: { mood: Schema.String } })],
  presence: { metadata: { mood: Schema.String }, initial: () => ({ mood: "new" }) }
}) {}

const MoodLayer = Mood.toLayer(
  Effect.map(Mood, (self) => Mood.of({ Feel: ({ mood }, caller) => Effect.orDie(self.track({ mood }, caller)) }))
)

const served = MemoryWires.layer([Mood]).pipe(Layer.provide([MoodLayer, Logger.layer([])]))

/** What a client on the JSON wire is told of its state after it was tracked. */
const told = (options: { readonly key?: string }) =>
  Effect.gen(function* () {
    const { connect, flush } = yield* MemoryWires
    const client = connect("json")
    const turn = Effect.gen(function* () {
      for (let n = 0; n < 20; n++) yield* Effect.yieldNow
      flush()
    })
    client.send({ type: "COMPONENT_MOUNT", requestId: "1", payload: { component: "Mood", props: {}, ...options } })
    yield* turn
    const mounted = client.told.find(({ requestId }) => requestId === "1")
    const { componentId } = mounted as unknown as { readonly componentId: string }
    client.send({ type: "CALL_ACTION", requestId: "2", componentId, action: "Feel", payload: { mood: "calm" } })
    yield* turn
    const before = client.told.length
    yield* TestClock.adjust("5 seconds")
    yield* turn
    return client.told.slice(before).map(({ type }) => type)
  }).pipe(Effect.provide(served))

describe("a client on the JSON wire that was tracked", () => {
  it.effect("is sent nothing of a shared instance that has not changed", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* told({ key: "desk" }), [])
    })
  )

  it.effect("is sent the token of its private instance", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* told({}), ["STATE_UPDATE"])
    })
  )
})
