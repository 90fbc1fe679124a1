/** What the performance monitor notices of a server that works badly, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Logger, References, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { LiveConfig, Secrets } from "fibra/server"
import * as StateCache from "../../../src/client/StateCache.ts"
import * as LiveCore from "../../../src/server/LiveCore.ts"
import { InstanceRunner } from "../../../src/server/instance/InstanceRunner.ts"
import { Performance } from "../../../src/server/monitor/Performance.ts"
import { Transport } from "../../../src/server/transport/Transport.ts"
import { LiveRpc } from "../../../src/server/wire/rpc/LiveRpc.ts"
import { connect } from "../../../src/testing/TestClient.ts"

/** A list of cards, of which a careless behaviour makes a new one for each change. */
class Board extends Component.Service<Board>()("Board", {
  state: { cards: Schema.Array(Schema.Struct({ id: Schema.Int, text: Schema.String })), title: Schema.String },
  initial: () => ({ cards: [], title: "" }),
  actions: [
    Rpc.make("Shuffle"),
    Rpc.make("Rename", { payload: { title: Schema.String } }),
    Rpc.make("Work", { payload: { millis: Schema.Int } }),
    Rpc.make("Crash"),
    Rpc.make("Refuse", { error: Schema.String })
  ]
}) {}

const text = "a card with a text of a usual length"

const BoardLayer = Board.toLayer(
  Effect.gen(function* () {
    const self = yield* Board
    let shuffles = 0
    return Board.of({
      Shuffle: () =>
        self.update((state) => {
          const first = ++shuffles * 1000
          return {
            ...state,
            cards: Array.from({ length: 200 }, (_, id) => ({ id: first + id, text: `${text} ${id + first}` }))
          }
        }),
      Rename: ({ title }) => self.update((state) => ({ ...state, title })),
      Work: ({ millis }) => Effect.sleep(millis),
      Crash: () => Effect.die(new Error("it broke")),
      Refuse: () => Effect.fail("no")
    })
  }),
  { restart: { intensity: 1000, within: "1 second" } }
)

const warnings: Array<string> = []
const logger = Logger.make<unknown, void>(({ fiber, logLevel, message }) => {
  if (logLevel === "Warn" && fiber.getRef(References.CurrentLogAnnotations)["alert"] !== undefined) {
    warnings.push(String([message].flat()[0]))
  }
})

const subject = LiveCore.layer({ components: [Board] }).pipe(
  Layer.provide(BoardLayer),
  Layer.provideMerge(StateCache.layerMemory),
  Layer.provide([
    Secrets.layerRandom,
    Logger.layer([logger]),
    LiveConfig.layer({ rate: Infinity, alertStateBytes: 20_000, alertBehind: 10 })
  ])
)

const client = Effect.contextWith((context: Context.Context<Transport | LiveRpc | StateCache.StateCache>) =>
  connect(
    () => ({ transport: Context.get(context, Transport), protocol: Context.get(context, LiveRpc) }),
    Context.get(context, StateCache.StateCache),
    {}
  )
)

const mounted = Effect.gen(function* () {
  warnings.length = 0
  const own = yield* client
  const board = yield* own.mount(Board, { key: "retro" })
  return { board, own, performance: yield* Performance }
})

/** What is active now, by kind. */
const active = Effect.map(
  Performance.use(({ alerts }) => alerts),
  (all) => all.filter(({ status }) => status === "active").map(({ kind }) => kind)
)

const nextRound = TestClock.adjust("30 seconds")

describe("an alert is raised", () => {
  it.effect("when messages take too long, once, and in the log, and ends when they do not any more", () =>
    Effect.gen(function* () {
      const { board, performance } = yield* mounted
      const call = yield* Effect.forkChild(board.call.Work({ millis: 4000 }), { startImmediately: true })
      yield* TestClock.adjust("4 seconds")
      yield* Fiber.join(call)
      yield* nextRound
      assert.deepStrictEqual(yield* active, ["slow-action"])
      const [alert] = yield* performance.alerts
      assert.deepInclude(alert, { component: "Board", limit: 2000, unit: "ms" })
      assert.isAbove(alert?.value ?? 0, 3500)
      assert.strictEqual(warnings.length, 1)
      assert.strictEqual(warnings[0], alert?.message)
      yield* nextRound
      assert.deepStrictEqual(yield* active, [])
      assert.strictEqual(warnings.length, 1)
    }).pipe(Effect.scoped, Effect.provide(subject))
  )

  it.effect("when changes take too long to publish", () =>
    Effect.gen(function* () {
      const { performance } = yield* mounted
      const stats = (yield* InstanceRunner.use(({ actors }) => actors))[0]?.instance.stats
      for (let change = 0; change < 20; change++) stats?.published(stats.publishing - 50_000)
      yield* nextRound
      assert.deepStrictEqual(yield* active, [])
      for (let change = 0; change < 20; change++) stats?.published(stats.publishing - 300_000)
      yield* nextRound
      assert.deepStrictEqual(yield* active, ["slow-publish"])
      const [alert] = yield* performance.alerts
      assert.deepInclude(alert, { component: "Board", limit: 250, unit: "ms" })
      yield* nextRound
      assert.deepStrictEqual(yield* active, [])
    }).pipe(Effect.scoped, Effect.provide(subject))
  )

  it.effect("once, and for what is found again after it has ended not before `alertCooldown` is over", () =>
    Effect.gen(function* () {
      const { board, performance } = yield* mounted
      const slow = Effect.gen(function* () {
        const call = yield* Effect.forkChild(board.call.Work({ millis: 4000 }), { startImmediately: true })
        yield* TestClock.adjust("4 seconds")
        yield* Fiber.join(call)
        yield* TestClock.adjust("26 seconds")
      })
      yield* slow
      assert.deepStrictEqual(yield* active, ["slow-action"])
      yield* nextRound
      // The default is five minutes.
      for (let round = 0; round < 9; round++) {
        yield* slow
        assert.deepStrictEqual(yield* active, [], `round ${round}`)
      }
      yield* slow
      assert.deepStrictEqual(yield* active, ["slow-action"])
      assert.lengthOf(yield* performance.alerts, 2)
      assert.lengthOf(warnings, 2)
    }).pipe(Effect.scoped, Effect.provide(subject))
  )

  it.effect("also after a round that failed", () =>
    Effect.gen(function* () {
      const { board } = yield* mounted
      yield* board.call.Shuffle()
      const instance = (yield* InstanceRunner.use(({ actors }) => actors))[0]?.instance ?? {}
      const get = () => {
        Reflect.deleteProperty(instance, "bytes")
        throw new Error("it cannot be measured")
      }
      Object.defineProperty(instance, "bytes", { get, configurable: true })
      yield* nextRound
      assert.deepStrictEqual(yield* active, [])
      yield* nextRound
      assert.deepStrictEqual(yield* active, ["state-size"])
    }).pipe(Effect.scoped, Effect.provide(subject))
  )

  it.effect("when actions crash, and not when they fail with errors of their contract", () =>
    Effect.gen(function* () {
      const { board, own } = yield* mounted
      for (let times = 0; times < 30; times++) yield* Effect.exit(board.call.Refuse())
      yield* nextRound
      assert.deepStrictEqual(yield* active, [])
      for (let times = 0; times < 15; times++) {
        const other = yield* own.mount(Board, {})
        yield* Effect.exit(other.call.Crash())
      }
      yield* nextRound
      assert.deepStrictEqual(yield* active, ["error-rate"])
    }).pipe(Effect.scoped, Effect.provide(subject))
  )

  for (const [what, crashes, others, raised] of [
    ["in all of nine calls, which are too few", 9, 0, []],
    ["in all of ten calls", 10, 0, ["error-rate"]],
    ["in a tenth of its calls, which is the limit", 2, 18, []],
    ["in more than a tenth", 3, 18, ["error-rate"]]
  ] as const) {
    it.effect(`${raised.length > 0 ? "when" : "but not when"} a component crashes ${what}`, () =>
      Effect.gen(function* () {
        const { own } = yield* mounted
        const other = yield* own.mount(Board, {})
        for (let times = 0; times < crashes; times++) {
          yield* Effect.exit((yield* own.mount(Board, {})).call.Crash())
        }
        for (let times = 0; times < others; times++) yield* other.call.Work({ millis: 0 })
        yield* nextRound
        assert.deepStrictEqual(yield* active, [...raised])
      }).pipe(Effect.scoped, Effect.provide(subject))
    )
  }

  it.effect("when a message waits too long, and names the instance", () =>
    Effect.gen(function* () {
      const { board, performance } = yield* mounted
      const calls = yield* Effect.forkChild(
        Effect.all([board.call.Work({ millis: 60_000 }), board.call.Work({ millis: 1 })], { concurrency: 2 }),
        { startImmediately: true }
      )
      yield* nextRound
      assert.deepStrictEqual(yield* active, ["mailbox-age"])
      const [alert] = yield* performance.alerts
      assert.match(String(alert?.instance), /^Board-/)
      assert.strictEqual(alert?.instances, 1)
      yield* TestClock.adjust("31 seconds")
      yield* Fiber.join(calls)
    }).pipe(Effect.scoped, Effect.provide(subject))
  )

  it.effect("when a state is too large", () =>
    Effect.gen(function* () {
      const { board } = yield* mounted
      yield* board.call.Shuffle()
      yield* nextRound
      assert.deepStrictEqual(yield* active, ["state-size"])
    }).pipe(Effect.scoped, Effect.provide(subject))
  )

  it.effect("when a connected client is far behind, and not when it is away", () =>
    Effect.gen(function* () {
      const { board } = yield* mounted
      const slow = yield* client
      yield* slow.mount(Board, { key: "retro" })
      yield* slow.stall
      for (let change = 0; change < 60; change++) {
        yield* board.call.Rename({ title: `title ${change}` })
        yield* slow.settle
      }
      yield* nextRound
      assert.deepStrictEqual(yield* active, ["reader-behind"])
      yield* slow.disconnect
      yield* nextRound
      assert.deepStrictEqual(yield* active, [])
    }).pipe(Effect.scoped, Effect.provide(subject))
  )
})

describe("a suggestion is made", () => {
  it.effect(
    "for a list that is sent as a whole, with about the bytes that were sent, and for no list that changes in part",
    () =>
      Effect.gen(function* () {
        const { board, own, performance } = yield* mounted
        assert.deepStrictEqual(yield* performance.suggestions, [])
        for (let times = 0; times < 60; times++) {
          yield* board.call.Shuffle()
          yield* own.settle
        }
        const [suggestion, ...others] = yield* performance.suggestions
        assert.deepStrictEqual(others, [])
        assert.deepInclude(suggestion, { kind: "whole-values", component: "Board" })
        assert.include(suggestion?.message, "of the bytes of Board are `cards` as a new value")
        const { bytes, field, share } = suggestion?.evidence ?? {}
        const sent =
          60 *
          JSON.stringify(Array.from({ length: 200 }, (_, id) => ({ id: 30_000 + id, text: `${text} ${30_000 + id}` })))
            .length
        assert.strictEqual(field, "cards")
        assert.isAbove(Number(share), 0.9)
        assert.isBelow(Math.abs(Number(bytes) / sent - 1), 0.3)
        yield* TestClock.adjust("90 seconds")
        assert.deepStrictEqual(yield* performance.suggestions, [])
      }).pipe(Effect.scoped, Effect.provide(subject))
  )

  it.effect("for handlers that others wait for, with both times", () =>
    Effect.gen(function* () {
      const { board, performance } = yield* mounted
      const calls = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 10 }, () => board.call.Work({ millis: 1000 })),
          { concurrency: "unbounded" }
        ),
        { startImmediately: true }
      )
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(calls)
      const [suggestion] = yield* performance.suggestions
      assert.deepInclude(suggestion, { kind: "slow-handlers", component: "Board" })
      assert.deepInclude(suggestion?.evidence, { messages: 10 })
      assert.isAbove(Number(suggestion?.evidence["wait"]), 5000)
    }).pipe(Effect.scoped, Effect.provide(subject))
  )
})
