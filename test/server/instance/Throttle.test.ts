import { assert, it } from "@effect/vitest"
import { Duration, Effect, Fiber, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { Throttle } from "../../../src/server/instance/Throttle.ts"
it.effect("a flush waits for the round that is under way", () =>
  Effect.gen(function* () {
    const done = new Set<number>()
    const work = (n: number) => Effect.sync(() => void done.add(n))
    const rounds = new Throttle<number>(Duration.seconds(1), 1, work, yield* Effect.context<Scope.Scope>())
    for (let n = 0; n < 200; n++) rounds.mark(n)
    const drained = yield* Effect.forkChild(
      Effect.repeat(Effect.yieldNow, { until: () => done.size > 0 }).pipe(
        Effect.andThen(rounds.flush),
        Effect.map(() => done.size)
      )
    )
    yield* TestClock.adjust("1 second")
    assert.strictEqual(yield* Fiber.join(drained), 200)
  })
)
