/** What a build sets is seen when it has ended, and never when it fails. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { LiveTest } from "fibra/testing"

class Rebuilt extends Component.Service<Rebuilt>()("Rebuilt", {
  state: { count: Schema.Int, extra: Schema.Any },
  initial: () => ({ count: 0, extra: null }),
  actions: [Rpc.make("Set", { payload: { count: Schema.Int } }), Rpc.make("Crash")],
  events: { Built: Schema.Int }
}) {}

type Self = typeof Rebuilt extends { readonly Service: infer S } ? S : never

/** Its second build sets this state, waits for a second, and ends like that. */
const subject = (state: unknown, end: Effect.Effect<void> = Effect.void) => {
  const entries: Array<{ readonly message: string; readonly annotations: object; readonly level: string }> = []
  const logger = Logger.map(Logger.formatStructured, (entry) => void entries.push(entry as never))
  const layer = LiveTest.layer({ components: [Rebuilt] }).pipe(
    Layer.provide(
      Rebuilt.toLayer(
        Effect.gen(function* () {
          const self: Self = yield* Rebuilt
          if (self.activation === 1) {
            yield* self.set(state as never)
            yield* self.broadcast("Built", self.activation)
            yield* Effect.andThen(Effect.sleep("1 second"), end)
          }
          return Rebuilt.of({
            Set: ({ count }) => self.set({ count, extra: null }),
            Crash: () => Effect.die(new Error("crash"))
          })
        })
      )
    ),
    Layer.provide(Logger.layer([logger]))
  )
  return { entries, layer }
}

const begin = Effect.gen(function* () {
  const live = yield* LiveTest
  const rebuilt = yield* live.mount(Rebuilt, { key: "shared" })
  const other = yield* (yield* live.connect()).mount(Rebuilt, { key: "shared" })
  yield* rebuilt.call.Set({ count: 1 })
  yield* Effect.exit(rebuilt.call.Crash())
  const seen = Effect.gen(function* () {
    const state = (yield* rebuilt.state).count
    assert.strictEqual((yield* other.state).count, state)
    const { connected, status } = yield* rebuilt.view
    assert.isTrue(connected && (yield* other.view).connected)
    return `${state} ${status}`
  })
  return { rebuilt, seen }
})

const cyclic: { self?: unknown } = {}
cyclic.self = cyclic

describe("what a build sets", () => {
  it.effect("is seen when the build has ended, and not before", () =>
    Effect.gen(function* () {
      const { seen } = yield* begin
      assert.strictEqual(yield* seen, "1 restarting")
      yield* TestClock.adjust("999 millis")
      assert.strictEqual(yield* seen, "1 restarting")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* seen, "2 running")
    }).pipe(Effect.scoped, Effect.provide(subject({ count: 2, extra: null }).layer))
  )

  it.effect("is never seen when the build fails", () =>
    Effect.gen(function* () {
      const { seen } = yield* begin
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* seen, "1 restarting")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* seen, "1 running")
    }).pipe(Effect.scoped, Effect.provide(subject({ count: 2, extra: null }, Effect.die("no build")).layer))
  )

  for (const [name, state] of [
    ["does not fit its schema", { count: "two", extra: null }],
    ["has no JSON form", { count: 2, extra: cyclic }],
    ["is nested too deeply", { count: 2, extra: JSON.parse("[".repeat(1500) + "]".repeat(1500)) as unknown }],
    ["cannot be read", { count: 2, extra: { toJSON: () => assert.fail("read") } }]
  ] as const) {
    it.effect(`is a crash of the build when it ${name}: its clients stay connected, and keep what they saw`, () => {
      const { entries, layer } = subject(state)
      return Effect.gen(function* () {
        const { rebuilt, seen } = yield* begin
        assert.strictEqual(yield* seen, "1 restarting")
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* seen, "1 restarting")
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* seen, "1 running")
        yield* rebuilt.call.Set({ count: 3 })
        assert.strictEqual(yield* seen, "3 running")
        const crashes = entries.filter(({ message }) => message === "An actor crashed")
        assert.deepStrictEqual(
          crashes.map(({ level }) => level),
          ["ERROR", "ERROR"]
        )
      }).pipe(Effect.scoped, Effect.provide(layer))
    })
  }
})
