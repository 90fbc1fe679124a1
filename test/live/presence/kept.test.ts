/** What was tracked of a client survives its session and its server, as the state does. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { LiveTest } from "fibra/testing"
import { listen } from "../../support/Rpc.ts"

class Mood extends Component.Service<Mood>()("Mood", {
  props: { who: Schema.String },
  state: { calls: Schema.Int },
  initial: () => ({ calls: 0 }),
  actions: [Rpc.make("Feel", { payload: { mood: Schema.String } })],
  presence: {
    metadata: { who: Schema.String, mood: Schema.String },
    initial: ({ who }) => ({ who, mood: "new" })
  }
}) {}

const MoodLayer = Mood.toLayer(
  Effect.map(Mood, (self) =>
    Mood.of({
      Feel: ({ mood }, caller) => Effect.orDie(self.track({ who: "?", mood }, caller))
    })
  )
)

const served = LiveTest.layer({ components: [Mood] }).pipe(Layer.provide([MoodLayer, Logger.layer([])]))

const places = {
  "a private instance": {},
  "a private instance in a room": { room: "hall" },
  "a shared instance": { key: "desk" }
}

const losses = {
  "its session": Effect.gen(function* () {
    const live = yield* LiveTest
    yield* TestClock.adjust("10 seconds")
    yield* live.disconnect
    yield* TestClock.adjust("2 minutes")
    yield* live.reconnect
  }),
  "a server that was killed": Effect.gen(function* () {
    const live = yield* LiveTest
    yield* TestClock.adjust("10 seconds")
    yield* live.kill
    yield* live.start
    yield* live.reconnect
  }),
  "a connection on which its token did not arrive, and then its server": Effect.gen(function* () {
    const live = yield* LiveTest
    yield* live.stall
    yield* TestClock.adjust("10 seconds")
    yield* live.disconnect
    yield* live.reconnect
    yield* TestClock.adjust("2 seconds")
    yield* live.kill
    yield* live.start
    yield* live.reconnect
  }),
  "a server that ended at once": Effect.gen(function* () {
    const live = yield* LiveTest
    yield* live.stop
    yield* live.start
    yield* live.reconnect
  }),
  "three servers in a row": Effect.gen(function* () {
    const live = yield* LiveTest
    for (let times = 0; times < 3; times++) {
      yield* TestClock.adjust("50 minutes")
      yield* live.kill
      yield* live.start
      yield* live.reconnect
      yield* live.settle
    }
  })
}

/** The mood in which a client is listed that mounts a desk with this token. */
const moodWith = Effect.fnUntraced(function* (presence: string, own: { readonly key: string; readonly who?: string }) {
  const client = yield* listen(own.who === undefined ? {} : { principal: own.who })
  yield* client.mount("Mood", { who: "Eve" }, { key: own.key, seal: true, presence })
  const { state } = yield* client.next("Snapshot")
  const people = state["people"] as ReadonlyArray<{ readonly id: string; readonly metadata: { readonly mood: string } }>
  return people.at(-1)?.metadata.mood
})

/** A token of a client that is calm at the desk. */
const tokenOf = Effect.fnUntraced(function* (who: string | undefined) {
  const client = yield* listen(who === undefined ? {} : { principal: who })
  const { componentId } = yield* client.mount("Mood", { who: "Ada" }, { key: "desk", seal: true })
  yield* client.call(componentId, "Feel", { mood: "calm" })
  yield* TestClock.adjust("10 seconds")
  yield* client.disconnect
  return yield* client.sealed
})

describe("a token of what was tracked", () => {
  it.effect("is accepted of whom it is, for its key, as long as tokens are valid", () =>
    Effect.gen(function* () {
      const [anonymous, token] = [yield* tokenOf(undefined), yield* tokenOf("ada")]
      assert.strictEqual(yield* moodWith(token, { key: "desk", who: "ada" }), "calm")
      assert.strictEqual(yield* moodWith(anonymous, { key: "desk" }), "calm")
      assert.strictEqual(yield* moodWith(token, { key: "other", who: "ada" }), "new")
      assert.strictEqual(yield* moodWith(token, { key: "desk", who: "eve" }), "new")
      assert.strictEqual(yield* moodWith(token, { key: "desk" }), "new")
      assert.strictEqual(yield* moodWith(anonymous, { key: "desk", who: "eve" }), "new")
      assert.strictEqual(yield* moodWith(`${token.slice(0, -1)}?`, { key: "desk", who: "ada" }), "new")
      yield* TestClock.adjust("61 minutes")
      assert.strictEqual(yield* moodWith(token, { key: "desk", who: "ada" }), "new")
    }).pipe(Effect.scoped, Effect.provide(served))
  )

  it.effect("restores no private instance", () =>
    Effect.gen(function* () {
      const token = yield* tokenOf(undefined)
      const { reason } = yield* (yield* listen()).rehydrate({ component: "Mood", props: { who: "Ada" }, token })
      assert.deepInclude(reason, { _tag: "TokenRejected", reason: "component" })
    }).pipe(Effect.scoped, Effect.provide(served))
  )

  it.effect("is sent only to a client that asks for it", () =>
    Effect.gen(function* () {
      const client = yield* listen()
      const { componentId } = yield* client.mount("Mood", { who: "Ada" }, { key: "desk" })
      yield* client.call(componentId, "Feel", { mood: "calm" })
      yield* TestClock.adjust("2 hours")
      assert.strictEqual(yield* client.sealed, "")
    }).pipe(Effect.scoped, Effect.provide(served))
  )

  it.effect("is sent to each of many clients that were tracked at the same time", () =>
    Effect.gen(function* () {
      const clients = yield* Effect.forEach(Array.from({ length: 80 }), () => listen())
      const ids = yield* Effect.forEach(clients, (client) =>
        Effect.map(client.mount("Mood", { who: "Ada" }, { key: "desk", seal: true }), ({ componentId }) => componentId)
      )
      for (const [n, client] of clients.entries()) yield* client.call(ids[n] ?? "", "Feel", { mood: `mood ${n}` })
      yield* TestClock.adjust("2 seconds")
      const tokens = yield* Effect.forEach(clients, (client) => client.sealed)
      assert.strictEqual(new Set(tokens).size, clients.length)
      assert.notInclude(tokens, "")
      assert.strictEqual(yield* moodWith(tokens.at(-1) ?? "", { key: "desk" }), "mood 79")
    }).pipe(Effect.scoped, Effect.provide(served))
  )

  it.effect("is not sent before something was tracked, nor again before something else is", () =>
    Effect.gen(function* () {
      const client = yield* listen()
      const { componentId } = yield* client.mount("Mood", { who: "Ada" }, { key: "desk", seal: true })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* client.sealed, "")
      yield* client.call(componentId, "Feel", { mood: "calm" })
      yield* TestClock.adjust("10 seconds")
      const token = yield* client.sealed
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* client.sealed, token)
      yield* TestClock.adjust("1 hour")
      assert.notStrictEqual(yield* client.sealed, token)
    }).pipe(Effect.scoped, Effect.provide(served))
  )
})

describe("what was tracked of a client", () => {
  for (const [place, options] of Object.entries(places)) {
    for (const [loss, lose] of Object.entries(losses)) {
      it.effect(`is there again after it lost ${loss}: in ${place}`, () =>
        Effect.gen(function* () {
          const live = yield* LiveTest
          const ada = yield* live.mount(Mood, { ...options, props: { who: "Ada" } })
          yield* live.settle
          const before = yield* ada.presence
          assert.deepStrictEqual(before[0]?.metadata, { who: "Ada", mood: "new" })
          yield* ada.call.Feel({ mood: "calm" })
          yield* lose
          yield* live.settle
          const after = yield* ada.presence
          assert.deepStrictEqual(
            after.map(({ metadata, status }) => ({ ...metadata, status })),
            [{ who: "?", mood: "calm", status: "online" }]
          )
        }).pipe(Effect.scoped, Effect.provide(served))
      )
    }
  }
})
