/** How long the event loop stood still, by Node's own measurement. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { EventLoop, layer } from "../../../src/server/monitor/EventLoop.ts"

/** Lets nothing else run meanwhile. */
const block = (millis: number) =>
  Effect.sync(() => {
    for (const until = performance.now() + millis; performance.now() < until;);
  })

/** It is looked at every 20 milliseconds, from the first look after a reset on. */
const turns = Effect.sleep("60 millis")

it.live("the longest time for which it stood still is measured, until it is reset", () =>
  Effect.gen(function* () {
    const { longest, reset } = yield* EventLoop
    yield* turns
    reset()
    yield* turns
    yield* block(400)
    yield* turns
    const stood = longest()
    assert.isAtLeast(stood, 300)
    reset()
    yield* turns
    assert.isBelow(longest(), stood)
  }).pipe(Effect.provide(layer))
)
