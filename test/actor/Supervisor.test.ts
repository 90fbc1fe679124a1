import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Exit, Fiber, Latch, Logger, Metric } from "effect"
import { TestClock } from "effect/testing"
import { Actor, Supervisor } from "fibra/actor"
import { affected, restarts } from "../../src/actor/ChildSpec.ts"

/** Children that write down when they start and stop, and crash when told to. */
class Family {
  readonly log: Array<string> = []
  readonly #ends = new Map<string, Deferred.Deferred<unknown, unknown>>()

  child(id: string, options?: Supervisor.ChildOptions & { readonly stopped?: Effect.Effect<unknown> }) {
    const run = Effect.gen({ self: this }, function* () {
      const end = yield* Deferred.make<unknown, unknown>()
      this.#ends.set(id, end)
      yield* Effect.acquireRelease(
        Effect.sync(() => this.log.push(`${id} up`)),
        () =>
          Effect.andThen(
            options?.stopped ?? Effect.void,
            Effect.sync(() => this.log.push(`${id} down`))
          )
      )
      return yield* Deferred.await(end)
    })
    return Supervisor.child(id, run, options)
  }

  end(id: string, exit: Exit.Exit<unknown, unknown> = Exit.die(new Error(`${id} crashed`))) {
    const end = this.#ends.get(id)
    return Effect.andThen(end === undefined ? Effect.die(`no child ${id}`) : Deferred.done(end, exit), settled)
  }

  /** What was written down since the last time. */
  get news(): string {
    return this.log.splice(0).join(", ")
  }
}

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })
/** Lets everybody do what there is to do. */
const settled = Effect.repeat(Effect.yieldNow, { times: 9 })
const silently = Effect.provide(Logger.layer([]))
const calm: Supervisor.Options = { intensity: 100, backoff: 0 }

const started = (family: Family, options: Supervisor.Options, ids: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const running = yield* fork(
      Supervisor.run(
        options,
        ids.map((id) => family.child(id))
      )
    )
    assert.strictEqual(family.news, ids.map((id) => `${id} up`).join(", "))
    return running
  })

describe("the decisions of a supervisor", () => {
  it.each([
    { strategy: "oneForOne", index: 1, who: ["b"] },
    { strategy: "oneForAll", index: 1, who: ["a", "b", "c"] },
    { strategy: "restForOne", index: 0, who: ["a", "b", "c"] },
    { strategy: "restForOne", index: 1, who: ["b", "c"] },
    { strategy: "restForOne", index: 2, who: ["c"] }
  ] as const)(
    "a supervisor restarts $who when $index of a, b, c crashes with $strategy",
    ({ index, strategy, who }) => {
      assert.deepStrictEqual(affected(strategy, ["a", "b", "c"], index), who)
    }
  )

  it.each([
    ["permanent", Exit.void, true],
    ["permanent", Exit.fail("no"), true],
    ["permanent", Exit.failCause(Cause.interrupt()), true],
    ["transient", Exit.void, false],
    ["transient", Exit.fail("no"), true],
    ["transient", Exit.die("no"), true],
    ["transient", Exit.failCause(Cause.interrupt()), false],
    ["temporary", Exit.void, false],
    ["temporary", Exit.die("no"), false]
  ] as const)("a %s child that ended with %s: %s", (restart, exit, again) => {
    assert.strictEqual(restarts(restart, exit), again)
  })
})

describe("Supervisor", () => {
  it.effect("a supervisor starts children in order, and stops them in reverse order when it is interrupted", () =>
    Effect.gen(function* () {
      const family = new Family()
      const running = yield* started(family, {}, ["a", "b", "c"])
      assert.isUndefined(running.pollUnsafe())
      yield* Fiber.interrupt(running)
      assert.strictEqual(family.news, "c down, b down, a down")
    })
  )

  it.effect("a supervisor restarts the child that crashed with oneForOne", () =>
    Effect.gen(function* () {
      const family = new Family()
      yield* started(family, calm, ["a", "b", "c"])
      yield* family.end("b")
      assert.strictEqual(family.news, "b down, b up")
    }).pipe(silently)
  )

  it.effect("a supervisor restarts all children with oneForAll", () =>
    Effect.gen(function* () {
      const family = new Family()
      yield* started(family, { ...calm, strategy: "oneForAll" }, ["a", "b", "c"])
      yield* family.end("b")
      assert.strictEqual(family.news, "b down, c down, a down, a up, b up, c up")
    }).pipe(silently)
  )

  it.effect("a supervisor restarts the child that crashed and those after it with restForOne", () =>
    Effect.gen(function* () {
      const family = new Family()
      yield* started(family, { ...calm, strategy: "restForOne" }, ["a", "b", "c"])
      yield* family.end("b")
      assert.strictEqual(family.news, "b down, c down, b up, c up")
    }).pipe(silently)
  )

  it.effect("a supervisor keeps the order with restForOne when an earlier child crashes while a later one waits", () =>
    Effect.gen(function* () {
      const family = new Family()
      yield* started(family, { strategy: "restForOne", backoff: "1 second" }, ["a", "b", "c"])
      yield* family.end("b")
      assert.strictEqual(family.news, "b down, c down, b up, c up")
      yield* family.end("b")
      assert.strictEqual(family.news, "b down, c down")
      yield* family.end("a")
      assert.strictEqual(family.news, "a down, a up, b up, c up")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(family.news, "")
    }).pipe(silently)
  )

  it.effect("a supervisor is done when no child is left", () =>
    Effect.gen(function* () {
      const family = new Family()
      const running = yield* fork(
        Supervisor.run(calm, [
          family.child("transient", { restart: "transient" }),
          family.child("temporary", { restart: "temporary" })
        ])
      )
      yield* family.end("temporary")
      yield* family.end("transient")
      assert.strictEqual(family.news, "transient up, temporary up, temporary down, transient down, transient up")
      assert.isUndefined(running.pollUnsafe())
      yield* family.end("transient", Exit.void)
      yield* Fiber.join(running)
      assert.strictEqual(family.news, "transient down")
      yield* Supervisor.run({}, [])
    }).pipe(silently)
  )

  it.effect("a supervisor restarts a permanent child that ends, and no ended temporary one for a sibling", () =>
    Effect.gen(function* () {
      const family = new Family()
      yield* fork(
        Supervisor.run({ ...calm, strategy: "oneForAll" }, [
          family.child("temporary", { restart: "temporary" }),
          family.child("permanent")
        ])
      )
      yield* family.end("permanent", Exit.void)
      assert.strictEqual(family.news, "temporary up, permanent up, permanent down, temporary down, permanent up")
    })
  )

  it.effect("a supervisor gives each child its own backoff, which starts over after health", () =>
    Effect.gen(function* () {
      const family = new Family()
      yield* started(family, { intensity: 100, backoff: "1 second", healthyAfter: "30 seconds" }, ["a", "b"])
      yield* family.end("a")
      assert.strictEqual(family.news, "a down, a up")
      yield* family.end("a")
      yield* family.end("b")
      assert.strictEqual(family.news, "a down, b down, b up")
      yield* TestClock.adjust("499 millis")
      assert.strictEqual(family.news, "")
      yield* TestClock.adjust("501 millis")
      assert.strictEqual(family.news, "a up")
      yield* family.end("a")
      yield* TestClock.adjust("999 millis")
      assert.strictEqual(family.news, "a down")
      yield* TestClock.adjust("1001 millis")
      assert.strictEqual(family.news, "a up")
      yield* TestClock.adjust("30 seconds")
      yield* family.end("a")
      assert.strictEqual(family.news, "a down, a up")
    }).pipe(silently)
  )

  it.effect("a supervisor gives up when its children crash too often: it stops them and says why", () =>
    Effect.gen(function* () {
      const family = new Family()
      const options: Supervisor.Options = { name: "root", intensity: 2, within: "10 seconds", backoff: 0 }
      const running = yield* started(family, options, ["a", "b", "c"])
      yield* family.end("a")
      yield* family.end("b")
      assert.strictEqual(family.news, "a down, a up, b down, b up")
      yield* family.end("c")
      assert.strictEqual(family.news, "c down, b down, a down")
      const { cause, message, reason } = yield* Effect.flip(Fiber.join(running))
      assert.isTrue(reason._tag === "RestartIntensityExceeded")
      assert.strictEqual(message, 'The supervisor "root" gave up when its child "c" crashed.')
      assert.include(String(cause), "c crashed")
    }).pipe(silently)
  )

  it.effect("a supervisor tolerates the same number of crashes when they are further apart", () =>
    Effect.gen(function* () {
      const family = new Family()
      const running = yield* started(family, { intensity: 2, within: "10 seconds", backoff: 0 }, ["a"])
      for (let crash = 0; crash < 9; crash++) {
        yield* family.end("a")
        yield* TestClock.adjust("5 seconds")
      }
      assert.isUndefined(running.pollUnsafe())
    }).pipe(silently)
  )

  it.effect("a supervisor escalates to the supervisor above, which restarts it with all its children", () =>
    Effect.gen(function* () {
      const family = new Family()
      const below = Supervisor.run({ intensity: 0 }, [family.child("a"), family.child("b")])
      const above = yield* fork(Supervisor.run(calm, [family.child("first"), Supervisor.child("below", below)]))
      assert.strictEqual(family.news, "first up, a up, b up")
      yield* family.end("a")
      assert.strictEqual(family.news, "a down, b down, a up, b up")
      assert.isUndefined(above.pollUnsafe())
      yield* Fiber.interrupt(above)
      assert.strictEqual(family.news, "b down, a down, first down")
    }).pipe(silently)
  )

  it.effect("a supervisor that is interrupted during a restart waits for the sibling that it is stopping", () =>
    Effect.gen(function* () {
      const family = new Family()
      const gate = yield* Latch.make()
      const children = [family.child("slow", { stopped: gate.await }), family.child("a")]
      const running = yield* fork(Supervisor.run({ ...calm, strategy: "oneForAll" }, children))
      yield* family.end("a")
      const stopping = yield* fork(Fiber.interrupt(running))
      yield* settled
      assert.isUndefined(stopping.pollUnsafe())
      yield* gate.open
      yield* Fiber.join(stopping)
      assert.strictEqual(family.news, "slow up, a up, a down, slow down, slow up, a up, a down, slow down")
    }).pipe(silently)
  )

  it.effect("a supervisor leaves a child behind that does not stop by its deadline", () =>
    Effect.gen(function* () {
      const family = new Family()
      const gate = yield* Latch.make()
      const running = yield* fork(
        Supervisor.run(calm, [
          family.child("a"),
          family.child("slow", { stopped: gate.await, shutdown: "3 seconds" }),
          family.child("quick", { stopped: Effect.yieldNow })
        ])
      )
      const stopping = yield* fork(Fiber.interrupt(running))
      yield* TestClock.adjust("2999 millis")
      assert.strictEqual(family.news, "a up, slow up, quick up, quick down")
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(stopping)
      assert.strictEqual(family.news, "a down")
      yield* gate.open
      yield* Effect.yieldNow
      assert.strictEqual(family.news, "slow down")
    }).pipe(silently)
  )

  it.effect("a supervisor spawns an actor again that gave up", () =>
    Effect.gen(function* () {
      const restart = { intensity: 0, exhausted: "stop" } as const
      const behavior = Actor.make("fragile", {
        initial: 0,
        restart,
        build: (self) =>
          Effect.succeed({ add: () => self.update((n) => n + 1), throw: () => Effect.die(new Error("poison")) })
      })
      let current: Effect.Success<ReturnType<typeof spawn>> | undefined
      const spawn = () => Actor.spawn(behavior)
      const keep = Effect.flatMap(spawn(), (ref) => Actor.untilStopped((current = ref)))
      yield* fork(Supervisor.run(calm, [Supervisor.child("fragile", keep)]))
      const first = current
      assert.strictEqual(yield* first?.ask("add") ?? Effect.succeed(0), 1)
      yield* Effect.ignore(first?.ask("throw") ?? Effect.void)
      yield* Effect.yieldNow
      assert.notStrictEqual(current, first)
      assert.strictEqual(yield* current?.ask("add") ?? Effect.succeed(0), 1)
    }).pipe(silently)
  )

  it.effect("a supervisor refuses two children of the same id, and stops the one it had started", () =>
    Effect.gen(function* () {
      const family = new Family()
      const { reason } = yield* Effect.flip(Supervisor.run({}, [family.child("a"), family.child("a")]))
      assert.strictEqual(reason._tag, "DuplicateChild")
      assert.strictEqual(family.news, "a up, a down")
    })
  )

  it.effect("a supervisor gives children the services of its own fiber", () =>
    Effect.gen(function* () {
      class Name extends Context.Service<Name, string>()("test/Name") {}
      class Age extends Context.Service<Age, number>()("test/Age") {}
      const [name, age] = [yield* Deferred.make<string>(), yield* Deferred.make<number>()]
      const run: Effect.Effect<void, unknown, Name | Age> = Supervisor.run({}, [
        Supervisor.child(
          "name",
          Effect.flatMap(Name, (value) => Deferred.succeed(name, value)),
          { restart: "transient" }
        ),
        Supervisor.child(
          "age",
          Effect.flatMap(Age, (value) => Deferred.succeed(age, value)),
          { restart: "transient" }
        )
      ])
      yield* run.pipe(Effect.provideService(Name, "Ada"), Effect.provideService(Age, 36))
      assert.deepStrictEqual([yield* Deferred.await(name), yield* Deferred.await(age)], ["Ada", 36])
    })
  )

  describe("at run time", () => {
    it.effect("a dynamic supervisor starts, lists and stops children", () =>
      Effect.gen(function* () {
        const family = new Family()
        const supervisor = yield* Supervisor.make({ intensity: 100, backoff: "1 second" })
        yield* supervisor.start(family.child("a"))
        yield* supervisor.start(family.child("b", { restart: "transient" }))
        const { reason } = yield* Effect.flip(supervisor.start(family.child("a")))
        assert.strictEqual(reason._tag, "DuplicateChild")
        yield* family.end("a")
        yield* family.end("a")
        assert.deepStrictEqual(yield* supervisor.children, [
          { id: "a", restart: "permanent", status: "waiting", restarts: 1 },
          { id: "b", restart: "transient", status: "running", restarts: 0 }
        ])
        assert.strictEqual(family.news, "a up, b up, a down, a up, a down")
        assert.isTrue(yield* supervisor.stop("a"))
        assert.isFalse(yield* supervisor.stop("a"))
        yield* TestClock.adjust("1 minute")
        assert.isTrue(yield* supervisor.stop("b"))
        assert.strictEqual(family.news, "b down")
        assert.deepStrictEqual(yield* supervisor.children, [])
        yield* supervisor.start(family.child("a"))
        assert.strictEqual(family.news, "a up")
      }).pipe(silently)
    )

    it.effect("a dynamic supervisor stops all children in reverse order when its Scope closes", () =>
      Effect.gen(function* () {
        const family = new Family()
        yield* Effect.scoped(
          Effect.gen(function* () {
            const supervisor = yield* Supervisor.make()
            for (const id of ["a", "b", "c"]) yield* supervisor.start(family.child(id))
          })
        )
        assert.strictEqual(family.news, "a up, b up, c up, c down, b down, a down")
      })
    )

    it.effect("a dynamic supervisor starts a later child after an earlier one that crashed meanwhile", () =>
      Effect.gen(function* () {
        const family = new Family()
        const gate = yield* Latch.make()
        const options: Supervisor.Options = { strategy: "restForOne", intensity: 100, backoff: "1 second" }
        const supervisor = yield* Supervisor.make(options)
        yield* supervisor.start(family.child("slow", { stopped: gate.await }))
        for (const id of ["a", "b"]) yield* supervisor.start(family.child(id))
        for (const id of ["a", "b", "b"]) yield* family.end(id)
        assert.deepStrictEqual(family.log.splice(0).slice(-2), ["b up", "b down"])
        const stopping = yield* fork(supervisor.stop("slow"))
        yield* family.end("a")
        yield* TestClock.adjust("1 second")
        yield* gate.open
        yield* Fiber.join(stopping)
        yield* settled
        assert.strictEqual(family.news, "a down, slow down")
        yield* TestClock.adjust("1 second")
        assert.strictEqual(family.news, "a up, b up")
      }).pipe(silently)
    )

    // Live, because the test clock keeps a fiber of its own once somebody sleeps.
    it.live("a dynamic supervisor leaves no timer behind for a child that is stopped while it waits", () => {
      let fibers = 0
      const metrics = { recordFiberStart: () => void fibers++, recordFiberEnd: () => void fibers-- }
      return Effect.gen(function* () {
        const family = new Family()
        const supervisor = yield* Supervisor.make({ backoff: "1 minute" })
        yield* settled
        const before = fibers
        yield* supervisor.start(family.child("a"))
        for (const id of ["a", "a"]) yield* family.end(id)
        assert.strictEqual(fibers, before + 1)
        yield* supervisor.stop("a")
        assert.strictEqual(fibers, before)
      }).pipe(silently, Effect.provideService(Metric.FiberRuntimeMetrics, metrics))
    })

    it.effect("a dynamic supervisor that has given up says so, and refuses new children", () =>
      Effect.gen(function* () {
        const family = new Family()
        const supervisor = yield* Supervisor.make({ intensity: 0 })
        yield* supervisor.start(family.child("a"))
        yield* supervisor.start(family.child("b"))
        yield* family.end("a")
        const { reason } = yield* Effect.flip(supervisor.await)
        assert.strictEqual(reason._tag, "RestartIntensityExceeded")
        assert.strictEqual(family.news, "a up, b up, a down, b down")
        assert.strictEqual((yield* Effect.flip(supervisor.start(family.child("c")))).reason, reason)
        assert.strictEqual(family.news, "")
      }).pipe(silently)
    )

    it.effect("children keep waiting for the one before them when another is stopped", () =>
      Effect.gen(function* () {
        const family = new Family()
        const supervisor = yield* Supervisor.make({ strategy: "restForOne", intensity: 100, backoff: "10 seconds" })
        for (const id of ["z", "a", "b"]) yield* supervisor.start(family.child(id))
        for (const id of ["a", "a"]) yield* family.end(id)
        yield* supervisor.start(family.child("c"))
        assert.strictEqual(family.news, "z up, a up, b up, a down, b down, a up, b up, a down, b down, c up")
        for (const id of ["z", "c"]) assert.isTrue(yield* supervisor.stop(id))
        yield* settled
        assert.strictEqual(family.news, "z down, c down")
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(family.news, "a up, b up")
      }).pipe(silently)
    )

    it.effect("children that wait for one that is stopped start, except those with their own backoff", () =>
      Effect.gen(function* () {
        const family = new Family()
        const supervisor = yield* Supervisor.make({ strategy: "restForOne", intensity: 100, backoff: "10 seconds" })
        for (const id of ["a", "b"]) yield* supervisor.start(family.child(id))
        for (const id of ["a", "a"]) yield* family.end(id)
        for (const id of ["c", "d"]) yield* supervisor.start(family.child(id))
        for (const id of ["c", "c"]) yield* family.end(id)
        family.log.splice(0)
        yield* supervisor.stop("a")
        assert.strictEqual(family.news, "b up")
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(family.news, "c up, d up")
      }).pipe(silently)
    )

    it.effect("the other children start when the one they wait for is stopped", () =>
      Effect.gen(function* () {
        const family = new Family()
        const supervisor = yield* Supervisor.make({ strategy: "oneForAll", intensity: 100, backoff: "1 second" })
        for (const id of ["a", "b"]) yield* supervisor.start(family.child(id))
        yield* family.end("a")
        yield* family.end("a")
        assert.strictEqual(family.news, "a up, b up, a down, b down, a up, b up, a down, b down")
        yield* supervisor.stop("a")
        assert.strictEqual(family.news, "b up")
      }).pipe(silently)
    )
  })
})
