/** A watchdog looks when a handler may be overdue, and not again when there is nothing to look at. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Message from "../../src/actor/Message.ts"
import { Watchdog } from "../../src/actor/Watchdog.ts"

const message = Message.internal(
  "test",
  () => Effect.runSyncExit(Effect.void),
  () => {}
)

const watch = Effect.fnUntraced(function* (answers: ReadonlyArray<number | undefined>) {
  const looks: Array<number> = []
  let now = 0
  const watchdog = new Watchdog({
    context: yield* Effect.context<never>(),
    millis: 10,
    now: () => now,
    overdue: () => {
      looks.push(now)
      return answers[looks.length - 1]
    }
  })
  watchdog.guard(message)
  for (now = 10; now <= 1000; now += 10) yield* TestClock.adjust(10)
  return looks
})

it.effect("a watchdog looks at a handler that continues again, after the time it was given", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* watch([100, 500, undefined]), [10, 110, 610])
  })
)

it.effect("a watchdog does not look at a handler again that was given up", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* watch([undefined]), [10])
  })
)
