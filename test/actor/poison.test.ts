/** Whatever one actor throws, answers or is sent: it comes back, its neighbour works, and nothing else ends. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Logger } from "effect"
import { TestClock } from "effect/testing"
import { Actor, DeadLetters, Overflow, Supervisor } from "fibra/actor"
import { anyPoison, names, poison } from "../support/Poison.ts"

/** All of effect's loggers print what they are given, and one more fails. */
const logging = Logger.layer([
  ...[Logger.formatSimple, Logger.formatLogFmt, Logger.formatJson].map((format) => Logger.map(format, () => {})),
  Logger.make(() => {
    throw new Error("the disk is full")
  })
])

const isolated = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => Effect.provideService(effect, DeadLetters.DeadLetters, DeadLetters.makeUnsafe())).pipe(
    Effect.scoped,
    Effect.provide(logging)
  )

const fork = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })

/** Where an actor may come upon a value of somebody else. */
type Place = (poison: () => unknown, isFirst: () => boolean) => Effect.Effect<void, unknown>

const thrown = (poison: () => unknown): never => {
  throw poison()
}

/** An actor that does `act` in its handler, and `build` when it is built. */
const subject = (options: {
  readonly act?: (self: Actor.Self<unknown>) => unknown
  readonly build?: (self: Actor.Self<unknown>) => Effect.Effect<unknown, unknown, never>
  readonly overflow?: Overflow
}) =>
  Actor.make("subject", {
    initial: 0 as unknown,
    ...(options.overflow === undefined ? {} : { overflow: options.overflow }),
    build: (self) =>
      Effect.as((options.build?.(self) ?? Effect.void) as Effect.Effect<unknown>, {
        act: (_payload: unknown): Effect.Effect<unknown, unknown> => options.act?.(self) as Effect.Effect<unknown>,
        crash: () => Effect.die("crash"),
        hold: () => Effect.sleep("1 second"),
        hello: () => Effect.succeed("hello")
      })
  })

/** It is told to act, may take its time, and works again. */
const recovers = (
  behavior: ReturnType<typeof subject>,
  provoke: (ref: Effect.Success<ReturnType<typeof spawned>>) => Effect.Effect<unknown, unknown> = (ref) =>
    ref.ask("act", undefined)
) =>
  Effect.gen(function* () {
    const ref = yield* spawned(behavior)
    yield* fork(Effect.exit(provoke(ref)))
    yield* TestClock.adjust("2 seconds")
    assert.strictEqual(yield* ref.status, "running")
    assert.strictEqual(yield* ref.ask("hello"), "hello")
  }).pipe(Effect.scoped)

const spawned = (behavior: ReturnType<typeof subject>) => Actor.spawn(behavior)

const places: Readonly<Record<string, Place>> = {
  "a handler throws": (poison) => recovers(subject({ act: () => thrown(poison) })),
  "a handler dies of": (poison) => recovers(subject({ act: () => Effect.die(poison()) })),
  "a handler dies later of": (poison) =>
    recovers(subject({ act: () => Effect.andThen(Effect.yieldNow, Effect.die(poison())) })),
  "a handler fails with": (poison) => recovers(subject({ act: () => Effect.fail(poison()) })),
  "a handler answers with": (poison) => recovers(subject({ act: () => Effect.succeed(poison()) })),
  "a handler returns, in place of an effect,": (poison) => recovers(subject({ act: poison })),
  "a handler returns, in place of an effect, a promise that fails with": (poison) =>
    // Nobody waits for it, and a rejection that nobody waits for ends a process.
    Effect.andThen(
      recovers(subject({ act: () => Promise.reject(poison()) })),
      Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    ),
  "a handler sets the state to": (poison) => recovers(subject({ act: (self) => self.set(poison()) })),
  "an update throws": (poison) => recovers(subject({ act: (self) => self.update(() => thrown(poison)) })),
  "an update in the background throws": (poison, isFirst) =>
    recovers(
      subject({
        build: (self) =>
          isFirst()
            ? (Effect.forkScoped(self.update(() => thrown(poison))) as unknown as Effect.Effect<unknown>)
            : Effect.void
      })
    ),
  "a background fiber dies of": (poison, isFirst) =>
    recovers(
      subject({
        build: () =>
          isFirst()
            ? (Effect.forkScoped(
                Effect.andThen(Effect.sleep("100 millis"), Effect.die(poison()))
              ) as unknown as Effect.Effect<unknown>)
            : Effect.void
      })
    ),
  "a finalizer dies of": (poison) =>
    recovers(
      subject({
        build: () => Effect.addFinalizer(() => Effect.die(poison())) as unknown as Effect.Effect<unknown>
      }),
      (ref) => ref.ask("crash")
    ),
  "two finalizers die of": (poison) =>
    recovers(
      subject({
        build: () =>
          Effect.andThen(
            Effect.addFinalizer(() => thrown(poison)),
            Effect.addFinalizer(() => Effect.die(poison()))
          ) as unknown as Effect.Effect<unknown>
      }),
      (ref) => ref.ask("crash")
    ),
  "a build that comes after a crash dies of": (poison, isFirst) => {
    let builds = 0
    return recovers(
      subject({ build: () => (++builds === 2 && isFirst() ? Effect.die(poison()) : Effect.void) }),
      (ref) => ref.ask("crash")
    )
  },
  "a build that comes after a crash throws": (poison) => {
    let builds = 0
    return recovers(subject({ build: () => (++builds === 2 ? thrown(poison) : Effect.void) }), (ref) =>
      ref.ask("crash")
    )
  },
  "the first build dies of": (poison) =>
    Effect.map(Effect.exit(Effect.scoped(Actor.spawn(subject({ build: () => Effect.die(poison()) })))), (exit) =>
      assert.isTrue(Exit.isFailure(exit) && exit.cause.toString().length > 0)
    ),
  "a message that is refused carries": (poison) =>
    recovers(subject({ act: () => Effect.die("crash") }), (ref) => ref.ask("act", poison())),
  "a message that finds no handler carries": (poison) =>
    recovers(subject({}), (ref) => ref.ask("nobody" as "act", poison())),
  "the key of a message cannot be told, because it throws": (poison) =>
    recovers(subject({ act: () => Effect.void, overflow: Overflow.coalesce(() => thrown(poison)) }), (ref) =>
      Effect.andThen(ref.tell("hold"), ref.ask("act", undefined))
    ),
  "whoever keeps dead letters throws": (poison) =>
    recovers(subject({ act: () => Effect.die("crash") })).pipe(
      Effect.provideService(DeadLetters.DeadLetters, {
        ...DeadLetters.makeUnsafe(),
        recordUnsafe: () => thrown(poison)
      })
    ),
  "a child of a supervisor dies of": (poison, isFirst) =>
    Effect.gen(function* () {
      const starts = { subject: 0, sibling: 0 }
      const supervisor = yield* Supervisor.make({ name: "poisoned" })
      const run = (name: keyof typeof starts, effect: Effect.Effect<void>) =>
        Supervisor.child(
          name,
          Effect.andThen(
            Effect.sync(() => void starts[name]++),
            effect
          )
        )
      yield* supervisor.start(run("sibling", Effect.never))
      yield* supervisor.start(
        run(
          "subject",
          Effect.andThen(
            Effect.yieldNow,
            Effect.suspend(() => (isFirst() ? Effect.die(poison()) : Effect.never))
          )
        )
      )
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(starts, { subject: 2, sibling: 1 })
    }).pipe(Effect.scoped),
  "a supervisor gives up because a child dies of": (poison) =>
    Effect.gen(function* () {
      const child = Supervisor.child("subject", Effect.die(poison()))
      const error = yield* Effect.flip(Supervisor.run({ name: "poisoned", intensity: 0 }, [child]))
      assert.strictEqual(error.reason._tag, "RestartIntensityExceeded")
      assert.isAbove(`${error.message} ${String((error.reason as { cause?: unknown }).cause)}`.length, 0)
    })
}

/** Runs a place beside a neighbour, who is asked before and after. */
const check = (place: Place, poison: () => unknown) =>
  Effect.gen(function* () {
    const neighbour = yield* Actor.spawn(subject({}), { address: "neighbour" })
    let times = 0
    yield* place(poison, () => times++ === 0)
    assert.strictEqual(yield* neighbour.ask("hello"), "hello")
  }).pipe(isolated)

/** For a machine that has other things to do. */
const timeout = 120_000

describe("an actor comes back, and its neighbour works, when", () => {
  for (const [where, place] of Object.entries(places)) {
    it.effect(
      `an actor restarts, and its neighbour works, when ${where} whatever cannot be read`,
      () =>
        Effect.forEach(names, (name) => {
          const value = poison(name)
          return Effect.catchCause(
            check(place, () => value),
            (cause) => Effect.die(new Error(`with ${name}: ${cause.reasons[0]?._tag}`, { cause: first(cause) }))
          )
        }),
      timeout
    )
  }

  it.effect(
    "an actor restarts, and its neighbour works, whatever is thrown anywhere",
    () =>
      Effect.forEach(
        Array.from({ length: 300 }, (_, seed) => seed),
        (seed) => {
          const [where, place] = Object.entries(places)[seed % Object.keys(places).length] ?? ["", () => Effect.void]
          const value = anyPoison(seed)
          return Effect.catchCause(
            check(place, () => value),
            (cause) => Effect.die(new Error(`seed ${seed}, where ${where}`, { cause: first(cause) }))
          )
        }
      ),
    timeout
  )
})

const first = (cause: { readonly reasons: ReadonlyArray<unknown> }): unknown =>
  (cause.reasons[0] as { readonly defect?: unknown; readonly error?: unknown } | undefined)?.defect
