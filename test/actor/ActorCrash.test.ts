import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, FiberMap, Latch, Logger, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ActorError, DeadLetters } from "fibra/actor"

/** What happened to the actor from outside: builds and releases in their order. */
class Diary {
  readonly entries: Array<string> = []
  builds = 0
  readonly write = (entry: string) => Effect.sync(() => void this.entries.push(entry))
}

/** Counts, and throws when told to. */
const fragile = (options?: Actor.Options & { readonly diary?: Diary; readonly gate?: Latch.Latch }) => {
  const diary = options?.diary ?? new Diary()
  return Actor.make("fragile", {
    initial: { count: 0 },
    ...options,
    build: (self) =>
      Effect.gen(function* () {
        const life = ++diary.builds
        yield* Effect.acquireRelease(diary.write(`built ${life}`), () => diary.write(`released ${life}`))
        return {
          add: (by: number) =>
            Effect.map(
              self.update(({ count }) => ({ count: count + by })),
              ({ count }) => count
            ),
          hold: () => options?.gate?.await ?? Effect.void,
          throw: (by: number) =>
            Effect.gen(function* () {
              yield* self.update(({ count }) => ({ count: count + by }))
              if (by > 100) yield* Effect.yieldNow
              return yield* Effect.die(new Error("poison"))
            }),
          throwAtOnce: () => {
            throw new Error("poison")
          }
        }
      })
  })
}

const reasonOf = <A, E>(ask: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(ask), (error) => (error instanceof ActorError ? error.reason : undefined))

const tagOf = <A, E>(ask: Effect.Effect<A, E>) => Effect.map(reasonOf(ask), (reason) => reason?._tag)

const fork = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })

const deadLetters = Effect.flatMap(DeadLetters.DeadLetters, (letters) =>
  Effect.map(letters.recent, (recent) => recent.map(({ reason, tag }) => `${tag}: ${reason}`))
)

/** Each test with its own dead letters, and without the log of its crashes. */
const isolated = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => Effect.provideService(effect, DeadLetters.DeadLetters, DeadLetters.makeUnsafe())).pipe(
    Effect.provide(Logger.layer([]))
  )

/** Crashes it as often as its policy tolerates, and once more. */
const fault = (ref: { readonly throw: Effect.Effect<unknown, unknown> }) =>
  Effect.gen(function* () {
    for (let crash = 0; crash < 6; crash++) {
      yield* Effect.ignore(ref.throw)
      yield* TestClock.adjust("2 seconds")
    }
  })

describe("a crash", () => {
  it.effect(
    "a crash consumes its message, fails the ask, and brings the actor back at its last good state, each time",
    () =>
      Effect.gen(function* () {
        const diary = new Diary()
        const ref = yield* Actor.spawn(fragile({ diary }))
        assert.strictEqual(yield* ref.ask("add", 1), 1)

        const reason = yield* reasonOf(ref.ask("throw", 50))
        assert.isTrue(reason?._tag === "ActorCrashed" && reason.actor === "fragile")
        assert.include(String(reason?._tag === "ActorCrashed" && reason.cause), "poison")
        assert.strictEqual((yield* ref.state).count, 1)
        assert.strictEqual(yield* ref.ask("add", 1), 2)

        assert.strictEqual(yield* tagOf(ref.ask("throwAtOnce")), "ActorCrashed")
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* ref.ask("add", 1), 3)

        assert.strictEqual(yield* tagOf(ref.ask("throw", 500)), "ActorCrashed")
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* ref.ask("add", 1), 4)

        assert.deepStrictEqual(diary.entries, [
          "built 1",
          "released 1",
          "built 2",
          "released 2",
          "built 3",
          "released 3",
          "built 4"
        ])
        assert.deepStrictEqual(yield* deadLetters, ["throw: Crashed", "throwAtOnce: Crashed", "throw: Crashed"])
      }).pipe(isolated)
  )

  it.effect("a crash restarts at once the first time, then after a doubling delay, and at once after health", () =>
    Effect.gen(function* () {
      const diary = new Diary()
      const restart = { intensity: 20, backoff: "1 second", maxBackoff: "2 seconds" } as const
      const ref = yield* Actor.spawn(fragile({ diary, restart }))
      const crash = Effect.ignore(ref.ask("throw", 1))
      /** The delay is at least half of what the policy says, and at most all of it. */
      const comesBackWithin = (millis: number) =>
        Effect.gen(function* () {
          const { builds } = diary
          yield* crash
          yield* TestClock.adjust(millis / 2 - 1)
          assert.strictEqual(diary.builds, builds)
          assert.strictEqual(yield* ref.status, "restarting")
          yield* TestClock.adjust(millis / 2 + 1)
          assert.strictEqual(diary.builds, builds + 1)
          assert.strictEqual(yield* ref.status, "running")
        })
      yield* crash
      assert.strictEqual(diary.builds, 2)
      yield* comesBackWithin(1_000)
      yield* comesBackWithin(2_000)
      yield* comesBackWithin(2_000)
      yield* TestClock.adjust("30 seconds")
      yield* crash
      assert.strictEqual(diary.builds, 6)
      yield* comesBackWithin(1_000)
    }).pipe(isolated)
  )

  it.effect("a crash keeps the messages that wait, and those that arrive meanwhile, in their order", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      const ref = yield* Actor.spawn(fragile({ gate, capacity: 4 }))
      yield* Effect.ignore(ref.ask("throw", 1))
      yield* ref.tell("hold")
      const poison = yield* fork(tagOf(ref.ask("throw", 1)))
      const first = yield* fork(ref.ask("add", 1))
      yield* gate.open
      assert.strictEqual(yield* Fiber.join(poison), "ActorCrashed")
      assert.strictEqual(yield* ref.status, "restarting")
      const more = yield* Effect.forEach([2, 3, 4], (by) => fork(ref.ask("add", by)))
      assert.strictEqual(yield* tagOf(ref.ask("add", 5)), "MailboxFull")
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(yield* Fiber.join(first), 1)
      assert.deepStrictEqual(yield* Fiber.joinAll(more), [3, 6, 10])
    }).pipe(isolated)
  )

  it.effect("a crash does not stop the messages behind it from being handled, however many there are", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      const ref = yield* Actor.spawn(fragile({ gate, restart: { intensity: 1000, backoff: 0 } }))
      yield* ref.tell("hold")
      const asked = yield* fork(
        Effect.forEach(
          Array.from({ length: 200 }, (_, n) => n),
          (n) => (n % 2 === 0 ? Effect.exit(ref.ask("throw", 1)) : Effect.exit(ref.ask("add", 1))),
          { concurrency: "unbounded" }
        )
      )
      yield* gate.open
      const exits = yield* Fiber.join(asked)
      assert.strictEqual(exits.filter(Exit.isSuccess).length, 100)
      assert.strictEqual((yield* ref.state).count, 100)
    }).pipe(isolated)
  )

  describe("too many times", () => {
    it.effect("a sixth crash within thirty seconds makes the actor faulted: calls fail fast", () =>
      Effect.gen(function* () {
        const diary = new Diary()
        const ref = yield* Actor.spawn(fragile({ diary }))
        yield* ref.ask("add", 1)
        for (let crash = 1; crash <= 5; crash++) {
          assert.strictEqual(yield* tagOf(ref.ask("throw", 1)), "ActorCrashed")
          yield* TestClock.adjust("1 second")
          assert.strictEqual(yield* ref.status, "running")
        }
        assert.strictEqual(yield* tagOf(ref.ask("throw", 1)), "ActorCrashed")
        assert.strictEqual(yield* ref.status, "faulted")
        yield* TestClock.adjust("10 seconds")
        const reason = yield* reasonOf(ref.ask("add", 1))
        assert.strictEqual(reason?._tag === "ActorFaulted" ? reason.retryAfter : undefined, 20_000)
        assert.strictEqual(yield* tagOf(ref.tell("add", 1)), "ActorFaulted")
        assert.strictEqual((yield* ref.state).count, 1)
        assert.strictEqual(diary.builds, 6)
        assert.deepStrictEqual((yield* deadLetters).slice(-3), ["throw: Crashed", "add: Faulted", "add: Faulted"])
      }).pipe(isolated)
    )

    it.effect("a faulted actor refuses the messages and the senders that wait", () =>
      Effect.gen(function* () {
        const gate = yield* Latch.make()
        const restart = { intensity: 0 }
        const ref = yield* Actor.spawn(fragile({ gate, restart, capacity: 1, overflow: { _tag: "Backpressure" } }))
        yield* ref.tell("hold")
        const poison = yield* fork(tagOf(ref.ask("throw", 1)))
        const waiting = yield* Effect.forEach([1, 2, 3], (by) => fork(tagOf(ref.ask("add", by))))
        yield* gate.open
        assert.strictEqual(yield* Fiber.join(poison), "ActorCrashed")
        assert.deepStrictEqual(yield* Fiber.joinAll(waiting), ["ActorFaulted", "ActorFaulted", "ActorFaulted"])
      }).pipe(isolated)
    )

    it.effect("a faulted actor recovers when a probe succeeds and health follows", () =>
      Effect.gen(function* () {
        const ref = yield* Actor.spawn(fragile())
        yield* ref.ask("add", 1)
        yield* fault({ throw: ref.ask("throw", 1) })
        assert.strictEqual(yield* ref.status, "faulted")
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual(yield* ref.status, "running")
        assert.strictEqual(yield* ref.ask("add", 1), 2)
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual(yield* tagOf(ref.ask("throw", 1)), "ActorCrashed")
        assert.strictEqual(yield* ref.status, "running")
      }).pipe(isolated)
    )

    it.effect("an actor that crashes half-open is faulted again, for longer", () =>
      Effect.gen(function* () {
        const ref = yield* Actor.spawn(fragile({ restart: { intensity: 0 } }))
        const retryAfter = Effect.map(reasonOf(ref.ask("add", 1)), (reason) =>
          reason?._tag === "ActorFaulted" ? reason.retryAfter : undefined
        )
        yield* Effect.ignore(ref.ask("throw", 1))
        assert.strictEqual(yield* retryAfter, 30_000)
        yield* TestClock.adjust("30 seconds")
        yield* Effect.ignore(ref.ask("throw", 1))
        assert.strictEqual(yield* retryAfter, 60_000)
        yield* TestClock.adjust("60 seconds")
        yield* Effect.ignore(ref.ask("throw", 1))
        assert.strictEqual(yield* retryAfter, 120_000)
        yield* TestClock.adjust("120 seconds")
        assert.strictEqual(yield* ref.ask("add", 1), 1)
      }).pipe(isolated)
    )

    it.effect("too many crashes end the actor, if that is the policy; those who watch it are told why", () =>
      Effect.gen(function* () {
        const diary = new Diary()
        const restart = { intensity: 1, exhausted: "stop" } as const
        const ref = yield* Actor.spawn(fragile({ diary, restart }))
        const watching = yield* fork(ref.watch)
        const supervised = yield* fork(tagOf(Actor.untilStopped(ref)))
        yield* Effect.ignore(ref.ask("throw", 1))
        assert.isUndefined(watching.pollUnsafe())
        yield* Effect.ignore(ref.ask("throw", 1))
        const termination = yield* Fiber.join(watching)
        assert.isTrue(termination._tag === "Crashed" && Cause.hasDies(termination.cause))
        assert.strictEqual(yield* Fiber.join(supervised), "ActorCrashed")
        assert.strictEqual(yield* tagOf(ref.ask("add", 1)), "ActorStopped")
        assert.deepStrictEqual(diary.entries, ["built 1", "released 1", "built 2", "released 2"])
        yield* ref.stop()
      }).pipe(isolated)
    )
  })

  describe("while rebuilding", () => {
    const rebuilding = (
      rebuild: (life: number) => Effect.Effect<unknown, never, Scope.Scope>,
      restart?: Actor.Options["restart"]
    ) => {
      let life = 0
      return Actor.make("rebuilding", {
        initial: 0,
        ...(restart === undefined ? {} : { restart }),
        build: (self) =>
          Effect.gen(function* () {
            yield* self.update((n) => n + 1)
            yield* rebuild(++life)
            return { get: () => self.get, throw: () => Effect.die("poison") }
          })
      })
    }

    it.effect("a crash of the build is a crash like another, and what the build had set is forgotten", () =>
      Effect.gen(function* () {
        const lives: Array<number> = []
        const rebuild = (life: number) =>
          Effect.andThen(
            Effect.sync(() => lives.push(life)),
            life === 2 || life === 3 ? Effect.die("no build") : Effect.void
          )
        const ref = yield* Actor.spawn(rebuilding(rebuild))
        yield* Effect.ignore(ref.ask("throw"))
        const asked = yield* fork(ref.ask("get"))
        assert.deepStrictEqual(lives, [1, 2])
        yield* TestClock.adjust("100 millis")
        assert.deepStrictEqual(lives, [1, 2, 3])
        yield* TestClock.adjust("200 millis")
        assert.deepStrictEqual(lives, [1, 2, 3, 4])
        assert.strictEqual(yield* Fiber.join(asked), 2)
      }).pipe(isolated)
    )

    it.effect("too many crashes of the build make the actor faulted", () =>
      Effect.gen(function* () {
        const rebuild = (life: number) => (life === 1 ? Effect.void : Effect.die("no build"))
        const ref = yield* Actor.spawn(rebuilding(rebuild, { intensity: 2, backoff: 0 }))
        const crashed = tagOf(ref.ask("throw"))
        assert.strictEqual(yield* crashed, "ActorCrashed")
        assert.strictEqual(yield* ref.status, "faulted")
        assert.strictEqual(yield* tagOf(ref.ask("get")), "ActorFaulted")
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual(yield* ref.status, "faulted")
      }).pipe(isolated)
    )

    it.effect("a background fiber that fails before the build is done counts as a crash of the build", () =>
      Effect.gen(function* () {
        const rebuild = (life: number) =>
          life === 1
            ? Effect.andThen(Effect.forkScoped(Effect.die("in the background")), Effect.sleep("1 second"))
            : Effect.void
        const spawned = yield* fork(tagOf(Effect.scoped(Actor.spawn(rebuilding(rebuild)))))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* Fiber.join(spawned), "ActorCrashed")
      }).pipe(isolated)
    )

    it.effect("stopping an actor interrupts its build and releases what that had acquired", () =>
      Effect.gen(function* () {
        const [release, released] = [yield* Latch.make(), yield* Deferred.make<void>()]
        const rebuild = (life: number) =>
          life === 1
            ? Effect.void
            : Effect.onInterrupt(Effect.never, () =>
                Effect.andThen(release.await, Deferred.succeed(released, undefined))
              )
        const ref = yield* Actor.spawn(rebuilding(rebuild))
        yield* Effect.ignore(ref.ask("throw"))
        const waiting = yield* fork(tagOf(ref.ask("get")))
        const stopping = yield* fork(ref.stop())
        assert.strictEqual(yield* Fiber.join(waiting), "ActorStopped")
        assert.isUndefined(stopping.pollUnsafe())
        yield* release.open
        yield* Fiber.join(stopping)
        assert.isTrue(yield* Deferred.isDone(released))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* ref.status, "stopped")
      }).pipe(isolated)
    )
  })

  describe("in the background", () => {
    const withBackground = (
      start: (life: number, crash: Latch.Latch) => Effect.Effect<unknown, unknown, Scope.Scope>
    ) =>
      Effect.gen(function* () {
        const crash = yield* Latch.make()
        let life = 0
        const ref = yield* Actor.spawn(
          Actor.make("background", {
            initial: 0,
            build: (self) =>
              Effect.gen(function* () {
                yield* start(++life, crash)
                return {
                  life: () => Effect.sync(() => life),
                  background: () => Effect.forkScoped(Effect.andThen(crash.await, Effect.die("background"))),
                  hold: () => Effect.andThen(self.set(1), Effect.never)
                }
              })
          })
        )
        return { crash, ref }
      })

    it.effect("a background fiber that dies or fails ends the life of its actor", () =>
      Effect.gen(function* () {
        for (const end of [Effect.die("dies"), Effect.fail("fails")]) {
          const { crash, ref } = yield* withBackground((life, crash) =>
            life === 1 ? Effect.forkScoped(Effect.andThen(crash.await, end)) : Effect.void
          )
          assert.strictEqual(yield* ref.ask("life"), 1)
          yield* crash.open
          yield* Effect.yieldNow
          assert.strictEqual(yield* ref.ask("life"), 2)
        }
      }).pipe(isolated)
    )

    it.effect("a background fiber that a handler forked ends the life of its actor, too", () =>
      Effect.gen(function* () {
        const { crash, ref } = yield* withBackground(() => Effect.void)
        yield* ref.ask("background")
        yield* crash.open
        yield* Effect.yieldNow
        yield* Effect.yieldNow
        assert.strictEqual(yield* ref.ask("life"), 2)
      }).pipe(isolated)
    )

    it.effect("a background fiber that was started at once and fails before it first waits goes unnoticed", () =>
      Effect.gen(function* () {
        for (const startImmediately of [false, true]) {
          let builds = 0
          const ref = yield* Actor.spawn(
            Actor.make("hasty", {
              initial: 0,
              build: () =>
                Effect.gen(function* () {
                  if (++builds === 1) yield* Effect.forkScoped(Effect.die("at once"), { startImmediately })
                  return {}
                })
            })
          )
          yield* TestClock.adjust("1 second")
          assert.deepStrictEqual([yield* ref.status, builds], ["running", startImmediately ? 1 : 2])
        }
      }).pipe(isolated)
    )

    it.effect("a background fiber that ends or is interrupted is no crash", () =>
      Effect.gen(function* () {
        const { crash, ref } = yield* withBackground((_, crash) =>
          Effect.gen(function* () {
            yield* Effect.forkScoped(crash.await)
            yield* Effect.forkScoped(Effect.andThen(crash.await, Effect.interrupt))
            yield* Effect.flatMap(Effect.forkScoped(Effect.never), Fiber.interrupt)
          })
        )
        yield* crash.open
        yield* Effect.yieldNow
        assert.strictEqual(yield* ref.ask("life"), 1)
      }).pipe(isolated)
    )

    it.effect("a background fiber that crashes interrupts the handler, whose asker is told of the crash", () =>
      Effect.gen(function* () {
        const { crash, ref } = yield* withBackground((life, crash) =>
          life === 1 ? Effect.forkScoped(Effect.andThen(crash.await, Effect.die("background"))) : Effect.void
        )
        const held = yield* fork(tagOf(ref.ask("hold")))
        assert.strictEqual(yield* ref.state, 1)
        yield* crash.open
        assert.strictEqual(yield* Fiber.join(held), "ActorCrashed")
        assert.strictEqual(yield* ref.state, 0)
        assert.deepStrictEqual(yield* deadLetters, ["hold: Crashed"])
      }).pipe(isolated)
    )

    it.effect("a background fiber that crashes interrupts the others of that life before the next one begins", () =>
      Effect.gen(function* () {
        const log: Array<string> = []
        const { crash, ref } = yield* withBackground((life, crash) =>
          Effect.gen(function* () {
            log.push(`built ${life}`)
            const tick = Effect.onInterrupt(Effect.never, () => Effect.sync(() => log.push(`interrupted ${life}`)))
            yield* Effect.forkScoped(tick)
            const map = yield* FiberMap.make<string>()
            yield* FiberMap.run(map, "tick", tick)
            if (life === 1) yield* Effect.forkScoped(Effect.andThen(crash.await, Effect.die("background")))
          })
        )
        yield* Effect.yieldNow
        yield* crash.open
        yield* Effect.yieldNow
        assert.strictEqual(yield* ref.ask("life"), 2)
        assert.deepStrictEqual(log, ["built 1", "interrupted 1", "interrupted 1", "built 2"])
      }).pipe(isolated)
    )
  })

  it.effect("a crash waits for the finalizers of the handler it interrupts, and ignores what they set", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const [crash, finalize] = [yield* Latch.make(), yield* Latch.make()]
      let life = 0
      const ref = yield* Actor.spawn(
        Actor.make("late", {
          initial: 0,
          build: (self) =>
            Effect.gen(function* () {
              log.push(`built ${++life}`)
              if (life === 1) yield* Effect.forkScoped(Effect.andThen(crash.await, Effect.die("background")))
              const set = Effect.tap(self.set(99), () => Effect.sync(() => log.push("set")))
              return {
                hold: () => Effect.onInterrupt(Effect.never, () => Effect.andThen(finalize.await, set)),
                get: () => self.get
              }
            })
        })
      )
      yield* ref.tell("hold")
      const asked = yield* fork(ref.ask("get"))
      yield* crash.open
      yield* Effect.yieldNow
      assert.deepStrictEqual(log, ["built 1"])
      yield* finalize.open
      assert.strictEqual(yield* Fiber.join(asked), 0)
      assert.deepStrictEqual(log, ["built 1", "set", "built 2"])
    }).pipe(isolated)
  )

  it.effect("a crash does not wait for a background fiber that waits for its update uninterruptibly", () =>
    Effect.gen(function* () {
      const [gate, saved] = [yield* Latch.make(), yield* Deferred.make<number>()]
      let life = 0
      const ref = yield* Actor.spawn(
        Actor.make("saver", {
          initial: 0,
          build: (self) =>
            Effect.gen(function* () {
              const save = Effect.flatMap(self.set(7), () => Deferred.succeed(saved, ++life))
              if (life === 0) yield* Effect.forkScoped(Effect.uninterruptible(save))
              return { poison: () => Effect.andThen(gate.await, Effect.die("poison")), get: () => self.get }
            })
        })
      )
      yield* ref.tell("poison")
      yield* Effect.yieldNow
      yield* gate.open
      assert.strictEqual(yield* Deferred.await(saved), 1)
      assert.strictEqual(yield* ref.ask("get"), 0)
    }).pipe(isolated)
  )

  it.effect("an actor restarts when a finalizer fails", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(
        Actor.make("untidy", {
          initial: 0,
          build: () =>
            Effect.as(
              Effect.addFinalizer(() => Effect.die("a finalizer that fails")),
              {
                throw: () => Effect.die("poison"),
                hello: () => Effect.succeed("hello")
              }
            )
        })
      )
      yield* Effect.ignore(ref.ask("throw"))
      assert.strictEqual(yield* ref.ask("hello"), "hello")
    }).pipe(isolated)
  )

  it.effect("a background update that throws ends its fiber and the life of the actor", () =>
    Effect.gen(function* () {
      let life = 0
      const interrupted = yield* Deferred.make<void>()
      const ref = yield* Actor.spawn(
        Actor.make("updates", {
          initial: 0,
          build: (self) =>
            Effect.gen(function* () {
              const update = self.update(() => {
                throw new Error("poison")
              })
              if (++life === 1) {
                yield* Effect.forkScoped(Effect.onInterrupt(update, () => Deferred.succeed(interrupted, undefined)))
              }
              return { life: () => Effect.sync(() => life) }
            })
        })
      )
      yield* Deferred.await(interrupted)
      assert.strictEqual(yield* ref.ask("life"), 2)
      assert.deepStrictEqual(yield* deadLetters, [])
    }).pipe(isolated)
  )

  describe("while stopping", () => {
    it.effect("a crash while stopping ends the drain: waiting messages are refused, and nothing restarts", () =>
      Effect.gen(function* () {
        const [diary, gate] = [new Diary(), yield* Latch.make()]
        const ref = yield* Actor.spawn(fragile({ diary, gate }))
        yield* ref.tell("hold")
        const poison = yield* fork(tagOf(ref.ask("throw", 1)))
        const waiting = yield* fork(tagOf(ref.ask("add", 1)))
        const stopping = yield* fork(ref.stop())
        yield* gate.open
        assert.strictEqual(yield* Fiber.join(poison), "ActorCrashed")
        assert.strictEqual(yield* Fiber.join(waiting), "ActorStopped")
        yield* Fiber.join(stopping)
        assert.deepStrictEqual(yield* ref.watch, { _tag: "Stopped" })
        assert.deepStrictEqual(diary.entries, ["built 1", "released 1"])
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(diary.builds, 1)
      }).pipe(isolated)
    )

    it.effect("a crash while stopping does not announce the end before everything is released", () =>
      Effect.gen(function* () {
        const gate = yield* Latch.make()
        const log: Array<string> = []
        const ref = yield* Actor.spawn(
          Actor.make("slow to release", {
            initial: 0,
            build: () =>
              Effect.as(
                Effect.addFinalizer(() =>
                  Effect.andThen(
                    Effect.sleep("1 second"),
                    Effect.sync(() => log.push("released"))
                  )
                ),
                { poison: () => Effect.andThen(gate.await, Effect.die("poison")) }
              )
          })
        )
        yield* ref.tell("poison")
        const stopping = yield* fork(Effect.tap(ref.stop(), () => Effect.sync(() => log.push("stopped"))))
        yield* gate.open
        yield* Effect.yieldNow
        assert.deepStrictEqual(log, [])
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(stopping)
        assert.deepStrictEqual(log, ["released", "stopped"])
      }).pipe(isolated)
    )

    it.effect("an actor that waits for its restart stops at once", () =>
      Effect.gen(function* () {
        const diary = new Diary()
        const ref = yield* Actor.spawn(fragile({ diary }))
        yield* Effect.ignore(ref.ask("throw", 1))
        yield* Effect.ignore(ref.ask("throw", 1))
        assert.strictEqual(yield* ref.status, "restarting")
        const waiting = yield* fork(tagOf(ref.ask("add", 1)))
        yield* ref.stop()
        assert.strictEqual(yield* Fiber.join(waiting), "ActorStopped")
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(diary.entries, ["built 1", "released 1", "built 2", "released 2"])
      }).pipe(isolated)
    )
  })
})
