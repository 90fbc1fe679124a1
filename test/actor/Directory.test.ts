import { assert, describe, it } from "@effect/vitest"
import { Context, Data, Effect, Exit, Fiber, Latch, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Actor, Directory } from "fibra/actor"

/** Notes that remember who they are, in a directory that writes down what it activates and passivates. */
const library = (options?: {
  readonly maxIdleTime?: "10 seconds"
  readonly capacity?: number
  readonly activating?: (address: string, life: number) => Effect.Effect<unknown, string>
  readonly releasing?: Effect.Effect<void>
}) =>
  Effect.gen(function* () {
    const log: Array<string> = []
    const lives = new Map<string, number>()
    const activate = (address: string) =>
      Effect.gen(function* () {
        const life = (lives.get(address) ?? 0) + 1
        lives.set(address, life)
        yield* options?.activating?.(address, life) ?? Effect.void
        yield* Effect.acquireRelease(
          Effect.sync(() => log.push(`${address} up`)),
          () =>
            Effect.andThen(
              options?.releasing ?? Effect.void,
              Effect.sync(() => log.push(`${address} down`))
            )
        )
        const ref = yield* Actor.spawn(
          Actor.make("note", {
            initial: 0,
            restart: { intensity: 0, exhausted: "stop" },
            build: (self) =>
              Effect.succeed({
                add: () => self.update((n) => n + 1),
                hold: (gate: Latch.Latch) => gate.await,
                throw: () => Effect.die("poison")
              })
          }),
          { address }
        )
        return { ref, watch: ref.watch }
      })
    const directory = yield* Directory.make({
      activate,
      maxIdleTime: options?.maxIdleTime ?? "10 seconds",
      ...(options?.capacity === undefined ? {} : { capacity: options.capacity })
    })
    /** What was written down since the last time. */
    const news = () => log.splice(0).join(", ")
    return { directory, news, lives }
  })

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })
const silently = Effect.provide(Logger.layer([]))
const close = (scope: Scope.Closeable) => Scope.close(scope, Exit.void)

describe("Directory", () => {
  it.effect("a directory activates an address once, however many ask at the same time", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      const { directory, lives, news } = yield* library({ activating: () => gate.await })
      const all = yield* fork(
        Effect.forEach(
          Array.from({ length: 100 }),
          () => Effect.scoped(Effect.flatMap(directory.get("a"), (ref) => ref.ask("add"))),
          { concurrency: "unbounded" }
        )
      )
      assert.deepStrictEqual(yield* directory.addresses, ["a"])
      yield* gate.open
      assert.deepStrictEqual(
        (yield* Fiber.join(all)).toSorted((a, b) => a - b),
        Array.from({ length: 100 }, (_, n) => n + 1)
      )
      assert.strictEqual(lives.get("a"), 1)
      assert.strictEqual(news(), "a up")
    })
  )

  it.effect("a directory gives each address an actor of its own", () =>
    Effect.gen(function* () {
      const { directory } = yield* library()
      const [a, b] = [yield* directory.get("a"), yield* directory.get("b")]
      yield* a.ask("add")
      assert.strictEqual(yield* b.ask("add"), 1)
      assert.deepStrictEqual((yield* directory.addresses).toSorted(), ["a", "b"])
      assert.strictEqual(yield* directory.size, 2)
    })
  )

  it.effect("a directory compares addresses by value", () =>
    Effect.gen(function* () {
      let activations = 0
      class Address extends Data.Class<{ readonly kind: string; readonly id: number }> {}
      const directory = yield* Directory.make({
        activate: (address: Address) =>
          Effect.sync(() => ({ ref: `${address.kind} ${address.id} ${++activations}`, watch: Effect.never }))
      })
      assert.strictEqual(yield* directory.get(new Address({ kind: "cart", id: 1 })), "cart 1 1")
      assert.strictEqual(yield* directory.get(new Address({ kind: "cart", id: 1 })), "cart 1 1")
      assert.strictEqual(yield* directory.get(new Address({ kind: "cart", id: 2 })), "cart 2 2")
    })
  )

  it.effect("a directory keeps an actor active while it is held, and passivates it some time after that", () =>
    Effect.gen(function* () {
      const { directory, news } = yield* library({ maxIdleTime: "10 seconds" })
      const [one, two] = [yield* Scope.make(), yield* Scope.make()]
      const ref = yield* Scope.provide(directory.get("a"), one)
      yield* Scope.provide(directory.get("a"), two)
      yield* close(one)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* ref.ask("add"), 1)
      yield* close(two)
      yield* TestClock.adjust("9 seconds")
      yield* Effect.scoped(directory.get("a"))
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* ref.status, "running")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* ref.status, "stopped")
      assert.strictEqual(news(), "a up, a down")
      assert.strictEqual(yield* directory.size, 0)
      const next = yield* directory.get("a")
      assert.strictEqual(yield* next.ask("add"), 1)
      assert.strictEqual(news(), "a up")
    })
  )

  it.effect("a directory drains an actor it passivates, and activates the address again only when that is done", () =>
    Effect.gen(function* () {
      const [handler, release] = [yield* Latch.make(), yield* Latch.make()]
      const { directory, news } = yield* library({ releasing: release.await })
      const scope = yield* Scope.make()
      const ref = yield* Scope.provide(directory.get("a"), scope)
      yield* ref.tell("hold", handler)
      const asked = yield* fork(ref.ask("add"))
      yield* close(scope)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* ref.status, "stopping")
      const next = yield* fork(directory.get("a"))
      yield* handler.open
      assert.strictEqual(yield* Fiber.join(asked), 1)
      yield* Effect.yieldNow
      assert.strictEqual(yield* ref.status, "stopped")
      assert.isUndefined(next.pollUnsafe())
      assert.strictEqual(news(), "a up")
      yield* release.open
      assert.strictEqual(yield* (yield* Fiber.join(next)).ask("add"), 1)
      assert.strictEqual(news(), "a down, a up")
    })
  )

  it.effect("a directory forgets an actor that has stopped, though it is held, and activates anew", () =>
    Effect.gen(function* () {
      const { directory, news } = yield* library()
      const ref = yield* directory.get("a")
      yield* ref.stop()
      yield* Effect.yieldNow
      assert.strictEqual(news(), "a up, a down")
      assert.strictEqual(yield* directory.size, 0)
      const next = yield* directory.get("a")
      assert.notStrictEqual(next, ref)
      assert.strictEqual(yield* next.status, "running")
    })
  )

  it.effect("a directory waits for all that an actor acquired before it activates the address again", () =>
    Effect.gen(function* () {
      const release = yield* Latch.make()
      const { directory, news } = yield* library({ releasing: release.await })
      const scope = yield* Scope.make()
      const ref = yield* Scope.provide(directory.get("a"), scope)
      yield* ref.stop()
      yield* fork(close(scope))
      const next = yield* fork(directory.get("a"))
      yield* Effect.yieldNow
      assert.strictEqual(news(), "a up")
      yield* release.open
      yield* Fiber.join(next)
      assert.strictEqual(news(), "a down, a up")
    })
  )

  it.effect("a directory forgets an actor that crashed for good", () =>
    Effect.gen(function* () {
      const { directory } = yield* library()
      const ref = yield* Effect.scoped(directory.get("a"))
      yield* Effect.ignore(ref.ask("throw"))
      yield* Effect.yieldNow
      const next = yield* directory.get("a")
      assert.strictEqual(yield* next.ask("add"), 1)
    }).pipe(silently)
  )

  it.effect("a directory does not remember a failed activation, and fails all who waited for it", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      const { directory, lives } = yield* library({
        activating: (address, life) =>
          Effect.andThen(gate.await, life === 1 ? Effect.fail(`no ${address}`) : Effect.void)
      })
      const scope = yield* Scope.make()
      const first = yield* Effect.forEach([1, 2], () => fork(Effect.flip(Scope.provide(directory.get("a"), scope))))
      yield* gate.open
      assert.deepStrictEqual(yield* Fiber.joinAll(first), ["no a", "no a"])
      assert.strictEqual(yield* directory.size, 0)
      const ref = yield* directory.get("a")
      assert.strictEqual(yield* ref.ask("add"), 1)
      assert.strictEqual(lives.get("a"), 2)
    })
  )

  it.effect("a directory completes an activation for others when the one who asked first is interrupted", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      const { directory, lives } = yield* library({ activating: () => gate.await })
      const first = yield* fork(Effect.scoped(directory.get("a")))
      const second = yield* fork(directory.get("a"))
      yield* Fiber.interrupt(first)
      yield* gate.open
      assert.strictEqual(yield* (yield* Fiber.join(second)).ask("add"), 1)
      assert.strictEqual(lives.get("a"), 1)
    })
  )

  it.effect("a directory drops an activation that nobody wants any more", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      const { directory } = yield* library({
        activating: (_, life) => (life === 1 ? Effect.onInterrupt(Effect.never, () => gate.await) : Effect.void)
      })
      yield* Fiber.interrupt(yield* fork(Effect.scoped(directory.get("a"))))
      yield* TestClock.adjust("10 seconds")
      const second = yield* fork(directory.get("a"))
      yield* gate.open
      const ref = yield* Fiber.join(second)
      assert.strictEqual(yield* directory.get("a"), ref)
    })
  )

  it.effect("a directory does not run an actor in the context of the one who asked for it first", () =>
    Effect.gen(function* () {
      const Caller = Context.Reference<string>("test/Caller", { defaultValue: () => "nobody" })
      const directory = yield* Directory.make({
        activate: () => Effect.map(Caller, (ref) => ({ ref, watch: Effect.never }))
      })
      assert.strictEqual(yield* Effect.provideService(directory.get("a"), Caller, "somebody"), "nobody")
    })
  )

  it.effect("a directory refuses another address when all there is room for are held", () =>
    Effect.gen(function* () {
      const { directory, news } = yield* library({ capacity: 1 })
      yield* Effect.gen(function* () {
        yield* directory.get("a")
        const error = yield* Effect.flip(Effect.scoped(directory.get("b")))
        assert.isTrue(error instanceof Directory.DirectoryFull && error.capacity === 1)
        yield* Effect.scoped(directory.get("a"))
      }).pipe(Effect.scoped)
      assert.strictEqual((yield* directory.get("b")).address, "b")
      assert.strictEqual(news(), "a up, a down, b up")
    })
  )

  it.effect("a directory passivates the one that has been idle longest when it is full, and waits for its end", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      const { directory, news } = yield* library({ capacity: 3, releasing: gate.await })
      for (const address of ["a", "b", "c", "a"]) yield* Effect.scoped(directory.get(address))
      const asked = yield* fork(Effect.scoped(directory.get("d")))
      yield* Effect.repeat(Effect.yieldNow, { times: 9 })
      assert.strictEqual(news(), "a up, b up, c up")
      yield* gate.open
      yield* Fiber.join(asked)
      assert.strictEqual(news(), "b down, d up")
      // One that is held again is idle no more, and not passivated for it.
      yield* directory.get("c")
      yield* Effect.scoped(directory.get("e"))
      assert.strictEqual(news(), "a down, e up")
      assert.deepStrictEqual((yield* directory.addresses).toSorted(), ["c", "d", "e"])
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual((yield* directory.addresses).toSorted(), ["c"])
    })
  )

  it.effect("a directory passivates the idle of the owner that has most of them first", () =>
    Effect.gen(function* () {
      const directory = yield* Directory.make({
        activate: (address: string) => Effect.succeed({ ref: address, watch: Effect.never }),
        capacity: 4,
        sharesOf: ([owner]) => [{ owner, times: 10 }]
      })
      for (const address of ["ada 1", "bob 1", "bob 2", "bob 3", "bob 4", "bob 5"]) {
        yield* Effect.scoped(directory.get(address))
      }
      assert.deepStrictEqual((yield* directory.addresses).toSorted(), ["ada 1", "bob 3", "bob 4", "bob 5"])
    })
  )

  it.effect("a directory leaves room for those who hold less, however much somebody wants", () =>
    Effect.gen(function* () {
      const directory = yield* Directory.make({
        activate: (address: string) => Effect.succeed({ ref: address, watch: Effect.never }),
        capacity: 20,
        sharesOf: ([owner]) => [{ owner, times: 4 }]
      })
      const holds = (owner: string) =>
        Effect.gen(function* () {
          let held = 0
          for (; held < 30; held++) {
            if (Exit.isFailure(yield* Effect.exit(directory.get(`${owner}${held}`)))) return held
          }
          return held
        })
      assert.deepStrictEqual([yield* holds("a"), yield* holds("b"), yield* holds("c")], [16, 4, 0])
      // Who holds it already is one more of its holders.
      yield* directory.get("a0")
    })
  )

  it.effect("a directory has room again for everything that was let go", () =>
    Effect.gen(function* () {
      const directory = yield* Directory.make({
        activate: (address: number) =>
          address % 7 === 0 ? Effect.fail("no") : Effect.succeed({ ref: address, watch: Effect.never }),
        capacity: 10,
        sharesOf: (address) => [{ owner: address % 3, times: 4 }]
      })
      for (let round = 0; round < 20; round++) {
        yield* Effect.forEach(
          Array.from({ length: 8 }, (_, index) => round * 8 + index),
          (address) => Effect.ignore(directory.get(address))
        ).pipe(Effect.scoped)
      }
      assert.isAtMost(yield* directory.size, 10)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* directory.size, 0)
    })
  )

  it.effect("a directory passivates all actors at the same time when its Scope closes", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      const scope = yield* Scope.make()
      const { directory, news } = yield* Scope.provide(library({ releasing: gate.await }), scope)
      const refs = yield* Effect.forEach(["a", "b", "c"], (address) => directory.get(address))
      const closing = yield* fork(close(scope))
      assert.deepStrictEqual(yield* Effect.forEach(refs, (ref) => ref.status), ["stopped", "stopped", "stopped"])
      yield* gate.open
      yield* Fiber.join(closing)
      assert.strictEqual(news(), "a up, b up, c up, a down, b down, c down")
    })
  )
})
