/** docs/components.md: instances, errors, crashes and lost connections, with the components of examples/. */
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Logger, Schema, Scope, Stream } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { LiveTest } from "fibra/testing"
import { Counter } from "../../examples/counter/Counter.ts"
import { CounterLayer } from "../../examples/counter/CounterLayer.ts"

class Fragile extends Component.Service<Fragile>()("Fragile", {
  props: { name: Schema.String },
  state: { good: Schema.Int, life: Schema.Int },
  initial: () => ({ good: 0, life: 0 }),
  actions: [
    Rpc.make("Work", { success: Schema.Int }),
    Rpc.make("Crash"),
    Rpc.make("Sleep", { payload: { seconds: Schema.Int }, success: Schema.Int })
  ]
}) {}

const FragileLayer = Fragile.toLayer(
  Effect.gen(function* () {
    const self = yield* Fragile
    yield* self.update((state) => ({ ...state, life: self.activation }))
    const work = self.update((state) => ({ ...state, good: state.good + 1 }))
    return Fragile.of({
      Work: () => Effect.map(work, ({ good }) => good),
      Crash: () => Effect.andThen(work, Effect.die(new Error("nobody declared this"))),
      Sleep: ({ seconds }) => Effect.map(Effect.andThen(Effect.sleep(seconds * 1000), work), ({ good }) => good)
    })
  }),
  // #region options
  {
    mailboxCapacity: 8,
    maxIdleTime: "10 minutes",
    callTimeout: "30 seconds",
    shutdown: "2 seconds",
    restart: { intensity: 3, within: "1 minute" },
    persist: true
  }
  // #endregion options
)

const test = LiveTest.layer({ components: [Counter, Fragile] }).pipe(Layer.provide([CounterLayer, FragileLayer]))

layer(test.pipe(Layer.provideMerge(Logger.layer([]))))("docs/components.md", (it) => {
  it.effect("a mount without a key is an instance of its own, one with a key is shared", () =>
    Effect.gen(function* () {
      // #region instances
      const live = yield* LiveTest
      const props = { start: 0 }
      const mine = yield* live.mount(Counter, { props })
      const also = yield* live.mount(Counter, { props }) // another instance
      const lobby = yield* live.mount(Counter, { props, key: "lobby" })
      const same = yield* live.mount(Counter, { props: { start: 90 }, key: "lobby" }) // there already: start is ignored

      yield* mine.call.Increment({ by: 1 })
      yield* lobby.call.Increment({ by: 7 })
      const counts = yield* Effect.forEach([mine, also, lobby, same], (counter) => counter.state)
      assert.deepStrictEqual(
        counts.map(({ count }) => count),
        [1, 0, 7, 7]
      )
      // #endregion instances
    })
  )

  it.effect("a call fails with the error of its action, or with one of the library", () =>
    Effect.gen(function* () {
      const counter = yield* (yield* LiveTest).mount(Counter, { props: { start: 95 } })
      // #region errors
      const answer = yield* counter.call.Increment({ by: 10 }).pipe(
        Effect.map((count) => `now ${count}`),
        Effect.catchTag("LimitReached", ({ max }) => Effect.succeed(`no further than ${max}`)),
        Effect.catchReasons("LiveError", {
          ComponentMailboxFull: () => Effect.succeed("slow down"),
          CallExpired: ({ outcome }) =>
            Effect.succeed(outcome === "notRun" ? "call again" : "look at the state, then perhaps again")
        }),
        Effect.catchTag("LiveError", (error) => Effect.succeed(error.message)) // whatever else: a text for people
      )
      assert.strictEqual(answer, "no further than 100")
      // #endregion errors
    })
  )

  it.effect("a crash costs one call and goes back to the last good state", () =>
    Effect.gen(function* () {
      // #region crash
      const fragile = yield* (yield* LiveTest).mount(Fragile, { props: { name: "a" } })
      yield* fragile.call.Work()
      const error = yield* Effect.flip(fragile.call.Crash())
      assert.strictEqual(error.reason._tag, "ComponentCrashed")
      assert.deepStrictEqual(yield* fragile.state, { good: 1, life: 1 }) // as before the call, built once more
      assert.strictEqual(yield* fragile.call.Work(), 2)
      // #endregion crash
    })
  )

  it.effect("too many crashes fault it for a while", () =>
    Effect.gen(function* () {
      // #region faulted
      const fragile = yield* (yield* LiveTest).mount(Fragile, { props: { name: "b" } })
      for (let crash = 0; crash <= 3; crash++) {
        yield* Effect.exit(fragile.call.Crash())
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual((yield* fragile.view).status, "faulted")
      const refused = yield* Effect.flip(fragile.call.Work())
      assert.deepInclude(refused.reason, { _tag: "ComponentFaulted", retryAfter: 29_000 })
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(yield* fragile.call.Work(), 1)
      // #endregion faulted
    })
  )

  it.effect("calls wait while the connection is lost, and private and shared instances continue", () =>
    Effect.gen(function* () {
      // #region disconnect
      const live = yield* LiveTest
      const mine = yield* live.mount(Counter, { props: { start: 0 } })
      const hall = yield* live.mount(Counter, { props: { start: 0 }, key: "hall" })
      yield* mine.call.Increment({ by: 1 })
      yield* hall.call.Increment({ by: 1 })

      yield* live.disconnect
      assert.deepInclude(yield* mine.view, { connected: false, state: { count: 1 } }) // still there to look at
      const call = yield* Effect.forkChild(mine.call.Increment({ by: 1 }), { startImmediately: true }) // waits
      yield* TestClock.adjust("40 seconds")

      yield* live.reconnect
      assert.strictEqual(yield* Fiber.join(call), 2)
      assert.deepInclude(yield* mine.view, { connected: true, state: { count: 2 }, activation: "resumed" })
      assert.deepStrictEqual(yield* hall.state, { count: 1 })
      // #endregion disconnect
    })
  )

  it.effect("a handler that has begun when the connection is lost continues, and its answer is there afterwards", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const fragile = yield* live.mount(Fragile, { props: { name: "d" } })
      const call = yield* Effect.forkChild(fragile.call.Sleep({ seconds: 10 }), { startImmediately: true })
      yield* live.settle
      yield* live.disconnect
      yield* TestClock.adjust("20 seconds")
      assert.isUndefined(call.pollUnsafe())
      yield* live.reconnect
      assert.strictEqual(yield* Fiber.join(call), 1)
    })
  )

  it.effect("an answer never overtakes the events before it", () =>
    Effect.gen(function* () {
      const counter = yield* (yield* LiveTest).mount(Counter, { props: { start: 0 } })
      // #region events
      const heard: Array<number> = []
      yield* counter.events("Milestone").pipe(
        Stream.runForEach(({ count }) => Effect.sync(() => heard.push(count))),
        Effect.forkScoped({ startImmediately: true }) // from now on; what was sent before is gone
      )
      yield* counter.call.Increment({ by: 10 })
      yield* counter.call.Increment({ by: 20 })
      yield* Effect.yieldNow
      assert.deepStrictEqual(heard, [10, 30])
      // #endregion events
    })
  )

  it.effect("a handler that has begun when the last client leaves may finish within `shutdown`", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const before = yield* live.open
      const scope = yield* Scope.make()
      const fragile = yield* Scope.provide(live.mount(Fragile, { props: { name: "c" } }), scope)
      const call = yield* Effect.forkChild(Effect.flip(fragile.call.Sleep({ seconds: 20 })), { startImmediately: true })
      yield* live.settle
      yield* Scope.close(scope, Exit.void)
      yield* live.settle
      assert.strictEqual((yield* live.open).instances, before.instances + 1)
      yield* TestClock.adjust("2 seconds")
      yield* live.settle
      assert.strictEqual((yield* live.open).instances, before.instances)
      assert.deepInclude((yield* Fiber.join(call)).reason, { _tag: "CallExpired", outcome: "interrupted" })
    })
  )
})
