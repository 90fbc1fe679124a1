/** Every wait for what others wrote has a limit: what does not end is left behind, said in the log, counted, and disturbs nobody. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Latch, Logger, Metric, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ActorError, Directory, Supervisor } from "fibra/actor"
import { ActorCell } from "../../src/actor/ActorCell.ts"
import { limits } from "../../src/actor/CellOptions.ts"
import * as RestartPolicy from "../../src/actor/RestartPolicy.ts"

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** It does not end, and cannot be made to. */
const stuck = Effect.uninterruptible(Effect.never)

const forever = (): Effect.Effect<never> => stuck

interface Entry {
  readonly level: string
  readonly text: string
  readonly labels: Readonly<Record<string, unknown>>
}

/** Runs with a log that is kept. */
const logged = <A, E>(use: (log: Array<Entry>) => Effect.Effect<A, E, Scope.Scope>) =>
  Effect.suspend(() => {
    const log: Array<Entry> = []
    const logger = Logger.map(Logger.formatStructured, ({ annotations, level, message }) => {
      log.push({ level, text: String(message), labels: annotations })
    })
    return Effect.provide(Effect.scoped(use(log)), Logger.layer([logger]))
  })

/** How many things of this kind were left behind. */
const count = (what: string) =>
  Effect.map(Metric.snapshot, (metrics) =>
    metrics
      .filter(({ attributes, id }) => id === "fibra_actor_left_behind" && attributes?.["what"] === what)
      .reduce((sum, { state }) => sum + Number((state as { readonly count: number }).count), 0)
  )

/** What was left behind by this, by what the log says of it. */
const leftBehind = (log: ReadonlyArray<Entry>): ReadonlyArray<Readonly<Record<string, unknown>>> =>
  log.filter(({ text }) => text.includes("left behind")).map(({ labels, level, text }) => ({ level, text, ...labels }))

const tagOf = <A, E>(ask: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(ask), (error) => (error instanceof ActorError ? error.reason._tag : error))

/** An actor whose first life has what `live` acquires; `lives` counts them. */
const subject = (live: Effect.Effect<unknown, never, Scope.Scope>, options: Actor.Options = {}) => {
  let lives = 0
  return Actor.make("subject", {
    initial: 0,
    ...options,
    build: (self) =>
      Effect.gen(function* () {
        if (++lives === 1) yield* live
        return {
          lives: () => Effect.succeed(lives),
          crash: () => Effect.die("crash"),
          set: (n: number) => self.set(n),
          hang: forever,
          hangAfterSetting: (n: number) => Effect.andThen(self.set(n), stuck)
        }
      })
  })
}

const hanging: Readonly<Record<string, Effect.Effect<unknown, never, Scope.Scope>>> = {
  "a finalizer that never ends": Effect.addFinalizer(() => Effect.never),
  "a background fiber that ignores its interruption": Effect.forkScoped(stuck, { startImmediately: true }),
  "a background fiber whose own finalizer never ends": Effect.forkScoped(Effect.ensuring(Effect.never, Effect.never), {
    startImmediately: true
  })
}

describe("what does not end", () => {
  for (const [name, live] of Object.entries(hanging)) {
    it.effect(`an actor restarts after a crash in spite of ${name}`, () =>
      logged((log) =>
        Effect.gen(function* () {
          const before = yield* count("finalizer")
          const ref = yield* Actor.spawn(subject(live), { address: "subject/1" })
          yield* Effect.ignore(ref.ask("crash"))
          const asked = yield* fork(ref.ask("lives"))
          yield* TestClock.adjust("4999 millis")
          assert.strictEqual(yield* ref.status, "restarting")
          yield* TestClock.adjust("1 millis")
          assert.strictEqual(yield* Fiber.join(asked), 2)
          assert.deepStrictEqual(leftBehind(log), [
            {
              level: "ERROR",
              text: `A finalizer or a background fiber of an actor did not end within "shutdown" and is left behind`,
              actor: "subject/1"
            }
          ])
          assert.strictEqual((yield* count("finalizer")) - before, 1)
        })
      )
    )

    it.effect(`an actor stops in spite of ${name}`, () =>
      logged(() =>
        Effect.gen(function* () {
          const ref = yield* Actor.spawn(subject(live, { shutdown: "2 seconds" }))
          const end = yield* fork(ref.watch)
          const stopping = yield* fork(ref.stop())
          yield* TestClock.adjust("1999 millis")
          assert.isUndefined(stopping.pollUnsafe())
          yield* TestClock.adjust("1 millis")
          assert.isDefined(stopping.pollUnsafe())
          assert.deepStrictEqual(yield* Fiber.join(end), { _tag: "Stopped" })
        })
      )
    )
  }

  it.effect("a finalizer that does not end does not keep others from starting, in any order", () =>
    logged(() =>
      Effect.gen(function* () {
        const released: Array<string> = []
        const finalizer = (name: string) => Effect.addFinalizer(() => Effect.sync(() => void released.push(name)))
        const live = Effect.gen(function* () {
          yield* finalizer("first")
          yield* Effect.forkScoped(stuck, { startImmediately: true })
          yield* finalizer("second")
          yield* Effect.addFinalizer(() => Effect.never)
          yield* finalizer("third")
        })
        const ref = yield* Actor.spawn(subject(live))
        yield* fork(ref.stop())
        assert.deepStrictEqual(released, ["third"])
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(released, ["third", "second", "first"])
      })
    )
  )

  it.effect("many finalizers that do not end cost the time of one", () =>
    logged(() =>
      Effect.gen(function* () {
        const live = Effect.forEach(Object.values(hanging), (one) => one)
        const ref = yield* Actor.spawn(subject(live))
        yield* fork(Effect.exit(ref.ask("hang")))
        const stopping = yield* fork(ref.stop({ drain: "1 second" }))
        yield* TestClock.adjust("6 seconds")
        assert.isDefined(stopping.pollUnsafe())
      })
    )
  )
})

describe("a handler that ignores its interruption", () => {
  it.effect("a handler that ignores its interruption is left behind: the actor restarts at its last good state", () =>
    logged((log) =>
      Effect.gen(function* () {
        const before = yield* count("handler")
        const ref = yield* Actor.spawn(subject(Effect.void, { handlerTimeout: "1 second", shutdown: "2 seconds" }))
        yield* ref.ask("set", 1)
        const hung = yield* fork(tagOf(ref.ask("hangAfterSetting", 2)))
        const asked = yield* fork(ref.ask("lives"))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* Fiber.join(hung), "HandlerTimeout")
        assert.strictEqual(yield* ref.state, 2)
        // It had the time that is there for ending, and what it leaves has it, too.
        yield* TestClock.adjust("3999 millis")
        assert.isUndefined(asked.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* Fiber.join(asked), 2)
        assert.strictEqual(yield* ref.state, 1)
        assert.deepInclude(leftBehind(log)[0] ?? {}, { level: "ERROR", actor: "subject" })
        assert.strictEqual((yield* count("handler")) - before, 1)
      })
    )
  )

  it.effect("a handler has five minutes by default", () =>
    logged(() =>
      Effect.gen(function* () {
        const ref = yield* Actor.spawn(subject(Effect.void))
        const hung = yield* fork(tagOf(ref.ask("hang")))
        const asked = yield* fork(ref.ask("lives"))
        yield* TestClock.adjust("299 seconds")
        assert.isUndefined(hung.pollUnsafe())
        yield* TestClock.adjust("11 seconds")
        assert.strictEqual(yield* Fiber.join(hung), "HandlerTimeout")
        assert.strictEqual(yield* Fiber.join(asked), 2)
      })
    )
  )

  it.effect("a handler may have no limit", () =>
    Effect.gen(function* () {
      const gate = yield* Latch.make()
      const patient = Actor.make("patient", {
        initial: 0,
        handlerTimeout: Infinity,
        build: () => Effect.succeed({ wait: () => gate.await })
      })
      const ref = yield* Actor.spawn(patient)
      const asked = yield* fork(ref.ask("wait"))
      yield* TestClock.adjust("10 days")
      yield* gate.open
      assert.isUndefined(yield* Fiber.join(asked))
    })
  )

  it.effect("a handler that ignores its interruption does not keep the actor from stopping", () =>
    logged((log) =>
      Effect.gen(function* () {
        const ref = yield* Actor.spawn(subject(Effect.void))
        const hung = yield* fork(tagOf(ref.ask("hang")))
        const stopping = yield* fork(ref.stop({ drain: "3 seconds" }))
        yield* TestClock.adjust("3 seconds")
        assert.strictEqual(yield* Fiber.join(hung), "ActorStopped")
        yield* TestClock.adjust("5 seconds")
        assert.isDefined(stopping.pollUnsafe())
        assert.strictEqual(leftBehind(log).length, 1)
      })
    )
  )

  it.effect("a handler that was left behind changes nothing any more", () =>
    logged(() =>
      Effect.gen(function* () {
        const [gate, set] = [yield* Latch.make(), yield* Deferred.make<number>()]
        const late = Actor.make("late", {
          initial: 0,
          handlerTimeout: "1 second",
          shutdown: "1 second",
          build: (self) =>
            Effect.succeed({
              hang: () =>
                Effect.uninterruptible(
                  Effect.andThen(gate.await, Effect.andThen(self.set(99), Deferred.succeed(set, 1)))
                ),
              get: () => self.get
            })
        })
        const ref = yield* Actor.spawn(late)
        yield* fork(Effect.exit(ref.ask("hang")))
        yield* TestClock.adjust("3 seconds")
        assert.strictEqual(yield* ref.ask("get"), 0)
        yield* gate.open
        yield* Deferred.await(set)
        assert.strictEqual(yield* ref.ask("get"), 0)
      })
    )
  )
})

describe("a build that never ends", () => {
  for (const [name, build] of [
    ["can be interrupted", Effect.never],
    ["cannot be interrupted", stuck]
  ] as const) {
    it.effect(`a build that never ends and ${name} has failed after its time`, () =>
      logged(() =>
        Effect.gen(function* () {
          const actor = Actor.make("subject", {
            initial: 0,
            buildTimeout: "10 seconds",
            build: () => Effect.as(build as Effect.Effect<void>, {})
          })
          const spawned = yield* fork(tagOf(Effect.scoped(Actor.spawn(actor))))
          yield* TestClock.adjust("9999 millis")
          assert.isUndefined(spawned.pollUnsafe())
          yield* TestClock.adjust("5001 millis")
          assert.strictEqual(yield* Fiber.join(spawned), "ActorCrashed")
        })
      )
    )

    it.effect(`a build that never ends and ${name} is repeated after a crash`, () =>
      logged((log) =>
        Effect.gen(function* () {
          let builds = 0
          const actor = Actor.make("subject", {
            initial: 0,
            build: () =>
              Effect.as(
                Effect.suspend(() => (++builds === 2 ? (build as Effect.Effect<void>) : Effect.void)),
                { crash: () => Effect.die("crash"), builds: () => Effect.succeed(builds) }
              )
          })
          const ref = yield* Actor.spawn(actor)
          yield* Effect.ignore(ref.ask("crash"))
          const asked = yield* fork(ref.ask("builds"))
          yield* TestClock.adjust("29 seconds")
          assert.strictEqual(builds, 2)
          yield* TestClock.adjust("7 seconds")
          assert.strictEqual(yield* Fiber.join(asked), 3)
          assert.deepStrictEqual(
            log.filter(({ text }) => text === "An actor crashed").map(({ level }) => level),
            ["ERROR", "ERROR"]
          )
        })
      )
    )
  }

  it.effect("a build that never ends does not keep a restarting actor from stopping", () =>
    logged(() =>
      Effect.gen(function* () {
        let builds = 0
        const actor = Actor.make("subject", {
          initial: 0,
          build: () =>
            Effect.as(
              Effect.suspend(() => (++builds === 2 ? stuck : Effect.void)),
              { crash: () => Effect.die("crash") }
            )
        })
        const ref = yield* Actor.spawn(actor)
        yield* Effect.ignore(ref.ask("crash"))
        const stopping = yield* fork(ref.stop())
        yield* TestClock.adjust("5 seconds")
        assert.isDefined(stopping.pollUnsafe())
      })
    )
  )
})

it.effect("nothing is waited for any more when the program ends", () =>
  logged(() =>
    Effect.gen(function* () {
      const over = yield* Latch.make()
      const cell = new ActorCell({
        address: "subject",
        initial: () => 0,
        build: Effect.as(Effect.addFinalizer(forever), {}),
        context: yield* Effect.context<never>(),
        capacity: 1,
        overflow: { _tag: "Fail" },
        restart: RestartPolicy.never,
        ...limits,
        over: over.await,
        observer: undefined
      })
      yield* cell.start()
      const stopping = yield* fork(cell.stop(limits.shutdown))
      assert.isUndefined(stopping.pollUnsafe())
      yield* over.open
      yield* Fiber.join(stopping)
    })
  )
)

describe("a directory", () => {
  const options = { maxIdleTime: 0, activationTimeout: "10 seconds", shutdown: "3 seconds" } as const

  it.effect("a directory frees the address of an actor that does not stop, and logs it", () =>
    logged((log) =>
      Effect.gen(function* () {
        let activations = 0
        const directory = yield* Directory.make({
          ...options,
          activate: (address: string) =>
            Effect.as(
              Effect.addFinalizer(() => (address === "a" && activations === 1 ? stuck : Effect.void)),
              { ref: ++activations, watch: Effect.never }
            )
        })
        yield* fork(Effect.scoped(directory.get("a")))
        const found = yield* fork(Effect.scoped(directory.get("a")))
        assert.strictEqual(yield* Effect.scoped(directory.get("b")), 2)
        yield* TestClock.adjust("2999 millis")
        assert.isUndefined(found.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* Fiber.join(found), 3)
        assert.deepStrictEqual(leftBehind(log), [
          { level: "ERROR", text: "An actor did not stop in time and is left behind", address: "a" }
        ])
      })
    )
  )

  for (const [name, activation] of [
    ["can be interrupted", Effect.never],
    ["cannot be interrupted", stuck]
  ] as const) {
    it.effect(`a directory waits only so long for an activation that ${name}, and repeats it`, () =>
      logged(() =>
        Effect.gen(function* () {
          let activations = 0
          const directory = yield* Directory.make<string, number, never, never>({
            ...options,
            activate: () =>
              ++activations === 1 ? activation : Effect.succeed({ ref: activations, watch: Effect.never })
          })
          const first = yield* fork(Effect.exit(Effect.scoped(directory.get("a"))))
          yield* TestClock.adjust("13 seconds")
          const exit = yield* Fiber.join(first)
          assert.isTrue(Exit.isFailure(exit))
          assert.include(String(exit), "did not become active within 10000 ms")
          assert.strictEqual(yield* Effect.scoped(directory.get("a")), 2)
        })
      )
    )
  }
})

it.effect("a supervisor stops in bounded time, whatever its children do", () =>
  logged((log) =>
    Effect.gen(function* () {
      const children = ["a", "b"].map((id) => Supervisor.child(id, stuck, { shutdown: "2 seconds" }))
      const running = yield* fork(Supervisor.run({ name: "top" }, children))
      const stopping = yield* fork(Fiber.interrupt(running))
      yield* TestClock.adjust("4 seconds")
      assert.isDefined(stopping.pollUnsafe())
      assert.deepStrictEqual(
        leftBehind(log).map((labels) => `${String(labels["supervisor"])}/${String(labels["child"])}`),
        ["top/b", "top/a"]
      )
    })
  )
)
