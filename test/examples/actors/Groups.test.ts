/** docs/actors.md: supervisors and directories. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Logger } from "effect"
import { TestClock } from "effect/testing"
import { Actor, Directory, Supervisor } from "fibra/actor"

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

describe("docs/actors.md, groups", () => {
  it.effect("restForOne restarts the child that crashed and those after it", () =>
    Effect.gen(function* () {
      const started: Array<string> = []
      const cut = yield* Latch.make()
      // #region supervisor
      const connection = Supervisor.child(
        "connection",
        Effect.gen(function* () {
          started.push("connection")
          yield* cut.await
          return yield* Effect.die(new Error("connection lost"))
        })
      )
      const consumer = Supervisor.child(
        "consumer",
        Effect.gen(function* () {
          started.push("consumer")
          const ref = yield* Actor.spawn(Actor.make("consumer", { initial: 0, build: () => Effect.succeed({}) }))
          yield* Actor.untilStopped(ref) // fails when the actor has given up, and then this child crashes
        })
      )

      const running = yield* fork(
        Supervisor.run({ name: "feed", strategy: "restForOne", intensity: 1, within: "1 minute" }, [
          connection,
          consumer
        ])
      )
      yield* cut.open
      const gaveUp = yield* Effect.flip(Fiber.join(running)) // the second crash is one too many
      assert.strictEqual(gaveUp.reason._tag, "RestartIntensityExceeded")
      assert.deepStrictEqual(started, ["connection", "consumer", "connection", "consumer"])
      // #endregion supervisor
    }).pipe(Effect.provide(Logger.layer([])))
  )

  it.effect("a directory activates an address once, and passivates it when nobody holds it", () =>
    Effect.gen(function* () {
      // #region directory
      const account = Actor.make("account", {
        initial: 0,
        build: (self) => Effect.succeed({ add: (amount: number) => self.update((balance) => balance + amount) })
      })
      const accounts = yield* Directory.make({
        activate: (address: string) =>
          Effect.map(Actor.spawn(account, { address }), (ref) => ({ ref, watch: ref.watch })),
        maxIdleTime: "1 minute",
        capacity: 10_000
      })

      const deposit = (address: string) =>
        Effect.scoped(Effect.flatMap(accounts.get(address), (ref) => ref.ask("add", 5))) // held until the Scope closes
      assert.deepStrictEqual(yield* Effect.all([deposit("ada"), deposit("ada"), deposit("bob")]), [5, 10, 5])
      assert.deepStrictEqual(yield* accounts.addresses, ["ada", "bob"])

      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* accounts.size, 0)
      assert.strictEqual(yield* deposit("ada"), 5) // a new activation, and a new state
      // #endregion directory
    })
  )
})
