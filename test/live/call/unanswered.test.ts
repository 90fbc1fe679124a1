/** A call that was sent and has no answer: whatever ends it, its caller is told that it may have run. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Logger, Scope } from "effect"
import type { LiveError } from "fibra"
import { SnapshotStore } from "fibra/server"
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

const outcomeOf = (error: LiveError) => (error.reason._tag === "CallExpired" ? error.reason.outcome : error.reason._tag)

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

describe("a call that was sent before the connection was lost", () => {
  it.effect("may have run, says its error, when its component is unmounted", () =>
    Effect.gen(function* () {
      const { call, scope } = yield* sent
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(outcomeOf((yield* Fiber.join(call)) as LiveError), "unknown")
    }).pipe(Effect.scoped, Effect.provide(served))
  )

  it.effect("may have run, says its error, when its component cannot be mounted again", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const { call } = yield* sent
      yield* live.kill
      const readable = yield* Readable
      readable.is = false
      yield* live.start
      yield* live.reconnect
      assert.strictEqual(outcomeOf((yield* Fiber.join(call)) as LiveError), "unknown")
    }).pipe(Effect.scoped, Effect.provide(served))
  )
})
