/** A limit on waiting holds whatever is waited for. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Option, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as TimeLimit from "../src/TimeLimit.ts"

const hanging: Record<string, Effect.Effect<never>> = {
  "never ends": Effect.never,
  "cannot be interrupted": Effect.uninterruptible(Effect.never),
  "waits for a promise": Effect.promise(() => new Promise<never>(() => {})),
  "cannot be interrupted and waits for a promise": Effect.uninterruptible(
    Effect.promise(() => new Promise<never>(() => {}))
  ),
  "closes a resource that hangs": Effect.ensuring(Effect.never, Effect.never),
  "goes on when it is interrupted": Effect.onInterrupt(Effect.never, () => Effect.never)
}

const second = "1 second"

describe("a wait with a limit", () => {
  for (const [what, effect] of Object.entries(hanging)) {
    it.effect(`a wait with a limit ends at the limit for something that ${what}`, () =>
      Effect.gen(function* () {
        const waiting = yield* Effect.forkChild(TimeLimit.timeoutOption(effect, second), { startImmediately: true })
        yield* TestClock.adjust("999 millis")
        assert.isUndefined(waiting.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(waiting.pollUnsafe(), Exit.succeed(Option.none()))
      })
    )

    it.effect(`a wait with a limit that cannot be interrupted ends at the limit for something that ${what}`, () =>
      Effect.gen(function* () {
        const limited = Effect.uninterruptible(TimeLimit.timeoutOption(effect, second))
        const waiting = yield* Effect.forkChild(limited, { startImmediately: true })
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(waiting.pollUnsafe(), Exit.succeed(Option.none()))
      })
    )

    it.effect(`a wait with a limit ends with its Scope, and does not wait for something that ${what}`, () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        yield* Effect.forkIn(TimeLimit.timeoutOption(effect, "1 hour"), scope, { startImmediately: true })
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
        yield* Effect.yieldNow
        assert.isDefined(closing.pollUnsafe())
      })
    )
  }

  it.effect("a wait with a limit gets what comes in time: a value, a failure, a defect, an interruption", () =>
    Effect.gen(function* () {
      const later = <A, E>(effect: Effect.Effect<A, E>) =>
        Effect.exit(TimeLimit.timeoutOption(Effect.andThen(Effect.yieldNow, effect), second))
      assert.deepStrictEqual(yield* TimeLimit.timeoutOption(Effect.succeed(1), second), Option.some(1))
      assert.deepStrictEqual(yield* later(Effect.succeed(1)), Exit.succeed(Option.some(1)))
      assert.deepStrictEqual(yield* later(Effect.fail("no")), Exit.fail("no"))
      assert.deepStrictEqual(yield* later(Effect.die("broken")), Exit.die("broken"))
      assert.isTrue(Exit.hasInterrupts(yield* later(Effect.interrupt)))
    })
  )

  it.effect("a wait with a limit interrupts what is too slow or not wanted any more", () =>
    Effect.gen(function* () {
      const told = yield* Effect.all([Deferred.make<void>(), Deferred.make<void>()])
      const slow = (index: 0 | 1) => Effect.onInterrupt(Effect.never, () => Deferred.succeed(told[index], undefined))
      const first = yield* Effect.forkChild(TimeLimit.timeoutOption(slow(0), second), { startImmediately: true })
      const other = yield* Effect.forkChild(TimeLimit.timeoutOption(slow(1), second), { startImmediately: true })
      yield* Fiber.interrupt(other)
      yield* Deferred.await(told[1])
      yield* TestClock.adjust("1 second")
      yield* Deferred.await(told[0])
      assert.deepStrictEqual(yield* Fiber.join(first), Option.none())
    })
  )

  it.effect("a wait with a limit gets the fallback where one is given", () =>
    Effect.gen(function* () {
      const limited = TimeLimit.timeoutOrElse(Effect.uninterruptible(Effect.never), {
        duration: second,
        orElse: () => Effect.fail("too late")
      })
      const waiting = yield* Effect.forkChild(limited, { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.await(waiting), Exit.fail("too late"))
    })
  )
})
