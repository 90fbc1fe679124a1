/** A call that was sent and has no answer: whatever ends it, its caller is told that it may have run. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { LiveError } from "fibra"
import { LiveConfig, SnapshotStore } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { Effects, SideEffectLog, SideEffectLogLayer } from "../../support/SideEffectLog.ts"

/** Whether the store can be read. */
class Readable extends Context.Service<Readable, { is: boolean }>()("test/Readable") {}

const store = Layer.effect(
  SnapshotStore.SnapshotStore,
  Effect.gen(function* () {
    const readable = yield* Readable
    const memory = Context.get(yield* Layer.build(SnapshotStore.layerMemory), SnapshotStore.SnapshotStore)
    const broken = new SnapshotStore.SnapshotStoreError({
      operation: "read",
      address: "any",
      cause: new Error("broken")
    })
    return SnapshotStore.SnapshotStore.of({
      ...memory,
      read: (address) => Effect.suspend(() => (readable.is ? memory.read(address) : Effect.fail(broken)))
    })
  })
)

const served = LiveTest.layer({ components: [SideEffectLog] }).pipe(
  Layer.provide(SideEffectLogLayer),
  Layer.provide(store),
  Layer.provideMerge(Layer.sync(Readable, () => ({ is: true }))),
  Layer.provideMerge(Effects.layer),
  Layer.provide(Logger.layer([]))
)

const outcomeOf = (error: LiveError.LiveError) =>
  error.reason._tag === "CallExpired" ? error.reason.outcome : error.reason._tag

/** Messages that may be sent at once. */
const burst = 6

/** Sends a call, and cuts the connection before its answer comes. */
const sent = Effect.gen(function* () {
  const live = yield* LiveTest
  const scope = yield* Scope.make()
  const handle = yield* Scope.provide(live.mount(SideEffectLog, { key: "shared" }), scope)
  const call = yield* Effect.forkChild(Effect.flip(handle.call.WriteSlowly({ mark: "sent" })), {
    startImmediately: true
  })
  yield* live.stall
  yield* live.settle
  yield* live.disconnect
  assert.isUndefined(call.pollUnsafe())
  return { call, scope }
})

describe("a call whose client ends", () => {
  it.effect("a call is interrupted on the server when its client ends, in the last moment", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const { lives, runs } = yield* Effects
      const scope = yield* Scope.make()
      const client = yield* Scope.provide(live.connect(), scope)
      const handle = yield* Scope.provide(client.mount(SideEffectLog, { key: "shared" }), scope)
      yield* Effect.forkChild(Effect.exit(handle.call.WriteSlowly({ mark: "left" })), { startImmediately: true })
      // It has begun, and takes some turns.
      yield* Effect.repeat(Effect.yieldNow, { until: () => runs.has("left") })
      yield* Scope.close(scope, Exit.void)
      yield* Effect.repeat(Effect.yieldNow, { times: 200 })
      assert.deepStrictEqual((yield* lives.get("shared")?.get ?? Effect.die("it never lived")).marks, [])
    }).pipe(Effect.scoped, Effect.provide(served))
  )
})

describe("a call that was sent before the connection was lost", () => {
  it.effect("a sent call may have run, says its error, when its component is unmounted", () =>
    Effect.gen(function* () {
      const { call, scope } = yield* sent
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(outcomeOf((yield* Fiber.join(call)) as LiveError.LiveError), "unknown")
    }).pipe(Effect.scoped, Effect.provide(served))
  )

  it.effect("a sent call may have run, says its error, when its component cannot be mounted again", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const { call } = yield* sent
      yield* live.kill
      const readable = yield* Readable
      readable.is = false
      yield* live.start
      yield* live.reconnect
      assert.strictEqual(outcomeOf((yield* Fiber.join(call)) as LiveError.LiveError), "unknown")
    }).pipe(Effect.scoped, Effect.provide(served))
  )

  it.effect("a sent call is sent again at the pace of the server, and not refused for its haste", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const handle = yield* live.mount(SideEffectLog, { key: "shared" })
      yield* TestClock.adjust("2 seconds")
      yield* live.stall
      const marks = Array.from({ length: burst }, (_, index) => `call ${index}`)
      const calls = yield* Effect.forEach(marks, (mark) =>
        Effect.forkChild(handle.call.Write({ mark }), { startImmediately: true })
      )
      yield* live.settle
      const { runs } = yield* Effects
      // One message is left for a ping.
      assert.deepStrictEqual(Array.from(runs.keys()), marks.slice(0, -1))
      yield* live.disconnect
      // Coming back costs a message, too: the calls and it are more than may be sent at once.
      yield* live.reconnect
      yield* TestClock.adjust("5 seconds")
      yield* live.settle
      for (const [index, call] of calls.entries()) assert.strictEqual(yield* Fiber.join(call), `call ${index}`)
    }).pipe(
      Effect.scoped,
      Effect.provide(served.pipe(Layer.provide(LiveConfig.layer({ rate: 10, rateBurst: burst, rateTolerance: 100 }))))
    )
  )
})
