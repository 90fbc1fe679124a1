/** A client that is gone for good wants none of the mounts it had asked for. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Latch, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { LiveTest } from "fibra/testing"
import { SlowHandlers, build } from "../../support/SlowHandlers.ts"

/** What has become of the builds. */
interface Builds {
  begun: number
  interrupted: number
}

/** Serves a SlowHandlers whose builds wait first. */
const subject = (builds: Builds, waiting: Effect.Effect<void>) => {
  const begun = Effect.sync(() => void builds.begun++)
  const watched = Effect.onInterrupt(waiting, () => Effect.sync(() => void builds.interrupted++))
  const waits = Effect.andThen(Effect.andThen(begun, watched), build)
  return LiveTest.layer({ components: [SlowHandlers] }).pipe(
    Layer.provide([SlowHandlers.toLayer(waits, { maxIdleTime: "1 minute", buildTimeout: "1 hour" }), Logger.layer([])])
  )
}

/** Asks for it, and leaves before it is there. */
const comeAndGo = Effect.fnUntraced(function* (key?: string) {
  const live = yield* LiveTest
  const client = yield* live.connect()
  const mounting = Effect.scoped(client.mount(SlowHandlers, key === undefined ? {} : { key }))
  yield* Effect.forkChild(Effect.exit(mounting), { startImmediately: true })
  yield* live.settle
  yield* client.disconnect
})

describe("a build that hangs", () => {
  it.effect("a build that hangs is interrupted when the session that asked for it has ended, and not before", () => {
    const builds: Builds = { begun: 0, interrupted: 0 }
    return Effect.gen(function* () {
      for (let client = 0; client < 5; client++) yield* comeAndGo()
      assert.deepStrictEqual(builds, { begun: 5, interrupted: 0 })
      yield* TestClock.adjust("44 seconds")
      assert.deepStrictEqual(builds, { begun: 5, interrupted: 0 })
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(builds, { begun: 5, interrupted: 5 })
      assert.deepInclude(yield* (yield* LiveTest).open, { sessions: 1, parked: 0, instances: 0 })
    }).pipe(Effect.scoped, Effect.provide(subject(builds, Effect.never)))
  })

  it.effect("a shared build that hangs is interrupted when nobody has asked for it for long enough", () => {
    const builds: Builds = { begun: 0, interrupted: 0 }
    return Effect.gen(function* () {
      for (let client = 0; client < 3; client++) yield* comeAndGo("shared")
      yield* TestClock.adjust("46 seconds")
      assert.deepStrictEqual(builds, { begun: 1, interrupted: 0 })
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(builds, { begun: 1, interrupted: 1 })
    }).pipe(Effect.scoped, Effect.provide(subject(builds, Effect.never)))
  })

  it.effect("a build that hangs uninterruptibly leaves nothing behind when it ends after all", () => {
    const latch = Latch.makeUnsafe(false)
    const builds: Builds = { begun: 0, interrupted: 0 }
    return Effect.gen(function* () {
      yield* comeAndGo()
      yield* TestClock.adjust("1 minute")
      yield* latch.open
      yield* (yield* LiveTest).settle
      assert.deepInclude(yield* (yield* LiveTest).open, { sessions: 1, instances: 0 })
    }).pipe(Effect.scoped, Effect.provide(subject(builds, Effect.uninterruptible(latch.await))))
  })
})

describe("a call", () => {
  it.effect("a call that has begun continues when the session that made it has ended", () => {
    const builds: Builds = { begun: 0, interrupted: 0 }
    return Effect.gen(function* () {
      const live = yield* LiveTest
      const staying = yield* live.mount(SlowHandlers, { key: "shared" })
      const client = yield* live.connect()
      const till = yield* client.mount(SlowHandlers, { key: "shared" })
      yield* Effect.forkChild(Effect.exit(till.call.AddVerySlowly()), { startImmediately: true })
      yield* live.settle
      yield* client.disconnect
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* staying.state, { sum: 1000 })
    }).pipe(Effect.scoped, Effect.provide(subject(builds, Effect.void)))
  })
})
