/** What has to stay within bounds, or comes late. */
import { assert, it, describe, layer } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Rpc } from "effect/rpc"
import { Component } from "fibra"
import { StateCache } from "fibra/client"
import { LiveConfig } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { behaviors, components, Lab } from "./Lab.ts"

const subject = LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors))

describe("a LiveTest", () => {
  it.effect("whose client is away while a handler runs ends", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const live = Context.get(yield* Layer.buildWithScope(Layer.fresh(subject), scope), LiveTest)
      const mounted = yield* Scope.make()
      const lab = yield* Scope.provide(live.mount(Lab, { props: { start: 0 } }), mounted)
      yield* Effect.forkDetach(Effect.exit(lab.call.Hang()), { startImmediately: true })
      yield* live.settle
      yield* live.disconnect
      yield* Scope.close(mounted, Exit.void)
      const closing = yield* Effect.forkDetach(Scope.close(scope, Exit.void), { startImmediately: true })
      for (let turn = 0; turn < 500; turn++) yield* Effect.yieldNow
      const ended = closing.pollUnsafe() !== undefined
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(closing)
      assert.isTrue(ended, "in virtual time nobody would wait for it")
    })
  )
})

class Loader extends Component.Service<Loader>()("Loader", {
  state: { n: Schema.Int },
  initial: () => ({ n: 0 }),
  actions: [Rpc.make("Load", { success: Schema.String }).annotate(Component.Idempotent, true)]
}) {}
const LoaderLayer = Loader.toLayer(Loader.of({ Load: () => Effect.succeed("x".repeat(100)) }))
layer(
  LiveTest.layer({ components: [Loader] }).pipe(
    Layer.provide(LoaderLayer),
    Layer.provide(LiveConfig.layer({ maxResultBytes: 150 }))
  )
)("calls that may run twice", (it) => {
  it.effect("run again when their answer had to make room", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const loader = yield* live.mount(Loader, {})
      yield* live.settle
      yield* live.stall
      const calls = yield* Effect.forEach([1, 2, 3], () =>
        Effect.forkChild(Effect.exit(loader.call.Load()), { startImmediately: true })
      )
      yield* live.settle
      yield* live.disconnect
      yield* live.reconnect
      for (const call of calls) assert.isTrue(Exit.isSuccess(yield* Fiber.join(call)))
    }).pipe(Effect.scoped)
  )
})

layer(subject)("a page whose storage takes its time", (it) => {
  it.effect("and that is reloaded before the newest token is kept has its state", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const context = yield* Layer.build(StateCache.layerMemory)
      const fast = Context.get(context, StateCache.StateCache)
      let slow = false
      const cache = StateCache.StateCache.of({
        ...fast,
        set: (...args) => (slow ? Effect.delay(fast.set(...args), "1 hour") : fast.set(...args))
      })
      const scope = yield* Scope.make()
      const first = yield* Scope.provide(live.connect({ cache }), scope)
      const lab = yield* Scope.provide(first.mount(Lab, { props: { start: 0 }, cacheKey: "slow" }), scope)
      yield* lab.call.Add({ by: 1 })
      yield* TestClock.adjust("1 second")
      yield* first.settle
      slow = true
      yield* lab.call.Add({ by: 1 })
      yield* TestClock.adjust("1 second")
      yield* first.settle
      yield* first.disconnect
      const second = yield* live.connect({ cache: fast })
      const again = second.client.openUnsafe(Lab, { props: { start: 0 }, cacheKey: "slow" })
      yield* second.settle
      yield* TestClock.adjust("1 second")
      yield* second.settle
      assert.strictEqual(again.view.state.count, 2)
      yield* live.kill
    }).pipe(Effect.scoped)
  )
})

class Big extends Component.Service<Big>()("Big", {
  state: { text: Schema.String },
  initial: () => ({ text: "" }),
  actions: []
}) {}
const BigLayer = Big.toLayer(
  Effect.gen(function* () {
    const self = yield* Big
    let n = 0
    yield* self
      .update(() => ({ text: `${n++}`.repeat(10_000) }))
      .pipe(Effect.delay("100 millis"), Effect.forever, Effect.forkScoped)
    return Big.of({})
  })
)
layer(
  LiveTest.layer({ components: [Big] }).pipe(
    Layer.provide(BigLayer),
    Layer.provide(LiveConfig.layer({ maxParkedBytes: 20_000 }))
  )
)("a parked session", (it) => {
  it.effect("that grows ends when it is over maxParkedBytes", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      yield* live.mount(Big, {})
      yield* live.settle
      yield* live.disconnect
      // A state of 20 KB, and a log of 20 changes of 20 KB each.
      yield* TestClock.adjust("2 seconds")
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* live.open).parked, 0)
      yield* live.kill
    }).pipe(Effect.scoped)
  )
})
