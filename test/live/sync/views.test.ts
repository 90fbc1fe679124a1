/** What a view shows: states that were published, and the same to those who were there and those who come later. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { LiveTest } from "fibra/testing"

class Viewed extends Component.Service<Viewed>()("Viewed", {
  state: { count: Schema.Int, list: Schema.Array(Schema.Any) },
  initial: () => ({ count: 0, list: [] }),
  actions: [Rpc.make("Add"), Rpc.make("Crash")]
}) {}

interface State {
  readonly count: number
  readonly list: ReadonlyArray<unknown>
}

/** Its second build sets something and fails after a second. */
const subject = (view: (state: State) => State) =>
  LiveTest.layer({ components: [Viewed] }).pipe(
    Layer.provide(
      Viewed.toLayer(
        Effect.gen(function* () {
          const self = yield* Viewed
          if (self.activation === 1) {
            yield* self.set({ count: 77, list: ["half"] })
            return yield* Effect.andThen(Effect.sleep("1 second"), Effect.die("no build"))
          }
          return Viewed.of({
            Add: () => Effect.asVoid(self.update(({ count, list }) => ({ count: count + 1, list: [...list, count] }))),
            Crash: () => Effect.die("crash")
          })
        }),
        { view }
      )
    ),
    Layer.provide(Logger.layer([]))
  )

describe("the view of a component", () => {
  it.effect("is never of what a build has set and not finished, for clients that come back or are new", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const ada = yield* live.connect({ principal: "ada" })
      const hers = yield* ada.mount(Viewed, { key: "shared" })
      yield* hers.call.Add()
      yield* Effect.exit(hers.call.Crash())
      yield* ada.disconnect
      yield* ada.reconnect
      const his = yield* (yield* live.connect({ principal: "bob" })).mount(Viewed, { key: "shared" })
      for (let second = 0; second < 5; second++) {
        assert.deepStrictEqual(yield* hers.state, { count: 1, list: [0] })
        assert.deepStrictEqual(yield* his.state, { count: 1, list: [0] })
        yield* TestClock.adjust("1 second")
      }
      yield* hers.call.Add()
      assert.strictEqual((yield* hers.state).count, 2)
      assert.strictEqual((yield* his.state).count, 2)
    }).pipe(Effect.scoped, Effect.provide(subject((state) => ({ ...state }))))
  )

  const memo: { count: number; list: ReadonlyArray<unknown> } = { count: 0, list: [] }
  const list: Array<unknown> = []
  class Shown {
    readonly count = 0
    readonly list: Array<unknown> = []
  }
  const shown = new Shown()
  const cases: Readonly<Record<string, readonly [(state: State) => State, "faulted" | "running"]>> = {
    "the same object, changed in place": [
      ({ count }) => {
        memo.count = count
        return memo
      },
      "faulted"
    ],
    "the same list, changed in place": [
      ({ count }) => {
        list.push(count)
        return { count: 0, list }
      },
      "faulted"
    ],
    "the same instance of a class, changed in place": [({ count }) => Object.assign(shown, { count }), "running"]
  }
  for (const [name, [view, status]] of Object.entries(cases)) {
    it.effect(`is the same for those who were there and those who come later, or faulted, when it gives ${name}`, () =>
      Effect.gen(function* () {
        const live = yield* LiveTest
        const before = yield* live.mount(Viewed, { key: "shared" })
        yield* before.call.Add()
        yield* before.call.Add()
        const after = yield* (yield* live.connect()).mount(Viewed, { key: "shared" })
        assert.deepStrictEqual(yield* after.state, yield* before.state)
        assert.strictEqual((yield* before.view).status, status)
        if (status === "running") assert.strictEqual((yield* before.state).count, 2)
      }).pipe(Effect.scoped, Effect.provide(subject(view)))
    )
  }
})
