/** Signing in and out while a page is open: it stays, and goes on as somebody else. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { StateCache } from "fibra/client"
import { LiveTest } from "fibra/testing"

const draft = {
  state: { text: Schema.String },
  initial: () => ({ text: "" }),
  actions: [Rpc.make("Write", { payload: { text: Schema.String } }), Rpc.make("Whose", { success: Schema.String })]
}

class Draft extends Component.Service<Draft>()("Draft", { ...draft, adopt: true }) {}
class Private extends Component.Service<Private>()("Private", draft) {}
class Hall extends Component.Service<Hall>()("Hall", {
  state: {},
  initial: () => ({}),
  presence: { metadata: { name: Schema.String }, initial: (_, principal) => ({ name: principal?.id ?? "nobody" }) }
}) {}

const DraftLayer = Draft.toLayer(
  Effect.map(Draft, (self) =>
    Draft.of({
      Write: ({ text }) => self.set({ text }),
      Whose: (_, { principal }) => Effect.succeed(principal?.id ?? "nobody")
    })
  )
)
const PrivateLayer = Private.toLayer(
  Effect.map(Private, (self) =>
    Private.of({
      Write: ({ text }) => self.set({ text }),
      Whose: (_, { principal }) => Effect.succeed(principal?.id ?? "nobody")
    })
  )
)
const subject = LiveTest.layer({ components: [Draft, Private, Hall] }).pipe(
  Layer.provide([DraftLayer, PrivateLayer, Hall.toLayer(Hall.of({}))]),
  Layer.provide(Logger.layer([]))
)

layer(subject)("whoever signs in", (it) => {
  it.effect(
    "whoever signs in takes along what they had as nobody, to the last change, where the contract says so",
    () =>
      Effect.gen(function* () {
        const live = yield* LiveTest
        const client = yield* live.connect({})
        const [draft, other] = [yield* client.mount(Draft, {}), yield* client.mount(Private, {})]
        for (const each of [draft, other]) yield* each.call.Write({ text: "a" })
        // Tokens of this state are there, and not of the next.
        yield* TestClock.adjust("2 seconds")
        for (const each of [draft, other]) yield* each.call.Write({ text: "ab" })
        yield* client.signIn("ada")
        assert.deepStrictEqual([yield* draft.state, yield* draft.activation], [{ text: "ab" }, "rehydrated"])
        assert.strictEqual(yield* draft.call.Whose(), "ada")
        assert.deepStrictEqual([yield* other.state, yield* other.activation], [{ text: "" }, "mounted"])
        // It is ada's from now on, and stays so.
        yield* draft.call.Write({ text: "abc" })
        yield* TestClock.adjust("2 seconds")
        yield* client.signIn("bob")
        assert.deepStrictEqual([yield* draft.state, yield* draft.activation], [{ text: "" }, "mounted"])
        yield* client.signIn()
        assert.deepStrictEqual([yield* draft.state, yield* draft.activation], [{ text: "" }, "mounted"])
      }).pipe(Effect.scoped)
  )

  it.effect("whoever signs in does so once: nobody else can adopt the same state with the same token", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const cache = yield* Effect.provide(Effect.service(StateCache.StateCache), Layer.fresh(StateCache.layerMemory))
      /** A copy of what the browser has. */
      const copied = StateCache.StateCache.of({ ...cache, set: () => Effect.void, remove: () => Effect.void })
      const client = yield* live.connect({ cache })
      const draft = yield* client.mount(Draft, { cacheKey: "d" })
      yield* draft.call.Write({ text: "mine" })
      yield* TestClock.adjust("2 seconds")
      const thief = yield* live.connect({ cache: copied, principal: "eve" })
      // The copy is read before it is used up.
      const token = yield* cache.get({ origin: "memory:", component: "Draft", key: "d" })
      assert.isString(token)
      const frozen = StateCache.StateCache.of({ ...copied, get: () => Effect.succeed(token) })
      const late = yield* live.connect({ cache: frozen, principal: "eve" })
      yield* client.signIn("ada")
      assert.deepStrictEqual([yield* draft.state, yield* draft.activation], [{ text: "mine" }, "rehydrated"])
      yield* draft.call.Write({ text: "mine, still" })
      yield* TestClock.adjust("2 seconds")
      const stolen = yield* Effect.forkChild(late.mount(Draft, { cacheKey: "d" }), { startImmediately: true })
      yield* TestClock.adjust("2 seconds")
      const got = yield* Effect.flatMap(Fiber.join(stolen), ({ state }) => state)
      assert.deepStrictEqual(got, { text: "" })
      assert.deepStrictEqual(yield* draft.state, { text: "mine, still" })
      yield* thief.settle
    }).pipe(Effect.scoped)
  )

  it.effect("whoever signs in is not there twice", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const client = yield* live.connect({})
      const hall = yield* client.mount(Hall, { key: "hall" })
      yield* client.signIn("ada")
      yield* TestClock.adjust("2 seconds")
      yield* client.settle
      assert.deepStrictEqual(
        (yield* hall.presence).map(({ metadata, status }) => [metadata.name, status]),
        [["ada", "online"]]
      )
    }).pipe(Effect.scoped)
  )
})

describe("somebody who comes back as the same", () => {
  it.effect("somebody who comes back as the same has everything as it was", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const client = yield* live.connect({ principal: "ada" })
      const draft = yield* client.mount(Private, {})
      yield* draft.call.Write({ text: "a" })
      yield* client.signIn("ada")
      assert.deepStrictEqual([yield* draft.state, yield* draft.activation], [{ text: "a" }, "resumed"])
    }).pipe(Effect.scoped, Effect.provide(Layer.fresh(subject)))
  )
})
