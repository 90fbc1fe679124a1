/** docs/actors.md: what a crash costs, when it is too much, and background fibers. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { Actor } from "fibra/actor"

describe("docs/actors.md, crashes", () => {
  it.effect("a crash costs one message", () =>
    Effect.gen(function* () {
      // #region crash
      const tally = Actor.make("tally", {
        initial: { total: 0 },
        build: (self) =>
          Effect.succeed({
            add: (json: string) =>
              self.update(({ total }) => ({ total: total + (JSON.parse(json) as { value: number }).value }))
          })
      })

      const ref = yield* Actor.spawn(tally)
      yield* ref.ask("add", `{ "value": 2 }`)
      const error = yield* Effect.flip(ref.ask("add", "not JSON")) // JSON.parse throws: nobody declared that
      assert.strictEqual(error.reason._tag, "ActorCrashed")
      assert.deepStrictEqual(yield* ref.ask("add", `{ "value": 3 }`), { total: 5 }) // the last good state, and on
      // #endregion crash
    }).pipe(Effect.provide(Logger.layer([])))
  )

  it.effect("too many crashes fault an actor, and a probe brings it back", () =>
    Effect.gen(function* () {
      let healthy = false
      // #region policy
      const gateway = Actor.make("gateway", {
        initial: 0,
        restart: { intensity: 2, within: "10 seconds", backoff: "100 millis", probeInterval: "5 seconds" },
        build: (self) =>
          Effect.succeed({
            send: () => (healthy ? self.update((sent) => sent + 1) : Effect.die(new Error("unplugged")))
          })
      })

      const ref = yield* Actor.spawn(gateway)
      for (let crash = 1; crash <= 3; crash++) {
        yield* Effect.exit(ref.ask("send"))
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual(yield* ref.status, "faulted")
      const refused = yield* Effect.flip(ref.ask("send")) // at once
      assert.deepInclude(refused.reason, { _tag: "ActorFaulted", retryAfter: 4_000 })

      healthy = true
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(yield* ref.ask("send"), 1)
      // #endregion policy
    }).pipe(Effect.provide(Logger.layer([])))
  )

  it.effect("a background fiber lives and dies with its actor", () =>
    Effect.gen(function* () {
      // #region background
      const monitor = Actor.make("monitor", {
        initial: { ticks: 0 },
        build: (self) =>
          Effect.gen(function* () {
            const tick = self.update(({ ticks }) => ({ ticks: ticks + 1 })) // a message of its own
            yield* tick.pipe(Effect.schedule(Schedule.spaced("1 second")), Effect.forkScoped)
            return { break: () => Effect.forkScoped(Effect.die(new Error("in the background"))) }
          })
      })

      const ref = yield* Actor.spawn(monitor)
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* ref.state, { ticks: 3 })

      yield* ref.ask("break") // the handler succeeds; the fiber it leaves behind takes the actor through a restart
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* ref.state, { ticks: 5 })
      // #endregion background
    }).pipe(Effect.provide(Logger.layer([])))
  )
})
