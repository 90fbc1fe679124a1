/** What is said right after a mount's answer is for the component that is just being mounted. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger } from "effect"
import { MixedScheduler, Scheduler } from "effect/Scheduler"
import { LiveTest } from "fibra/testing"
import { Effects, SideEffectLog, SideEffectLogLayer } from "../../support/SideEffectLog.ts"

/** Fibers give way all the time, and not only after thousands of steps. */
class Polite extends MixedScheduler {
  #asked = 0

  override shouldYield(): boolean {
    return ++this.#asked % 3 === 0
  }
}

const served = LiveTest.layer({ components: [SideEffectLog] }).pipe(
  Layer.provide(SideEffectLogLayer),
  Layer.provideMerge(Effects.layer),
  Layer.provide(Logger.layer([]))
)

it.effect("a change that follows the answer is shown, however slow the fiber is that reads the answer", () =>
  Effect.gen(function* () {
    const live = yield* LiveTest
    const writer = yield* live.mount(SideEffectLog, { key: "shared" })
    const other = yield* live.connect()
    yield* other.stall
    const mounting = yield* Effect.forkChild(other.mount(SideEffectLog, { key: "shared" }), { startImmediately: true })
    for (let turn = 0; turn < 64; turn++) yield* live.settle
    yield* writer.call.Write({ mark: "early" })
    for (let turn = 0; turn < 64; turn++) yield* live.settle
    // The answer and the change arrive at once.
    yield* other.unstall
    const handle = yield* Fiber.join(mounting)
    for (let turn = 0; turn < 64; turn++) yield* live.settle
    assert.deepStrictEqual((yield* handle.state).marks, ["early"])
  }).pipe(Effect.scoped, Effect.provide(served), Effect.provideService(Scheduler, new Polite()))
)
