/** A page that is left, put away, brought back and looked at again: what its client does, and what others see. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Logger, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { Link, LiveClient, StateCache } from "fibra/client"
import { LiveTest } from "fibra/testing"
import { Page } from "../../src/client/PageLifecycle.ts"
import { makePage } from "../support/PageEvents.ts"
import { client as scripted, settle, soon } from "../support/ScriptedSockets.ts"

class Hall extends Component.Service<Hall>()("Hall", {
  state: {},
  initial: () => ({}),
  presence: { metadata: { name: Schema.String }, initial: (_, principal) => ({ name: principal?.id ?? "nobody" }) }
}) {}

class Draft extends Component.Service<Draft>()("Draft", {
  state: { text: Schema.String },
  initial: () => ({ text: "" }),
  actions: [Rpc.make("Write", { payload: { text: Schema.String } })]
}) {}

const DraftLayer = Draft.toLayer(Effect.map(Draft, (self) => Draft.of({ Write: ({ text }) => self.set({ text }) })))
const subject = LiveTest.layer({ components: [Hall, Draft] }).pipe(
  Layer.provide([Hall.toLayer(Hall.of({})), DraftLayer]),
  Layer.provide(Logger.layer([]))
)

/** A client in a page of its own. */
const open = Effect.fnUntraced(function* (cache: StateCache.StateCache["Service"], principal = "ada") {
  const live = yield* LiveTest
  const { page, ...events } = makePage()
  const services = Layer.mergeAll(
    Layer.succeed(Link.Link, live.link({ principal }).client),
    Layer.succeed(StateCache.StateCache, cache)
  )
  const context = yield* Effect.provideService(
    Layer.build(Layer.fresh(Layer.provide(LiveClient.layer(), services))),
    Page,
    page
  )
  yield* live.settle
  return { ...Context.get(context, LiveClient), ...events }
})

const memory = Effect.map(Layer.build(Layer.fresh(StateCache.layerMemory)), Context.get(StateCache.StateCache))

describe("a page", () => {
  it.effect("a page that is closed is gone for others at once, and its session with it", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const hall = yield* live.mount(Hall, { key: "hall" })
      const page = yield* open(yield* memory)
      yield* page.mount(Hall, { key: "hall" })
      yield* page.mount(Draft, {})
      yield* live.settle
      assert.strictEqual((yield* hall.presence).length, 2)
      yield* page.hide(false)
      yield* live.settle
      assert.deepStrictEqual(
        (yield* hall.presence).map(({ metadata }) => metadata.name),
        ["nobody"]
      )
      assert.deepInclude(yield* live.open, { parked: 0, sessions: 1, instances: 1 })
    }).pipe(Effect.scoped, Effect.provide(Layer.fresh(subject)))
  )

  it.effect("a page that is reloaded is there once, with the last change that was made before", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const hall = yield* live.mount(Hall, { key: "hall" })
      const cache = yield* memory
      const page = yield* open(cache)
      yield* page.mount(Hall, { key: "hall" })
      const draft = yield* page.mount(Draft, { cacheKey: "d" })
      yield* draft.call.Write({ text: "a" })
      yield* TestClock.adjust("2 seconds")
      // Its token is not there yet.
      yield* draft.call.Write({ text: "ab" })
      yield* page.hide(false)
      yield* live.settle
      assert.strictEqual((yield* hall.presence).length, 1)
      const again = yield* open(cache)
      yield* again.mount(Hall, { key: "hall" })
      const restored = yield* again.mount(Draft, { cacheKey: "d" })
      yield* live.settle
      assert.deepStrictEqual(yield* restored.state, { text: "ab" })
      assert.deepStrictEqual(
        (yield* hall.presence).map(({ status }) => status),
        ["online", "online"]
      )
      // Nothing is left of the page before, and what it shares with the next one goes on.
      yield* TestClock.adjust("1 minute")
      yield* live.settle
      assert.deepInclude(yield* live.open, { parked: 0, sessions: 2, instances: 2 })
      yield* restored.call.Write({ text: "abc" })
    }).pipe(Effect.scoped, Effect.provide(Layer.fresh(subject)))
  )

  it.effect("a page that is closed and does not come back leaves nothing after a while", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const page = yield* open(yield* memory)
      yield* page.mount(Draft, { cacheKey: "d" })
      yield* page.hide(false)
      yield* live.settle
      assert.deepInclude(yield* live.open, { parked: 1, instances: 1 })
      yield* TestClock.adjust("1 minute")
      yield* live.settle
      assert.deepInclude(yield* live.open, { parked: 0, instances: 0 })
    }).pipe(Effect.scoped, Effect.provide(Layer.fresh(subject)))
  )

  it.effect("a page that is put away is away, and resumes when it is brought back", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const hall = yield* live.mount(Hall, { key: "hall" })
      const page = yield* open(yield* memory)
      yield* page.mount(Hall, { key: "hall" })
      const draft = yield* page.mount(Draft, {})
      yield* draft.call.Write({ text: "a" })
      yield* page.hide(true)
      yield* live.settle
      assert.deepStrictEqual(
        (yield* hall.presence).map(({ status }) => status),
        ["online", "away"]
      )
      yield* TestClock.adjust("30 seconds")
      yield* page.show
      yield* live.settle
      assert.deepStrictEqual(
        (yield* hall.presence).map(({ status }) => status),
        ["online", "online"]
      )
      assert.deepStrictEqual([yield* draft.state, yield* draft.activation], [{ text: "a" }, "resumed"])
    }).pipe(Effect.scoped, Effect.provide(Layer.fresh(subject)))
  )

  for (const event of ["online", "focus", "visible", "show", "resume"] as const) {
    it.effect(`a page without a connection tries at once at ${event}, unless it is asked to sign in`, () =>
      Effect.gen(function* () {
        const { page, ...events } = makePage()
        const options = { url: "ws://live.test/rpc", probe: false, backoff: "1 hour", maxBackoff: "1 hour" } as const
        const making = scripted(options, (socket, index) => {
          if (index < 2) soon(() => socket.refuse())
          else soon(() => socket.accept())
        })
        const { live, made } = yield* Effect.provideService(making, Page, page)
        yield* settle
        yield* TestClock.adjust("1 minute")
        yield* settle
        assert.strictEqual(made.length, 2)
        yield* events[event]
        yield* settle
        assert.deepStrictEqual([made.length, (yield* live.connection).status], [3, "connected"])
        made[2]?.end(4003)
        yield* settle
        yield* events[event]
        yield* settle
        assert.deepStrictEqual([made.length, (yield* live.connection).status], [3, "unauthorized"])
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
    )
  }

  it.effect("a page that is looked at again notices that its connection is dead, and keeps one that is not", () =>
    Effect.gen(function* () {
      const { page, focus } = makePage()
      const options = { url: "ws://live.test/rpc", pingInterval: "1 hour" } as const
      const making = scripted(options, (socket) => soon(() => socket.accept()))
      const { live, made } = yield* Effect.provideService(making, Page, page)
      yield* settle
      yield* focus
      yield* settle
      const ping = JSON.parse(made[0]?.sent.at(-1) ?? "{}")
      assert.strictEqual(ping.tag, "Ping")
      made[0]?.receive({ _tag: "Exit", requestId: ping.id, exit: { _tag: "Success", value: { time: 1 } } })
      yield* settle
      yield* TestClock.adjust("10 seconds")
      yield* settle
      assert.strictEqual(made.length, 1)
      yield* focus
      yield* settle
      yield* TestClock.adjust("3 seconds")
      yield* settle
      assert.deepStrictEqual([made.length, (yield* live.connection).status], [2, "connected"])
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )
})
