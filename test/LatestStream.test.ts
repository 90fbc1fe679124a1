import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Stream } from "effect"
import * as LatestStream from "../src/LatestStream.ts"
import { Listeners } from "../src/Listeners.ts"

/** A value that can be set and listened to. */
class Cell {
  readonly listeners = new Listeners<number>(() => {})
  value = 0

  set(value: number): void {
    this.value = value
    this.listeners.tell(value)
  }

  readonly changes = LatestStream.make<number>((tell) => {
    tell(this.value)
    return this.listeners.add(tell)
  })
}

it.effect("a reader of a LatestStream gets the current value first, then each later one", () =>
  Effect.gen(function* () {
    const cell = new Cell()
    const heard: Array<number> = []
    const reader = yield* Effect.forkChild(
      Stream.runForEach(cell.changes, (value) => Effect.sync(() => heard.push(value)))
    )
    for (const value of [1, 2]) {
      yield* Effect.repeat(Effect.yieldNow, { until: () => heard.at(-1) === cell.value })
      cell.set(value)
    }
    yield* Effect.repeat(Effect.yieldNow, { until: () => heard.at(-1) === 2 })
    assert.deepStrictEqual(heard, [0, 1, 2])
    yield* Fiber.interrupt(reader)
  })
)

it.effect("a slow reader of a LatestStream gets the latest value", () =>
  Effect.gen(function* () {
    const cell = new Cell()
    const heard: Array<number> = []
    const mayGoOn = Latch.makeUnsafe()
    const reader = yield* Effect.forkChild(
      Stream.runForEach(Stream.take(cell.changes, 2), (value) => {
        heard.push(value)
        return mayGoOn.await
      })
    )
    yield* Effect.repeat(Effect.yieldNow, { until: () => heard.length === 1 })
    for (const value of [1, 2, 3]) cell.set(value)
    yield* mayGoOn.open
    yield* Fiber.join(reader)
    assert.deepStrictEqual(heard, [0, 3])
  })
)

it.effect("a LatestStream removes its listener when its reader ends", () =>
  Effect.gen(function* () {
    const cell = new Cell()
    yield* Stream.runDrain(Stream.take(cell.changes, 1))
    assert.strictEqual(cell.listeners.size, 0)
  })
)
