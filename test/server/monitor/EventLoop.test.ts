/** How long the event loop stood still, by Node's own measurement. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { EventLoop, layer } from "../../../src/server/monitor/EventLoop.ts"

/** Lets nothing else run meanwhile. */
const block = (millis: number) =>
  Effect.sync(() => {
    for (const until = performance.now() + millis; performance.now() < until;);
  })

/** Node looks every 20 milliseconds. */
const turns = Effect.sleep("60 millis")

for (const when of ["when it is reset", "later"]) {
  it.live(`the longest time for which it stood still is measured, also what begins ${when}, until it is reset`, () =>
    Effect.gen(function* () {
      const { longest, reset } = yield* EventLoop
      yield* turns
      reset()
      if (when === "later") yield* turns
      yield* block(400)
      yield* turns
      const stood = longest()
      assert.isAtLeast(stood, 300)
      reset()
      yield* turns
      assert.isBelow(longest(), stood)
    }).pipe(Effect.provide(layer))
  )
}
