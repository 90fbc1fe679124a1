/** What has the same name happens one after the other. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch } from "effect"
import { Turns } from "../../src/client/Turns.ts"

const fork = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })

/** Effects that say when they begin and end, and wait in between. */
const scene = () => {
  const turns = new Turns()
  const seen: Array<string> = []
  const gates = new Map<string, Latch.Latch>()
  const act = (name: string, what: string) => {
    const gate = Latch.makeUnsafe()
    gates.set(what, gate)
    const acting = Effect.sync(() => void seen.push(`${what} begins`)).pipe(
      Effect.andThen(gate.await),
      Effect.ensuring(Effect.sync(() => void seen.push(`${what} ends`)))
    )
    return fork(turns.take(name, acting))
  }
  const end = (what: string) => Effect.andThen(gates.get(what)?.open ?? Effect.void, Effect.yieldNow)
  return { act, end, seen }
}

describe("turns", () => {
  it.effect("turns of one name are taken in their order, and those of another name at the same time", () =>
    Effect.gen(function* () {
      const { act, end, seen } = scene()
      yield* act("a", "first")
      yield* act("a", "second")
      yield* act("a", "third")
      yield* act("b", "other")
      yield* end("first")
      yield* end("second")
      yield* end("third")
      assert.deepStrictEqual(seen, [
        "first begins",
        "other begins",
        "first ends",
        "second begins",
        "second ends",
        "third begins",
        "third ends"
      ])
    })
  )

  it.effect("a turn that is interrupted, or given up before it came, is the next one's", () =>
    Effect.gen(function* () {
      const { act, end, seen } = scene()
      const first = yield* act("a", "first")
      const second = yield* act("a", "second")
      yield* act("a", "third")
      yield* Fiber.interrupt(second)
      yield* Fiber.interrupt(first)
      yield* end("third")
      yield* act("a", "fourth")
      assert.deepStrictEqual(seen, ["first begins", "first ends", "third begins", "third ends", "fourth begins"])
    })
  )

  it.effect("a turn whose effect dies is the next one's", () =>
    Effect.gen(function* () {
      const turns = new Turns()
      yield* Effect.exit(turns.take("a", Effect.die(new Error("a bug"))))
      assert.strictEqual(yield* turns.take("a", Effect.succeed(1)), 1)
    })
  )

  it.effect(
    "turns come one after the other however many wait, and one that is given up as it comes is the next one's",
    () =>
      Effect.gen(function* () {
        const turns = new Turns()
        const gate = Latch.makeUnsafe()
        const count = 5000
        let begun = 0
        yield* fork(turns.take("a", gate.await))
        const fibers = yield* Effect.forEach(Array.from({ length: count }), (_, index) =>
          fork(
            turns.take(
              "a",
              Effect.sync(() => {
                begun++
                // The turn of the next one comes when this one ends.
                if (index % 100 === 0) queueMicrotask(() => fibers[index + 1]?.interruptUnsafe())
              })
            )
          )
        )
        yield* gate.open
        yield* Effect.forEach(fibers, Fiber.await)
        assert.isAtLeast(begun, count - count / 100)
        assert.strictEqual(yield* turns.take("a", Effect.succeed(1)), 1)
      })
  )
})
