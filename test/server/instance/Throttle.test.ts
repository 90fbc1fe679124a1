/** Whoever is marked has a turn, in time, whatever becomes of the turns of others. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Latch, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Throttle } from "../../../src/server/instance/Throttle.ts"

const second = Duration.seconds(1)
const silently = Effect.provide(Logger.layer([]))

/** A throttle that writes down whom it has done, in order. */
const make = Effect.fnUntraced(function* (
  act: (item: string) => Effect.Effect<unknown, unknown> = () => Effect.void,
  concurrency = 16
) {
  const done: Array<string> = []
  const work = (item: string) => Effect.tap(act(item), () => Effect.sync(() => done.push(item)))
  const throttle = new Throttle(second, concurrency, work, yield* Effect.context<Scope.Scope>())
  /** Who was done since this was asked last. */
  const news = () => done.splice(0).join(" ")
  return { throttle, news }
})

describe("a throttle", () => {
  it.effect("a throttle works for each item at most once per interval, and after its last request", () =>
    Effect.gen(function* () {
      const { news, throttle } = yield* make()
      for (const item of ["a", "b", "a"]) throttle.mark(item)
      yield* TestClock.adjust("999 millis")
      assert.strictEqual(news(), "")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(news(), "a b")
      throttle.mark("a")
      yield* TestClock.adjust("999 millis")
      assert.strictEqual(news(), "")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(news(), "a")
      assert.strictEqual(throttle.size, 0)
    }).pipe(Effect.scoped)
  )

  it.effect("a throttle does not work for a dropped item, and works at once for an urgent one", () =>
    Effect.gen(function* () {
      const { news, throttle } = yield* make()
      throttle.mark("a")
      throttle.now("b")
      assert.strictEqual(news(), "b")
      assert.isTrue(throttle.drop("a"))
      assert.isFalse(throttle.drop("b"))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(news(), "")
    }).pipe(Effect.scoped)
  )

  it.effect("a throttle takes work that is done at once, and repeats what throws or fails at once", () =>
    Effect.gen(function* () {
      const tried: Array<string> = []
      const work = (item: string) => {
        tried.push(item)
        const times = tried.filter((other) => other === item).length
        if (item === "throws" && times === 1) throw new Error("at once")
        return item === "fails" && times === 1 ? Exit.fail("at once") : Exit.void
      }
      const throttle = new Throttle(second, 1, work, yield* Effect.context<Scope.Scope>())
      for (const item of ["throws", "fails", "ends"]) throttle.mark(item)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(tried, ["throws", "fails", "ends"])
      assert.strictEqual(throttle.size, 2)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(tried, ["throws", "fails", "ends", "throws", "fails"])
      assert.strictEqual(throttle.size, 0)
    }).pipe(Effect.scoped, silently)
  )

  it.effect("a flush of a throttle includes the round that is under way", () =>
    Effect.gen(function* () {
      const done = new Set<number>()
      const work = (n: number) => Effect.sync(() => void done.add(n))
      const throttle = new Throttle<number>(second, 1, work, yield* Effect.context<Scope.Scope>())
      for (let n = 0; n < 200; n++) throttle.mark(n)
      const flushed = yield* Effect.forkChild(
        Effect.repeat(Effect.yieldNow, { until: () => done.size > 0 }).pipe(
          Effect.andThen(throttle.flush),
          Effect.map(() => done.size)
        )
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(flushed), 200)
    }).pipe(Effect.scoped)
  )
})

const hanging: Record<string, Effect.Effect<never>> = {
  "never ends": Effect.never,
  "cannot be interrupted": Effect.uninterruptible(Effect.never),
  "waits for a promise": Effect.uninterruptible(Effect.promise(() => new Promise<never>(() => {})))
}

describe("a throttle of which one", () => {
  for (const [how, effect] of Object.entries(hanging)) {
    it.effect(`a throttle with an item that ${how} serves the others in time`, () =>
      Effect.gen(function* () {
        const { news, throttle } = yield* make((item) => (item === "stuck" ? effect : Effect.void))
        throttle.mark("stuck")
        yield* TestClock.adjust("2 seconds")
        for (let round = 0; round < 5; round++) {
          throttle.mark("a")
          throttle.mark("stuck")
          yield* TestClock.adjust("1 second")
          assert.strictEqual(news(), "a")
        }
        assert.strictEqual(throttle.size, 1)
      }).pipe(Effect.scoped)
    )

    it.effect(`a throttle with an item that ${how} is flushed without it, and its Scope does not wait`, () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const { news, throttle } = yield* Scope.provide(
          make((item) => (item === "stuck" ? effect : Effect.void)),
          scope
        )
        throttle.mark("stuck")
        throttle.mark("a")
        const flushing = yield* Effect.forkChild(throttle.flush, { startImmediately: true })
        yield* TestClock.adjust("1 second")
        assert.isDefined(flushing.pollUnsafe())
        assert.strictEqual(news(), "a")
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
        yield* Effect.yieldNow
        assert.isDefined(closing.pollUnsafe())
      })
    )
  }

  it.effect("a throttle with hundreds of items that hang serves the others in time, once it knows", () =>
    Effect.gen(function* () {
      const { news, throttle } = yield* make((item) => (item.startsWith("stuck") ? Effect.never : Effect.void), 4)
      const stuck = Array.from({ length: 200 }, (_, index) => `stuck ${index}`)
      for (const item of stuck) throttle.mark(item)
      // Four at a time are waited for, a second each.
      yield* TestClock.adjust("51 seconds")
      throttle.mark("a")
      for (const item of stuck) throttle.mark(item)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(news(), "a")
    }).pipe(Effect.scoped)
  )

  it.effect("a throttle works for a slow item again only after its end, once for all requests", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      let begun = 0
      const { news, throttle } = yield* make(() =>
        Effect.andThen(
          Effect.sync(() => begun++),
          gate.await
        )
      )
      throttle.mark("a")
      yield* TestClock.adjust("1 second")
      for (let time = 0; time < 10; time++) {
        throttle.mark("a")
        throttle.now("a")
        yield* TestClock.adjust("1 second")
      }
      yield* Effect.forkChild(throttle.flush, { startImmediately: true })
      assert.strictEqual(begun, 1)
      yield* gate.open
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(news(), "a a")
      assert.strictEqual(throttle.size, 0)
    }).pipe(Effect.scoped)
  )

  it.effect("a throttle repeats a failed item after a growing delay, up to ten seconds", () =>
    Effect.gen(function* () {
      const times: Array<number> = []
      let failures = 12
      const { news, throttle } = yield* make(() =>
        Effect.clockWith((clock) => {
          times.push(clock.currentTimeMillisUnsafe())
          return failures-- > 0 ? Effect.fail("down") : Effect.void
        })
      )
      throttle.mark("a")
      for (let time = 0; time < 100; time++) {
        throttle.mark("a")
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual(news().split(" ").length, times.length - 12)
      const pauses = times.slice(1, 13).map((time, index) => time - (times[index] ?? 0))
      assert.isTrue(pauses.every((pause, index) => index === 0 || pause >= (pauses[index - 1] ?? 0)))
      assert.isAtMost(Math.max(...pauses), 11_000)
      assert.isAtLeast(Math.max(...pauses), 10_000)
    }).pipe(Effect.scoped)
  )

  it.effect("a throttle repeats an item that died or was interrupted", () =>
    Effect.gen(function* () {
      const ways = [Effect.die("broken"), Effect.interrupt, Effect.fail("down")]
      const { news, throttle } = yield* make(() => Effect.suspend(() => ways.pop() ?? Effect.void))
      throttle.mark("a")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(news(), "a")
      assert.strictEqual(throttle.size, 0)
    }).pipe(silently, Effect.scoped)
  )

  it.effect("a flush of a throttle repeats failed items at once, after the others", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      let isDown = true
      const { throttle } = yield* make((item) =>
        Effect.suspend(() => {
          order.push(item)
          return item === "bad" && isDown ? Effect.fail("down") : Effect.void
        })
      )
      throttle.mark("bad")
      yield* TestClock.adjust("1 minute")
      order.length = 0
      throttle.mark("good")
      isDown = false
      yield* throttle.flush
      assert.deepStrictEqual(order, ["good", "bad"])
      assert.strictEqual(throttle.size, 0)
    }).pipe(Effect.scoped)
  )

  it.effect("a throttle interrupts its work when its Scope closes", () =>
    Effect.gen(function* () {
      const told = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const { throttle } = yield* Scope.provide(
        make(() => Effect.onInterrupt(Effect.never, () => Deferred.succeed(told, undefined))),
        scope
      )
      throttle.now("a")
      yield* Scope.close(scope, Exit.void)
      yield* Deferred.await(told)
      assert.strictEqual(throttle.size, 0)
    })
  )
})
