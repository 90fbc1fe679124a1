/** What every InstanceDirectory does, wherever its instances run. */
import { assert, type Vitest } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { ClientInfo } from "../../src/server/sync/ClientInfo.ts"
import { InstanceDirectory } from "../../src/server/instance/InstanceDirectory.ts"
import type { InstanceRef } from "../../src/server/instance/InstanceRef.ts"
import { Gate, Lab, Ticker } from "./Lab.ts"

/** Serves `Lab`, which stays active for five minutes, and `Ticker`; three instances at most. */
export type Subject = InstanceDirectory | Gate

const get = (key: string, start = 0) =>
  InstanceDirectory.use(({ get }) => get({ component: Lab, key, props: { start }, onHeld: () => {} }))

/** Sends a message, and waits for the outcome. */
const send = (ref: InstanceRef, tag: string, payload?: unknown) =>
  Effect.callback<Exit.Exit<unknown, unknown>>((resume) => {
    const cancel = ref.send(tag, payload, { from: undefined as ClientInfo | undefined }, (exit) =>
      resume(Effect.succeed(exit))
    )
    return Effect.sync(cancel)
  })

const add = (ref: InstanceRef, by: number) => send(ref, "Add", { by })

/** Whatever a test has left is passivated. */
const cleared = TestClock.adjust("1 hour")

/** How many builds there have been so far. */
const built = Effect.map(Gate, ({ built }) => built)

export const instanceDirectorySuite = (it: Vitest.MethodsNonLive<Subject>): void => {
  it.effect("activates an instance once, however many ask for it at once, with the props of the first", () =>
    Effect.gen(function* () {
      yield* cleared
      const before = yield* built
      const refs = yield* Effect.all(
        Array.from({ length: 5 }, (_, index) => get("at once", 10 + index)),
        { concurrency: "unbounded" }
      )
      assert.strictEqual((yield* built) - before, 1)
      assert.lengthOf(Array.from(new Set(refs.map(({ id }) => id))), 1)
      const [first, second] = refs as [InstanceRef, InstanceRef]
      assert.deepStrictEqual(yield* add(first, 1), Exit.succeed("11"))
      assert.deepStrictEqual(yield* add(second, 1), Exit.succeed("12"))
      yield* Effect.forEach(refs, ({ release }) => release)
    })
  )

  it.effect("gives the contract, the key and the address of what is found", () =>
    Effect.gen(function* () {
      yield* cleared
      const { list } = yield* InstanceDirectory
      const lab = yield* get("named")
      const ticker = yield* InstanceDirectory.use(({ get }) =>
        get({ component: Ticker, key: "named", props: {}, onHeld: () => {} })
      )
      assert.strictEqual(lab.component, Lab)
      assert.strictEqual(lab.key, "named")
      assert.notStrictEqual<string>(lab.id, ticker.id)
      const named = (yield* list).filter(({ key }) => key === "named")
      assert.sameMembers(
        named.map(({ component }) => component.componentName),
        ["Lab", "Ticker"]
      )
      yield* lab.release
      yield* ticker.release
    })
  )

  it.effect("keeps an instance for as long as somebody holds it, and passivates it when nobody has for its time", () =>
    Effect.gen(function* () {
      yield* cleared
      const [one, other] = [yield* get("held"), yield* get("held")]
      yield* add(one, 5)
      yield* one.release
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* add(other, 1), Exit.succeed("6"))
      yield* other.release
      yield* TestClock.adjust("4 minutes")
      const back = yield* get("held")
      assert.strictEqual(back.id, one.id)
      assert.deepStrictEqual(yield* add(back, 1), Exit.succeed("7"))
      yield* back.release
      yield* TestClock.adjust("5 minutes")
      const next = yield* get("held")
      assert.notStrictEqual(next.id, one.id)
      assert.deepStrictEqual(yield* add(next, 1), Exit.succeed("1"))
      yield* next.release
    })
  )

  it.effect("an outcome is told once, and not when the message was taken back", () =>
    Effect.gen(function* () {
      yield* cleared
      const ref = yield* get("messages")
      const gate = yield* Gate
      const waiting = yield* Effect.forkChild(send(ref, "Hang"))
      yield* Effect.yieldNow
      const interrupted = gate.interrupted
      yield* Fiber.interrupt(waiting)
      assert.strictEqual(gate.interrupted, interrupted + 1)
      const outcomes: Array<unknown> = []
      ref.send("Add", { by: 1 }, {}, (exit) => void outcomes.push(exit))
      yield* Effect.repeat(Effect.yieldNow, { until: () => outcomes.length > 0 })
      assert.deepStrictEqual(outcomes, [Exit.succeed("1")])
      yield* ref.release
    })
  )

  it.effect("refuses one more than there may be, until one was passivated", () =>
    Effect.gen(function* () {
      yield* cleared
      const refs = yield* Effect.forEach(["1", "2", "3"], (key) => get(key))
      const refused = yield* Effect.flip(get("4"))
      assert.strictEqual(refused.reason._tag, "TooManyComponents")
      yield* Effect.forEach(refs, ({ release }) => release)
      yield* TestClock.adjust("1 hour")
      const fits = yield* get("4")
      yield* fits.release
    })
  )
}
