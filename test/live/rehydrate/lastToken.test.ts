/** Who unmounts a private component has the token of all that it did, and of all that it had begun to do. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import { LiveTest } from "fibra/testing"
import { build, SlowHandlers } from "../../support/SlowHandlers.ts"

const subject = LiveTest.layer({ components: [SlowHandlers] }).pipe(
  Layer.provide([SlowHandlers.toLayer(build, { shutdown: "5 seconds" }), Logger.layer([])])
)

/** Mounts a SlowHandlers that has added one, begins a call, and unmounts it while that is under way. */
const leave = Effect.fnUntraced(function* (action: "AddSlowly" | "AddBeforeLong") {
  const live = yield* LiveTest
  const scope = yield* Scope.make()
  const till = yield* Scope.provide(live.mount(SlowHandlers, { cacheKey: "till" }), scope)
  yield* till.call.Add()
  const calling = yield* Effect.forkChild(Effect.exit(till.call[action]()), { startImmediately: true })
  yield* live.settle
  const leaving = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
  yield* live.settle
  return { calling, leaving }
})

describe("a private component that is unmounted while it does something", () => {
  it.effect("a private component that is unmounted while it works comes back with what it has answered since", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const { calling } = yield* leave("AddSlowly")
      yield* TestClock.adjust("3 seconds")
      yield* live.settle
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(calling)))
      const again = yield* live.mount(SlowHandlers, { cacheKey: "till" })
      assert.deepStrictEqual(yield* again.state, { sum: 11 })
      assert.strictEqual(yield* again.activation, "rehydrated")
    }).pipe(Effect.scoped, Effect.provide(subject, { local: true }))
  )

  it.effect("an unmounted component that works has its answers in a mount meanwhile, on this page or another", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const other = yield* live.connect()
      yield* leave("AddSlowly")
      const mount = (page: Pick<LiveTest["Service"], "mount">) =>
        Effect.forkChild(page.mount(SlowHandlers, { cacheKey: "till" }), { startImmediately: true })
      const mounting = [yield* mount(live), yield* mount(other)]
      yield* TestClock.adjust("4 seconds")
      yield* live.settle
      for (const page of mounting) assert.deepStrictEqual(yield* (yield* Fiber.join(page)).state, { sum: 11 })
    }).pipe(Effect.scoped, Effect.provide(subject, { local: true }))
  )

  it.effect("an unmounted component is not waited for beyond its shutdown, and has what was seen of it", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const { calling } = yield* leave("AddBeforeLong")
      yield* TestClock.adjust("5 seconds")
      yield* live.settle
      assert.isFalse(Exit.isSuccess(yield* Fiber.join(calling)))
      const again = yield* live.mount(SlowHandlers, { cacheKey: "till" })
      assert.deepStrictEqual(yield* again.state, { sum: 101 })
    }).pipe(Effect.scoped, Effect.provide(subject, { local: true }))
  )

  it.effect("a private component that works does not delay clients that leave for long", () =>
    Effect.gen(function* () {
      const { leaving } = yield* leave("AddBeforeLong")
      yield* TestClock.adjust("1 second")
      assert.isDefined(leaving.pollUnsafe())
      yield* TestClock.adjust("5 seconds")
    }).pipe(Effect.scoped, Effect.provide(subject, { local: true }))
  )
})
