import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Latch, Logger, Metric } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ActorError, DeadLetters, Overflow } from "fibra/actor"

class Refused extends Error {
  readonly _tag = "Refused"
}

/** Counts; `hold` waits for the gate, `log` remembers. */
const counter = (options?: Actor.Options & { readonly gate?: Latch.Latch }) =>
  Actor.make("counter", {
    initial: { count: 0, log: [] as ReadonlyArray<string> },
    ...options,
    build: (self) =>
      Effect.succeed({
        add: (by: number) =>
          Effect.map(
            self.update((s) => ({ ...s, count: s.count + by })),
            (s) => s.count
          ),
        log: (entry: string) => self.update((s) => ({ ...s, log: [...s.log, entry] })),
        hold: () => (options?.gate === undefined ? Effect.void : options.gate.await),
        refuse: (by: number) =>
          Effect.andThen(
            self.update((s) => ({ ...s, count: s.count + by })),
            Effect.fail(new Refused())
          )
      })
  })

/** What an ask was refused for. */
const reasonOf = <A, E>(ask: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(ask), (error) => (error instanceof ActorError ? error.reason._tag : error))

const fork = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })

const deadLetters = Effect.flatMap(DeadLetters.DeadLetters, (letters) =>
  Effect.map(letters.recent, (recent) => recent.map(({ reason, tag }) => `${tag}: ${reason}`))
)

const withDeadLetters = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => Effect.provideService(effect, DeadLetters.DeadLetters, DeadLetters.makeUnsafe()))

const silently = Effect.provide(Logger.layer([]))

class Fibers {
  running = 0
  readonly recordFiberStart = () => void this.running++
  readonly recordFiberEnd = () => void this.running--
}

describe("Actor", () => {
  it.effect("an actor answers an ask with the result of its handler", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(counter(), { address: "counter/1" })
      assert.strictEqual(ref.address, "counter/1")
      assert.strictEqual(yield* ref.ask("add", 2), 2)
      assert.strictEqual(yield* ref.ask("add", 3), 5)
      assert.strictEqual((yield* ref.state).count, 5)
      assert.strictEqual(yield* ref.status, "running")
      assert.strictEqual(yield* ref.pending, 0)
    })
  )

  it.effect("an actor accepts a tell without waiting for the handler", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      const ref = yield* Actor.spawn(counter({ gate }))
      yield* ref.tell("hold")
      yield* ref.tell("add", 1)
      assert.strictEqual((yield* ref.state).count, 0)
      assert.strictEqual(yield* ref.pending, 1)
      yield* gate.open
      assert.strictEqual(yield* ref.ask("add", 1), 2)
    })
  )

  it.effect("an actor passes typed errors to the asker and keeps what the handler changed", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(counter())
      const error = yield* Effect.flip(ref.ask("refuse", 7))
      assert.instanceOf(error, Refused)
      assert.strictEqual((yield* ref.state).count, 7)
      assert.strictEqual(yield* ref.ask("add", 1), 8)
    })
  )

  it.effect("an actor handles one message at a time, in their order", () =>
    Effect.gen(function* () {
      let running = 0
      const ref = yield* Actor.spawn(
        Actor.make("sequence", {
          initial: [] as ReadonlyArray<number>,
          build: (self) =>
            Effect.succeed({
              add: (n: number) =>
                Effect.gen(function* () {
                  assert.strictEqual(++running, 1)
                  yield* Effect.yieldNow
                  yield* self.update((all) => [...all, n])
                  if (n % 2 === 0) yield* Effect.yieldNow
                  running--
                })
            })
        })
      )
      const numbers = Array.from({ length: 200 }, (_, n) => n)
      yield* Effect.forEach(numbers, (n) => ref.ask("add", n), { concurrency: "unbounded", discard: true })
      assert.deepStrictEqual(yield* ref.state, numbers)
    })
  )

  it.effect("an actor lets control messages jump the queue", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      const ref = yield* Actor.spawn(counter({ gate }))
      yield* ref.tell("hold")
      yield* ref.tell("log", "normal 1")
      yield* ref.tell("log", "normal 2")
      yield* ref.tell("log", "control 1", { lane: "control" })
      yield* ref.tell("log", "control 2", { lane: "control" })
      yield* gate.open
      yield* ref.ask("log", "last")
      assert.deepStrictEqual((yield* ref.state).log, ["control 1", "control 2", "normal 1", "normal 2", "last"])
    })
  )

  it.effect("an actor refuses a tag it has no handler for, and one that every object has", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(counter())
      assert.strictEqual(yield* reasonOf(ref.ask("nonsense" as "hold")), "UnknownMessage")
      assert.strictEqual(yield* reasonOf(ref.ask("toString" as "hold")), "UnknownMessage")
      assert.deepStrictEqual(yield* deadLetters, ["nonsense: Unknown", "toString: Unknown"])
      assert.strictEqual(yield* ref.status, "running")
    }).pipe(withDeadLetters)
  )

  it.effect("an actor can tell itself, and handles that afterwards", () =>
    Effect.gen(function* () {
      type Handlers = { readonly first: () => Effect.Effect<void>; readonly second: () => Effect.Effect<unknown> }
      const ref: Actor.ActorRef<ReadonlyArray<string>, Handlers> = yield* Actor.spawn(
        Actor.make("self", {
          initial: [] as ReadonlyArray<string>,
          build: (self) =>
            Effect.succeed({
              first: () =>
                Effect.gen(function* () {
                  yield* Effect.orDie(ref.tell("second"))
                  yield* self.update((log) => [...log, "first"])
                }),
              second: () => self.update((log) => [...log, "second"])
            })
        })
      )
      yield* ref.ask("first")
      assert.deepStrictEqual(yield* ref.state, ["first", "second"])
    })
  )

  it.effect("an actor does not run out of stack when thousands of actors tell each other in a row", () =>
    Effect.gen(function* () {
      const length = 5_000
      const done = yield* Deferred.make<number>()
      const refs: Array<Actor.ActorRef<number, { go: () => Effect.Effect<unknown> }>> = []
      for (let index = 0; index < length; index++) {
        const go = (): Effect.Effect<unknown> =>
          index + 1 === length
            ? Deferred.succeed(done, index)
            : Effect.suspend(() => Effect.orDie(refs[index + 1]?.tell("go") ?? Effect.void))
        refs.push(yield* Actor.spawn(Actor.make("link", { initial: 0, build: () => Effect.succeed({ go }) })))
      }
      yield* refs[0]?.tell("go") ?? Effect.void
      assert.strictEqual(yield* Deferred.await(done), length - 1)
      assert.isTrue((yield* Effect.forEach(refs, (ref) => ref.status)).every((status) => status === "running"))
    })
  )

  it.effect("an actor does not run out of stack when many askers ask again and again", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      const ref = yield* Actor.spawn(counter({ gate, capacity: 2_000 }))
      yield* ref.tell("hold")
      const asker = Effect.repeat(ref.ask("add", 1), { times: 9 })
      const askers = yield* fork(
        Effect.forEach(Array.from({ length: 1_000 }), () => asker, { concurrency: "unbounded" })
      )
      yield* gate.open
      yield* Fiber.join(askers)
      assert.strictEqual((yield* ref.state).count, 10_000)
    })
  )

  it.effect("an actor lets other fibers run between many messages", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      const ref = yield* Actor.spawn(counter({ gate, capacity: 2_000 }))
      yield* ref.tell("hold")
      yield* Effect.forEach(Array.from({ length: 1_000 }), () => ref.tell("add", 1))
      const seen = new Set<number>()
      const look = Effect.map(ref.state, ({ count }) => seen.add(count))
      yield* fork(Effect.forever(Effect.andThen(look, Effect.yieldNow)))
      yield* gate.open
      assert.strictEqual(yield* ref.ask("add", 1), 1_001)
      assert.isAtLeast(seen.size, 5)
    })
  )

  describe("time", () => {
    it.effect("an ask stops waiting after its timeout, and interrupts the handler", () =>
      Effect.gen(function* () {
        const interrupted = yield* Deferred.make<void>()
        const ref = yield* Actor.spawn(
          Actor.make("slow", {
            initial: 0,
            build: (self) =>
              Effect.succeed({
                slow: () => Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined)),
                add: () => self.update((n) => n + 1)
              })
          })
        )
        const asked = yield* fork(reasonOf(ref.ask("slow", undefined, { timeout: "1 second" })))
        yield* TestClock.adjust("999 millis")
        assert.isUndefined(asked.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* Fiber.join(asked), "AskTimeout")
        yield* Deferred.await(interrupted)
        assert.strictEqual(yield* ref.ask("add"), 1)
      })
    )

    it.effect("interrupting an asker interrupts its handler, and no other", () =>
      Effect.gen(function* () {
        const log: Array<string> = []
        const ref = yield* Actor.spawn(
          Actor.make("slow", {
            initial: 0,
            build: () =>
              Effect.succeed({
                wait: (name: string) =>
                  Effect.sync(() => log.push(`${name} started`)).pipe(
                    Effect.andThen(Effect.sleep("1 second")),
                    Effect.onInterrupt(() => Effect.sync(() => log.push(`${name} interrupted`))),
                    Effect.andThen(Effect.sync(() => log.push(`${name} done`)))
                  )
              })
          })
        )
        const a = yield* fork(ref.ask("wait", "a"))
        const b = yield* fork(ref.ask("wait", "b"))
        const c = yield* fork(ref.ask("wait", "c"))
        yield* Fiber.interrupt(b)
        assert.strictEqual(yield* ref.pending, 1)
        yield* Fiber.interrupt(a)
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(c)
        assert.deepStrictEqual(log, ["a started", "a interrupted", "c started", "c done"])
        assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(b)))
      })
    )

    it.effect("an actor keeps what an interrupted handler had changed", () =>
      Effect.gen(function* () {
        const ref = yield* Actor.spawn(
          Actor.make("half", {
            initial: 0,
            build: (self) => Effect.succeed({ half: () => Effect.andThen(self.set(1), Effect.never) })
          })
        )
        yield* Fiber.interrupt(yield* fork(ref.ask("half")))
        assert.strictEqual(yield* ref.state, 1)
        assert.strictEqual(yield* ref.status, "running")
      })
    )

    it.effect("an actor drops a message that expires before its turn", () =>
      Effect.gen(function* () {
        const gate = yield* Latch.make()
        const ref = yield* Actor.spawn(counter({ gate }))
        yield* ref.tell("hold")
        const expired = yield* fork(reasonOf(ref.ask("add", 1, { timeToLive: "1 second" })))
        const alive = yield* fork(ref.ask("add", 10, { timeToLive: "3 seconds" }))
        yield* TestClock.adjust("2 seconds")
        yield* gate.open
        assert.strictEqual(yield* Fiber.join(expired), "MessageExpired")
        assert.strictEqual(yield* Fiber.join(alive), 10)
        assert.deepStrictEqual(yield* deadLetters, ["add: Expired"])
      }).pipe(withDeadLetters)
    )

    it.effect("an actor interrupts a handler that runs longer than the handler timeout", () =>
      Effect.gen(function* () {
        const ref = yield* Actor.spawn(
          Actor.make("slow", {
            initial: 0,
            handlerTimeout: "1 second",
            build: (self) =>
              Effect.succeed({
                sleep: (millis: number) =>
                  Effect.andThen(
                    Effect.sleep(millis),
                    self.update((n) => n + 1)
                  ),
                forever: () => Effect.never
              })
          })
        )
        const forever = yield* fork(reasonOf(ref.ask("forever")))
        const sleep = yield* fork(ref.ask("sleep", 900))
        const again = yield* fork(ref.ask("sleep", 900))
        const never = yield* fork(reasonOf(ref.ask("forever")))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* Fiber.join(forever), "HandlerTimeout")
        yield* TestClock.adjust("900 millis")
        assert.strictEqual(yield* Fiber.join(sleep), 1)
        yield* TestClock.adjust("900 millis")
        assert.strictEqual(yield* Fiber.join(again), 2)
        yield* TestClock.adjust("999 millis")
        assert.isUndefined(never.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* Fiber.join(never), "HandlerTimeout")
        assert.deepStrictEqual(yield* deadLetters, ["forever: TimedOut", "forever: TimedOut"])
      }).pipe(withDeadLetters)
    )
  })

  describe("a full mailbox", () => {
    const full = (overflow: Overflow) =>
      Effect.gen(function* () {
        const gate = yield* Latch.make()
        const ref = yield* Actor.spawn(counter({ gate, capacity: 2, overflow }))
        yield* ref.tell("hold")
        yield* ref.tell("log", "a")
        yield* ref.tell("log", "b")
        const opened = gate.open.pipe(
          Effect.andThen(Effect.yieldNow),
          Effect.andThen(Effect.map(ref.ask("log", "end"), (state) => state.log))
        )
        return { ref, opened }
      })

    it.effect("a full mailbox refuses the sender with `fail`", () =>
      Effect.gen(function* () {
        const { opened, ref } = yield* full(Overflow.fail)
        assert.strictEqual(yield* reasonOf(ref.tell("log", "c")), "MailboxFull")
        assert.strictEqual(yield* reasonOf(ref.ask("log", "d")), "MailboxFull")
        assert.deepStrictEqual(yield* opened, ["a", "b", "end"])
        assert.deepStrictEqual(yield* deadLetters, ["log: MailboxFull", "log: MailboxFull"])
      }).pipe(withDeadLetters)
    )

    it.effect("a full mailbox drops the new message with `dropNewest`, and a tell goes on", () =>
      Effect.gen(function* () {
        const { opened, ref } = yield* full(Overflow.dropNewest)
        yield* ref.tell("log", "c")
        assert.strictEqual(yield* reasonOf(ref.ask("log", "d")), "MailboxFull")
        assert.deepStrictEqual(yield* opened, ["a", "b", "end"])
        assert.deepStrictEqual(yield* deadLetters, ["log: MailboxFull", "log: MailboxFull"])
        yield* ref.stop()
        assert.strictEqual(yield* reasonOf(ref.tell("log", "e")), "ActorStopped")
      }).pipe(withDeadLetters)
    )

    it.effect("a full mailbox drops the oldest message with `dropOldest`, and tells its asker", () =>
      Effect.gen(function* () {
        const { opened, ref } = yield* full(Overflow.dropOldest)
        const asked = yield* fork(reasonOf(ref.ask("log", "c")))
        yield* ref.tell("log", "d")
        yield* ref.tell("log", "e")
        assert.strictEqual(yield* Fiber.join(asked), "MailboxFull")
        assert.deepStrictEqual(yield* opened, ["d", "e", "end"])
        assert.deepStrictEqual(yield* deadLetters, ["log: MailboxFull", "log: MailboxFull", "log: MailboxFull"])
      }).pipe(withDeadLetters)
    )

    it.effect("a full mailbox makes senders wait with `backpressure`, and admits them in their order", () =>
      Effect.gen(function* () {
        const { opened, ref } = yield* full(Overflow.backpressure)
        const tells = yield* Effect.forEach(["c", "d", "e"], (entry) => fork(ref.tell("log", entry)))
        assert.deepStrictEqual(
          tells.map((tell) => tell.pollUnsafe() === undefined),
          [true, true, true]
        )
        assert.strictEqual(yield* ref.pending, 2)
        assert.deepStrictEqual(yield* opened, ["a", "b", "c", "d", "e", "end"])
        yield* Fiber.joinAll(tells)
        assert.deepStrictEqual(yield* deadLetters, [])
      }).pipe(withDeadLetters)
    )

    it.effect("a full mailbox admits a waiting sender when another takes its message back", () =>
      Effect.gen(function* () {
        const gate = yield* Latch.make()
        const ref = yield* Actor.spawn(counter({ gate, capacity: 1, overflow: Overflow.backpressure }))
        yield* ref.tell("hold")
        const inside = yield* fork(ref.ask("log", "inside"))
        const gaveUp = yield* fork(ref.tell("log", "gave up"))
        const waiting = yield* fork(ref.tell("log", "waiting"))
        yield* Fiber.interrupt(gaveUp)
        assert.isUndefined(waiting.pollUnsafe())
        yield* Fiber.interrupt(inside)
        yield* Fiber.join(waiting)
        yield* gate.open
        assert.deepStrictEqual((yield* ref.ask("log", "end")).log, ["waiting", "end"])
      })
    )

    it.effect("a full mailbox replaces the message with the same key with `coalesce`", () =>
      Effect.gen(function* () {
        const key = (_tag: string, payload: unknown) => String(payload)[0]
        const { opened, ref } = yield* full(Overflow.coalesce(key))
        const replaced = yield* fork(reasonOf(ref.ask("log", "b2")))
        yield* ref.tell("log", "b3")
        assert.strictEqual(yield* Fiber.join(replaced), "MessageReplaced")
        assert.strictEqual(yield* reasonOf(ref.tell("log", "c")), "MailboxFull")
        assert.deepStrictEqual(yield* opened, ["a", "b3", "end"])
        assert.deepStrictEqual(yield* deadLetters, ["log: Coalesced", "log: Coalesced", "log: MailboxFull"])
      }).pipe(withDeadLetters)
    )
  })

  describe("the end", () => {
    it.effect("the end of an actor is told to those who watch it, also afterwards", () =>
      Effect.gen(function* () {
        const ref = yield* Actor.spawn(counter())
        const watching = yield* fork(ref.watch)
        const noLonger = yield* fork(ref.watch)
        yield* Fiber.interrupt(noLonger)
        assert.isUndefined(watching.pollUnsafe())
        yield* ref.stop()
        assert.deepStrictEqual(yield* Fiber.join(watching), { _tag: "Stopped" })
        assert.deepStrictEqual(yield* ref.watch, { _tag: "Stopped" })
        assert.strictEqual(yield* ref.status, "stopped")
        yield* ref.stop()
        assert.strictEqual(yield* reasonOf(ref.ask("add", 1)), "ActorStopped")
        assert.deepStrictEqual(yield* deadLetters, ["add: Stopped"])
        yield* Actor.untilStopped(ref)
      }).pipe(withDeadLetters)
    )

    it.effect("the end of an actor comes after the messages that waited, and refuses new ones meanwhile", () =>
      Effect.gen(function* () {
        const gate = yield* Latch.make()
        const ref = yield* Actor.spawn(counter({ gate }))
        yield* ref.tell("hold")
        const waiting = yield* fork(ref.ask("add", 1))
        const stopping = yield* fork(ref.stop())
        assert.strictEqual(yield* ref.status, "stopping")
        assert.strictEqual(yield* reasonOf(ref.ask("add", 1)), "ActorStopped")
        yield* gate.open
        assert.strictEqual(yield* Fiber.join(waiting), 1)
        yield* Fiber.join(stopping)
        assert.strictEqual((yield* ref.state).count, 1)
      })
    )

    it.effect("the end of an actor interrupts what still runs at the deadline", () =>
      Effect.gen(function* () {
        const log: Array<string> = []
        const ref = yield* Actor.spawn(
          Actor.make("slow", {
            initial: 0,
            build: (self) =>
              Effect.as(
                Effect.addFinalizer(() => Effect.sync(() => log.push("scope closed"))),
                {
                  slow: () =>
                    Effect.onInterrupt(Effect.andThen(self.set(1), Effect.never), () =>
                      Effect.andThen(
                        Effect.sleep("1 second"),
                        Effect.sync(() => log.push("handler interrupted"))
                      )
                    ),
                  next: () => Effect.void
                }
              )
          })
        )
        const running = yield* fork(reasonOf(ref.ask("slow")))
        const waiting = yield* fork(reasonOf(ref.ask("next")))
        const stopping = yield* fork(ref.stop({ drain: "10 seconds" }))
        yield* TestClock.adjust("9 seconds")
        assert.isUndefined(running.pollUnsafe())
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* Fiber.join(running), "ActorStopped")
        assert.strictEqual(yield* Fiber.join(waiting), "ActorStopped")
        assert.deepStrictEqual(log, [])
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(stopping)
        assert.deepStrictEqual(log, ["handler interrupted", "scope closed"])
        assert.strictEqual(yield* ref.state, 0)
        assert.deepStrictEqual(yield* deadLetters, ["slow: Stopped", "next: Stopped"])
      }).pipe(withDeadLetters)
    )

    it.effect("the end of an actor comes at once without a drain, also during a drain", () =>
      Effect.gen(function* () {
        const ref = yield* Actor.spawn(counter({ gate: yield* Latch.make() }))
        const held = yield* fork(reasonOf(ref.ask("hold")))
        const stopping = yield* fork(ref.stop())
        yield* ref.stop({ drain: 0 })
        yield* Fiber.join(stopping)
        assert.strictEqual(yield* Fiber.join(held), "ActorStopped")
      })
    )

    it.effect("the end of an actor is not prevented by interrupting the fiber that stops it", () =>
      Effect.gen(function* () {
        const gate = yield* Latch.make()
        const ref = yield* Actor.spawn(counter({ gate }))
        const held = yield* fork(ref.ask("hold"))
        const stopping = yield* fork(ref.stop())
        const interrupting = yield* fork(Fiber.interrupt(stopping))
        yield* gate.open
        yield* Fiber.join(held)
        yield* Fiber.join(interrupting)
        assert.strictEqual(yield* ref.status, "stopped")
      })
    )

    it.effect("the end of an actor comes when its Scope closes, after draining, even by an interruption", () =>
      Effect.gen(function* () {
        const spawned = yield* Deferred.make<Effect.Success<ReturnType<typeof spawnCounter>>>()
        const gate = yield* Latch.make()
        const spawnCounter = () => Actor.spawn(counter({ gate }))
        const life = yield* fork(
          Effect.scoped(
            Effect.gen(function* () {
              yield* Deferred.succeed(spawned, yield* spawnCounter())
              return yield* Effect.never
            })
          )
        )
        const ref = yield* Deferred.await(spawned)
        yield* ref.tell("hold")
        const asked = yield* fork(ref.ask("add", 1))
        const ending = yield* fork(Fiber.interrupt(life))
        assert.strictEqual(yield* ref.status, "stopping")
        yield* gate.open
        assert.strictEqual(yield* Fiber.join(asked), 1)
        yield* Fiber.join(ending)
        assert.strictEqual(yield* ref.status, "stopped")
      })
    )

    it.effect("an actor can end itself", () =>
      Effect.gen(function* () {
        const ref = yield* Actor.spawn(
          Actor.make("once", {
            initial: 0,
            build: (self) => Effect.succeed({ once: () => Effect.as(self.stop, "done") })
          })
        )
        assert.strictEqual(yield* ref.ask("once"), "done")
        assert.deepStrictEqual(yield* ref.watch, { _tag: "Stopped" })
      })
    )

    it.effect("the end of an actor is told when everything is released, even if a finalizer fails", () =>
      Effect.gen(function* () {
        const log: Array<string> = []
        const ref = yield* Actor.spawn(
          Actor.make("owner", {
            initial: 0,
            build: () =>
              Effect.gen(function* () {
                yield* Effect.addFinalizer(() => Effect.sync(() => log.push("released")))
                yield* Effect.addFinalizer(() => Effect.die("a finalizer that fails"))
                yield* Effect.addFinalizer(() => Effect.sleep("1 second"))
                return {}
              })
          })
        )
        const stopping = yield* fork(ref.stop())
        const watching = yield* fork(
          Effect.andThen(
            ref.watch,
            Effect.sync(() => log.push("told"))
          )
        )
        assert.deepStrictEqual(log, [])
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(stopping)
        yield* Fiber.join(watching)
        assert.deepStrictEqual(log, ["released", "told"])
      }).pipe(silently)
    )
  })

  describe("start", () => {
    class Name extends Context.Service<Name, string>()("test/Name") {}

    it.effect("spawning an actor runs the build once, with the services of its spawner", () =>
      Effect.gen(function* () {
        let builds = 0
        const ref = yield* Actor.spawn(
          Actor.make("greeter", {
            initial: () => "nobody",
            build: (self) =>
              Effect.gen(function* () {
                builds++
                yield* self.set(yield* Name)
                return { greet: () => Effect.map(Name, (name) => `hello ${name}`) }
              })
          })
        )
        assert.strictEqual(yield* ref.state, "Ada")
        assert.strictEqual(yield* ref.ask("greet"), "hello Ada")
        assert.strictEqual(builds, 1)
      }).pipe(Effect.provideService(Name, "Ada"))
    )

    it.effect("spawning fails when the build fails or dies or the initial state throws, and leaves nothing", () =>
      Effect.gen(function* () {
        let released = 0
        const build = (end: Effect.Effect<never, string>) => () =>
          Effect.andThen(
            Effect.addFinalizer(() => Effect.sync(() => released++)),
            end
          )
        for (const end of [Effect.fail("no"), Effect.die("no")]) {
          const failed = Actor.spawn(Actor.make("failing", { initial: 0, build: build(end) }))
          assert.strictEqual(yield* reasonOf(Effect.scoped(failed)), "ActorCrashed")
        }
        const initial = (): number => {
          throw new Error("no state")
        }
        const stateless = Actor.make("stateless", { initial, build: () => Effect.succeed({}) })
        assert.strictEqual(yield* reasonOf(Effect.scoped(Actor.spawn(stateless))), "ActorCrashed")
        assert.strictEqual(released, 2)
      })
    )

    it.effect("spawning an actor can be interrupted, and then releases what the build acquired", () =>
      Effect.gen(function* () {
        const released = yield* Deferred.make<void>()
        const build = () =>
          Effect.andThen(
            Effect.addFinalizer(() => Deferred.succeed(released, undefined)),
            Effect.never
          )
        const spawning = yield* fork(Effect.scoped(Actor.spawn(Actor.make("endless", { initial: 0, build }))))
        yield* Fiber.interrupt(spawning)
        yield* Deferred.await(released)
        assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(spawning)))
      })
    )
  })

  describe("updates", () => {
    it.effect("updates are applied at once inside a handler and in the fibers it waits for", () =>
      Effect.gen(function* () {
        const ref = yield* Actor.spawn(
          Actor.make("nested", {
            initial: 0,
            build: (self) =>
              Effect.succeed({
                add: () =>
                  Effect.gen(function* () {
                    yield* self.update((n) => n + 1)
                    assert.strictEqual(yield* self.get, 1)
                    yield* Effect.all([self.update((n) => n + 1), self.update((n) => n + 1)], { concurrency: 2 })
                    yield* Fiber.join(yield* Effect.forkChild(self.update((n) => n + 1)))
                    yield* Effect.timeout(
                      Effect.andThen(
                        Effect.yieldNow,
                        self.update((n) => n + 1)
                      ),
                      "1 second"
                    )
                    return yield* self.get
                  })
              })
          })
        )
        assert.strictEqual(yield* ref.ask("add"), 5)
      })
    )

    it.effect("updates from a background fiber are messages that wait for the handler and come before others", () =>
      Effect.gen(function* () {
        const [gate, tick] = [yield* Latch.make(), yield* Latch.make()]
        const ref = yield* Actor.spawn(
          Actor.make("ticker", {
            initial: [] as ReadonlyArray<string>,
            build: (self) =>
              Effect.gen(function* () {
                yield* Effect.forkScoped(
                  Effect.andThen(
                    tick.await,
                    self.update((log) => [...log, "tick"])
                  )
                )
                return {
                  hold: () =>
                    Effect.andThen(
                      gate.await,
                      self.update((log) => [...log, "handler"])
                    ),
                  log: (entry: string) => self.update((log) => [...log, entry])
                }
              })
          })
        )
        yield* ref.tell("hold")
        yield* ref.tell("log", "queued")
        yield* tick.open
        yield* Effect.yieldNow
        assert.deepStrictEqual(yield* ref.state, [])
        yield* gate.open
        assert.deepStrictEqual(yield* ref.ask("log", "end"), ["handler", "tick", "queued", "end"])
      })
    )

    it.effect("updates from a background fiber are messages even while the handler that forked it runs", () =>
      Effect.gen(function* () {
        const ref = yield* Actor.spawn(
          Actor.make("eager", {
            initial: [] as ReadonlyArray<string>,
            build: (self) =>
              Effect.succeed({
                both: () =>
                  Effect.gen(function* () {
                    yield* Effect.forkScoped(self.update((log) => [...log, "background"]))
                    yield* Effect.repeat(Effect.yieldNow, { times: 9 })
                    return yield* self.update((log) => [...log, "handler"])
                  })
              })
          })
        )
        assert.deepStrictEqual(yield* ref.ask("both"), ["handler"])
        yield* Effect.yieldNow
        assert.deepStrictEqual(yield* ref.state, ["handler", "background"])
      })
    )

    it.effect("updates of a fiber that a handler leaves in the background are messages, too", () =>
      Effect.gen(function* () {
        const [gate, job] = [yield* Latch.make(), yield* Latch.make()]
        const ref = yield* Actor.spawn(
          Actor.make("jobs", {
            initial: [] as ReadonlyArray<string>,
            build: (self) =>
              Effect.succeed({
                scoped: () =>
                  Effect.forkScoped(
                    Effect.andThen(
                      job.await,
                      self.update((log) => [...log, "scoped job"])
                    )
                  ),
                detached: () =>
                  Effect.forkDetach(
                    Effect.andThen(
                      job.await,
                      self.update((log) => [...log, "detached job"])
                    )
                  ),
                hold: () =>
                  Effect.andThen(
                    gate.await,
                    self.update((log) => [...log, "handler"])
                  ),
                log: (entry: string) => self.update((log) => [...log, entry])
              })
          })
        )
        yield* ref.ask("scoped")
        yield* ref.ask("detached")
        yield* ref.tell("hold")
        yield* Effect.yieldNow
        yield* job.open
        yield* Effect.yieldNow
        assert.deepStrictEqual(yield* ref.state, [])
        yield* gate.open
        const log = yield* ref.ask("log", "end")
        assert.deepStrictEqual(
          [log[0], log.slice(1, 3).toSorted(), log[3]],
          ["handler", ["detached job", "scoped job"], "end"]
        )
      })
    )

    it.effect("updates do nothing once the actor has stopped", () =>
      Effect.gen(function* () {
        let leaked: Actor.Self<number> | undefined
        const build = (self: Actor.Self<number>) => {
          leaked = self
          return Effect.as(
            Effect.addFinalizer(() => self.set(7)),
            {}
          )
        }
        const ref = yield* Actor.spawn(Actor.make("leak", { initial: 1, build }))
        yield* ref.stop()
        assert.strictEqual(yield* leaked?.update((n) => n + 1) ?? Effect.succeed(0), 1)
        assert.strictEqual(yield* ref.state, 1)
      })
    )
  })

  // Live, because the test clock keeps a fiber of its own once somebody sleeps.
  it.live("an actor holds no fiber while it is idle", () => {
    const fibers = new Fibers()
    return Effect.gen(function* () {
      const gate = yield* Latch.make()
      const before = fibers.running
      const refs = yield* Effect.forEach(Array.from({ length: 10 }), () =>
        Actor.spawn(counter({ gate, handlerTimeout: "1 minute" }))
      )
      assert.strictEqual(fibers.running, before)
      yield* Effect.forEach(refs, (ref) => ref.ask("add", 1))
      const held = yield* Effect.forEach(refs, (ref) => fork(ref.ask("hold")))
      const busy = fibers.running
      yield* gate.open
      yield* Fiber.joinAll(held)
      yield* Effect.yieldNow
      assert.strictEqual(busy, before + 30, "an asker, a handler and a timer each")
      assert.strictEqual(fibers.running, before)
    }).pipe(Effect.provideService(Metric.FiberRuntimeMetrics, fibers))
  })

  it.effect("the type of an ask distinguishes the errors of a handler from those of the runtime", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(counter())
      const caught = ref.ask("refuse", 1).pipe(
        Effect.catchTag("Refused", () => Effect.succeed("typed")),
        Effect.catchReason("ActorError", "ActorStopped", () => Effect.succeed("stopped")),
        Effect.orDie
      )
      assert.strictEqual(yield* caught, "typed")
      yield* ref.stop()
      assert.strictEqual(yield* caught, "stopped")
    })
  )

  it.effect("the errors of actors say what happened, and hint at what to do", () =>
    Effect.gen(function* () {
      const ref = yield* Actor.spawn(counter())
      const { hint, message } = yield* Effect.flip(ref.ask("nonsense" as "hold"))
      assert.strictEqual(message, '"counter" has no handler for "nonsense".')
      assert.strictEqual(hint, "Send one of the tags that its behaviour returns.")
    })
  )
})
