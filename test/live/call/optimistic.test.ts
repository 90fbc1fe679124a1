/** What a client shows of calls that have no answer yet: what they are going to do, once, and then what they did. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer, Logger, Schema, type Scope } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { LiveTest } from "fibra/testing"
import * as ReplicaOpener from "../../../src/client/ReplicaOpener.ts"
import { warnings } from "../../support/warnings.ts"

class Refused extends Schema.TaggedError<Refused>()("Refused", {}) {}

const Add = { by: Schema.Int }

/** Guesses its own sums. */
class Sum extends Component.Service<Sum>()("Sum", {
  state: { total: Schema.Int, words: Schema.Array(Schema.String) },
  initial: () => ({ total: 0, words: [] }),
  actions: [
    Rpc.make("Add", { payload: Add, error: Refused }).annotate(Component.Idempotent, true),
    Rpc.make("Write", { payload: { word: Schema.String } }),
    Rpc.make("Slowly", { payload: Add }),
    Rpc.make("Throw", { payload: Add }),
    Rpc.make("WriteInPlace", { payload: { word: Schema.String }, error: Refused }),
    Rpc.make("Nonsense", { payload: Add }),
    Rpc.make("AddUnseen", { payload: Add })
  ],
  optimistic: {
    Add: (state, { by }) => ({ ...state, total: state.total + by }),
    Write: (state, { word }) => ({ ...state, words: [...state.words, word] }),
    Slowly: (state, { by }) => ({ ...state, total: state.total + by }),
    Throw: () => {
      throw new Error("no idea")
    },
    WriteInPlace: (state, { word }) => {
      ;(state.words as Array<string>).push(word)
      return state
    },
    Nonsense: (state) => ({ ...state, total: 0.5 })
  }
}) {}

/** Ten is the most there is, words are written in capitals, and what is done slowly waits for the latch. */
const SumLayer = (latch: Latch.Latch) =>
  Sum.toLayer(
    Effect.gen(function* () {
      const self = yield* Sum
      const add = (by: number) =>
        Effect.asVoid(self.update((state) => ({ ...state, total: Math.min(10, state.total + by) })))
      return Sum.of({
        Add: ({ by }) => (by < 0 ? Effect.fail(new Refused()) : add(by)),
        Write: ({ word }) =>
          Effect.asVoid(self.update((state) => ({ ...state, words: [...state.words, word.toUpperCase()] }))),
        Slowly: ({ by }) => Effect.andThen(latch.await, add(by)),
        Throw: ({ by }) => add(by),
        WriteInPlace: () => Effect.fail(new Refused()),
        Nonsense: ({ by }) => add(by),
        AddUnseen: ({ by }) => add(by)
      })
    })
  )

interface Shown {
  readonly total: number
  readonly words: ReadonlyArray<string>
}

const lab = (
  test: (given: {
    readonly live: LiveTest["Service"]
    readonly latch: Latch.Latch
  }) => Effect.Effect<void, unknown, Scope.Scope>,
  log: Array<unknown> = []
) => {
  const latch = Latch.makeUnsafe(false)
  return Effect.flatMap(LiveTest, (live) => test({ live, latch })).pipe(
    Effect.provide(
      LiveTest.layer({ components: [Sum] }).pipe(
        Layer.provide(SumLayer(latch)),
        Layer.provideMerge(Logger.layer([warnings(log)]))
      )
    )
  )
}

/** Mounts a sum, and keeps every state that is shown. */
const watch = (client: Pick<LiveTest["Service"], "client" | "settle">, key?: string) =>
  Effect.gen(function* () {
    const replica = ReplicaOpener.of(client.client)(Sum, key === undefined ? {} : { key })
    yield* client.settle
    const shown: Array<Shown> = []
    let last: Shown = replica.view.state
    let news = 0
    replica.listen(() => {
      news++
      if (replica.view.state !== last) shown.push((last = replica.view.state))
    })
    const call = (action: string, payload: unknown, options?: { readonly timeout: string }) =>
      Effect.forkChild(Effect.exit(replica.call(action, payload, options as never)), { startImmediately: true })
    return {
      replica,
      call,
      /** What was shown since this was asked last. */
      totals: () => shown.splice(0).map(({ total }) => total),
      words: () => shown.splice(0).map(({ words }) => words.join(" ")),
      /** How often something has changed since this was asked last. */
      news: () => {
        const since = news
        news = 0
        return since
      }
    }
  })

describe("an optimistic action", () => {
  it.effect("an optimistic action is shown at once, and drawn once when the guess was right", () =>
    lab(({ live }) =>
      Effect.gen(function* () {
        const sum = yield* watch(live)
        yield* live.hold
        const call = yield* sum.call("Add", { by: 2 })
        assert.deepStrictEqual(sum.totals(), [2])
        assert.strictEqual(sum.news(), 1)
        yield* live.unhold
        yield* Fiber.join(call)
        assert.deepStrictEqual(sum.totals(), [])
        assert.strictEqual(sum.news(), 0)
      })
    )
  )

  it.effect("an optimistic action goes from guess to truth in one step when the guess was wrong", () =>
    lab(({ live }) =>
      Effect.gen(function* () {
        const sum = yield* watch(live)
        const call = yield* sum.call("Write", { word: "hello" })
        yield* live.settle
        yield* Fiber.join(call)
        assert.deepStrictEqual(sum.words(), ["hello", "HELLO"])
        assert.strictEqual(sum.news(), 2)
      })
    )
  )

  it.effect("an optimistic action is shown without a connection, and stays until its result is there", () =>
    lab(({ live }) =>
      Effect.gen(function* () {
        const sum = yield* watch(live)
        yield* live.disconnect
        yield* sum.call("Add", { by: 1 })
        yield* sum.call("Write", { word: "a" })
        yield* sum.call("Add", { by: 2 })
        assert.deepStrictEqual(sum.totals(), [1, 1, 3])
        yield* live.reconnect
        yield* live.settle
        assert.deepStrictEqual(
          sum.totals().filter((total) => total !== 3),
          []
        )
        assert.deepStrictEqual(sum.replica.view.state, { total: 3, words: ["A"] })
      })
    )
  )

  it.effect("an optimistic action that ran while its answer was lost is not shown twice", () =>
    lab(({ live }) =>
      Effect.gen(function* () {
        const sum = yield* watch(live)
        yield* live.stall
        yield* sum.call("Add", { by: 1 })
        yield* live.settle
        yield* live.disconnect
        yield* live.reconnect
        yield* live.settle
        assert.deepStrictEqual(sum.totals(), [1])
        assert.strictEqual(sum.replica.view.state.total, 1)
      })
    )
  )

  it.effect("an optimistic action whose change follows a lost one is shown until the whole state has arrived", () =>
    lab(({ live }) =>
      Effect.gen(function* () {
        const sum = yield* watch(live, "lossy")
        const other = yield* watch(yield* live.connect(), "lossy")
        yield* live.lose
        yield* other.call("AddUnseen", { by: 5 })
        yield* live.settle
        yield* sum.call("Add", { by: 1 })
        yield* live.settle
        assert.deepStrictEqual(sum.totals(), [1, 6])
      })
    )
  )

  it.effect("an optimistic action is shown on top of the changes of others, in the order of the calls", () =>
    lab(({ live, latch }) =>
      Effect.gen(function* () {
        const second = yield* live.connect()
        const sum = yield* watch(live, "shared")
        const other = yield* watch(second, "shared")
        const slow = yield* sum.call("Slowly", { by: 2 })
        yield* sum.call("Write", { word: "a" })
        assert.deepStrictEqual(sum.totals(), [2, 2])
        yield* latch.open
        yield* Fiber.join(slow)
        yield* live.settle
        yield* live.hold
        yield* sum.call("Add", { by: 3 })
        yield* other.call("AddUnseen", { by: 1 })
        yield* live.settle
        assert.strictEqual(other.replica.view.state.total, 3)
        assert.strictEqual(sum.replica.view.state.total, 6)
        yield* live.unhold
        yield* live.settle
        assert.deepStrictEqual(sum.replica.view.state, { total: 6, words: ["A"] })
        assert.deepStrictEqual(other.replica.view.state, sum.replica.view.state)
        assert.notInclude(sum.totals(), 9)
      })
    )
  )

  it.effect("an optimistic action is taken back in one step when its call fails with its own error", () =>
    lab(({ live }) =>
      Effect.gen(function* () {
        const sum = yield* watch(live)
        const call = yield* sum.call("Add", { by: -1 })
        yield* live.settle
        assert.strictEqual((yield* Fiber.join(call))._tag, "Failure")
        assert.deepStrictEqual(sum.totals(), [-1, 0])
        assert.strictEqual(sum.news(), 2)
      })
    )
  )

  it.effect("an optimistic action is taken back when its call runs out of time or is interrupted", () =>
    lab(({ live }) =>
      Effect.gen(function* () {
        const sum = yield* watch(live)
        const late = yield* sum.call("Slowly", { by: 1 }, { timeout: "5 seconds" })
        yield* live.settle
        yield* TestClock.adjust("5 seconds")
        yield* live.settle
        assert.strictEqual((yield* Fiber.join(late))._tag, "Failure")
        assert.deepStrictEqual(sum.totals(), [1, 0])
        const interrupted = yield* sum.call("Slowly", { by: 2 })
        yield* live.settle
        yield* Fiber.interrupt(interrupted)
        assert.deepStrictEqual(sum.totals(), [2, 0])
        assert.strictEqual(sum.news(), 4)
      })
    )
  )

  it.effect("an optimistic action is taken back when it waits too long, and when its component is released", () =>
    lab(({ live }) =>
      Effect.gen(function* () {
        const sum = yield* watch(live)
        yield* live.disconnect
        const late = yield* sum.call("Add", { by: 1 })
        yield* TestClock.adjust("46 seconds")
        assert.strictEqual((yield* Fiber.join(late))._tag, "Failure")
        assert.deepStrictEqual(sum.totals(), [1, 0])
        yield* sum.call("Add", { by: 1 })
        sum.replica.release()
        assert.deepStrictEqual(sum.totals(), [1, 0])
        yield* sum.call("Add", { by: 1 })
        assert.deepStrictEqual(sum.totals(), [])
      })
    )
  )

  it.effect("an optimistic action is taken back together with many others, and is gone before that is drawn", () =>
    lab(({ live }) =>
      Effect.gen(function* () {
        const sum = yield* watch(live)
        yield* live.disconnect
        const calls = yield* Effect.forEach(Array.from({ length: 100 }), () => sum.call("Add", { by: 1 }))
        assert.lengthOf(sum.totals(), 100)
        yield* TestClock.adjust("44 seconds")
        assert.deepStrictEqual(sum.totals(), [])
        yield* Effect.forEach(calls.slice(0, 50), Fiber.interrupt)
        assert.strictEqual(sum.replica.view.state.total, 50)
        assert.deepStrictEqual(sum.totals(), [])
        yield* TestClock.adjust("16 millis")
        assert.deepStrictEqual(sum.totals(), [50])
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(sum.totals().at(-1), 0)
      })
    )
  )

  it.effect("an optimistic action that changes nothing draws nothing", () =>
    lab(({ live }) =>
      Effect.gen(function* () {
        const sum = yield* watch(live)
        yield* Fiber.join(yield* sum.call("Add", { by: 10 }))
        assert.deepStrictEqual(sum.totals(), [10])
        // The server has ten already, and says nothing.
        const call = yield* sum.call("Add", { by: 1 })
        yield* live.settle
        yield* Fiber.join(call)
        assert.deepStrictEqual(sum.totals(), [11, 10])
      })
    )
  )

  const places: Array<unknown> = []
  it.effect("an optimistic action whose reducer changes the state in place is not shown, nor kept", () =>
    lab(
      ({ live }) =>
        Effect.gen(function* () {
          const sum = yield* watch(live)
          yield* Fiber.join(yield* sum.call("Write", { word: "a" }))
          for (const word of ["x", "y"]) yield* Fiber.join(yield* sum.call("WriteInPlace", { word }))
          assert.deepStrictEqual(sum.replica.view.state.words, ["A"])
          assert.lengthOf(places, 2)
          yield* Fiber.join(yield* sum.call("Write", { word: "b" }))
          assert.deepStrictEqual(sum.replica.view.state.words, ["A", "B"])
        }),
      places
    )
  )

  const log: Array<unknown> = []
  it.effect("an optimistic action whose reducer throws or returns no state runs without it, which is logged once", () =>
    lab(
      ({ live }) =>
        Effect.gen(function* () {
          const sum = yield* watch(live)
          yield* live.hold
          yield* sum.call("Throw", { by: 1 })
          yield* sum.call("Add", { by: 1 })
          yield* sum.call("Nonsense", { by: 1 })
          assert.deepStrictEqual(sum.totals(), [1])
          assert.lengthOf(log, 2)
          yield* live.unhold
          yield* live.settle
          assert.strictEqual(sum.replica.view.state.total, 3)
          assert.isTrue(sum.replica.view.connected)
          assert.lengthOf(log, 2)
        }),
      log
    )
  )
})
