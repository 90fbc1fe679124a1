/** A client sends no more than its server takes: whatever was called runs once and in order, and nothing is refused. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Latch, Layer, Schema, type Scope } from "effect"
import { Rpc, type RpcMessage } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { Link, LiveClient, StateCache } from "fibra/client"
import { LiveConfig } from "fibra/server"
import { LiveTest, type RawLink, type TestClient } from "fibra/testing"

class Log extends Component.Service<Log>()("Log", {
  state: { last: Schema.Int },
  initial: () => ({ last: -1 }),
  actions: [
    Rpc.make("Append", { payload: { n: Schema.Int, text: Schema.optionalKey(Schema.String) } }),
    Rpc.make("Wait")
  ]
}) {}

/** What ran, in its order. */
class Ran extends Context.Service<Ran, { readonly order: Array<number>; readonly gate: Latch.Latch }>()("test/Ran") {}

const LogLayer = Log.toLayer(
  Effect.gen(function* () {
    const self = yield* Log
    const { gate, order } = yield* Ran
    return Log.of({
      Append: ({ n }) => {
        order.push(n)
        return Effect.asVoid(self.update(() => ({ last: n })))
      },
      Wait: () => gate.await
    })
  }),
  { mailboxCapacity: 10_000 }
)

/** `LiveTest` has no rate where it is the default. */
const everyday = { rate: 50.000001 }

interface Fixture {
  readonly live: TestClient
  readonly order: ReadonlyArray<number>
  readonly gate: Latch.Latch
  /** Frames of the client, since the last look. */
  readonly frames: () => ReadonlyArray<string>
  readonly refused: () => number
}

const paced = <A, E>(
  config: LiveConfig.Options,
  run: (fixture: Fixture) => Effect.Effect<A, E, Scope.Scope>,
  options: { readonly maxQueuedCalls?: number; readonly offlineTimeout?: string } = {}
) =>
  Effect.suspend(() => {
    const order: Array<number> = []
    const gate = Latch.makeUnsafe(false)
    let frames: Array<string> = []
    let refused = 0
    const layer = LiveTest.layer({ components: [Log] }).pipe(
      Layer.provide(LogLayer),
      Layer.provide(Layer.succeed(Ran, { order, gate })),
      Layer.provide(LiveConfig.layer(config))
    )
    return Effect.gen(function* () {
      const live = yield* (yield* LiveTest).connect({
        ...(options as object),
        onFrame: (from, text) => {
          if (from === "client") frames.push(text)
          else refused += text.split('"RateLimited"').length - 1
        }
      })
      yield* live.settle
      const look = () => {
        const seen = frames
        frames = []
        return seen
      }
      return yield* run({ live, order, gate, frames: look, refused: () => refused })
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

const range = (length: number, from = 0) => Array.from({ length }, (_, n) => from + n)

/** Lets time pass until this holds, which it does in so many seconds. */
const within = (seconds: number, live: TestClient, holds: () => boolean) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("1 second"), live.settle), { until: holds, times: seconds - 1 })

const reasonOf = (exit: Exit.Exit<unknown, unknown>) =>
  Exit.isFailure(exit) ? JSON.stringify(exit.cause.reasons) : "none"

describe("calls made without a connection", () => {
  for (const [count, seconds] of [
    [300, 6],
    [3000, 62]
  ] as const) {
    it.effect(`${count} of them run once and in order, ${seconds} seconds later, with the limits of every server`, () =>
      paced(everyday, ({ live, order, refused }) =>
        Effect.gen(function* () {
          const log = yield* live.mount(Log, {})
          yield* live.disconnect
          const calls = yield* Effect.forEach(range(count), (n) =>
            Effect.forkChild(log.call.Append({ n }), { startImmediately: true })
          )
          yield* live.reconnect
          yield* within(seconds, live, () => order.length === count)
          assert.deepStrictEqual(order, range(count))
          assert.strictEqual((yield* Fiber.joinAll(calls)).length, count)
          assert.strictEqual(refused(), 0)
        })
      )
    )
  }

  const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
  it.effect.prop(
    "whatever a server allows, and wherever the connection is lost, all run once and in order",
    [between(1, 40), between(1, 200), between(1, 120), Schema.Array(between(0, 3000)).check(Schema.isMaxLength(3))],
    ([rateBurst, rate, count, cuts]) =>
      paced({ rate, rateBurst }, ({ live, order, refused }) =>
        Effect.gen(function* () {
          const log = yield* live.mount(Log, {})
          yield* TestClock.adjust("1 minute")
          yield* live.disconnect
          const half = Math.floor(count / 2)
          const call = (n: number) => Effect.forkChild(log.call.Append({ n }), { startImmediately: true })
          const first = yield* Effect.forEach(range(half), call)
          yield* live.reconnect
          const second = yield* Effect.forEach(range(count - half, half), call)
          for (const cut of cuts) {
            yield* TestClock.adjust(cut)
            yield* live.disconnect
            yield* live.reconnect
          }
          yield* within(400, live, () => order.length >= count)
          assert.deepStrictEqual(order, range(count))
          assert.strictEqual((yield* Fiber.joinAll([...first, ...second])).length, count)
          assert.strictEqual(refused(), 0)
        })
      ),
    { arbitrary: { runs: 30 } }
  )
})

describe("calls made while there is a connection", () => {
  it.effect("more than the server takes wait for their turn, and none is refused", () =>
    paced(everyday, ({ live, order, refused }) =>
      Effect.gen(function* () {
        const log = yield* live.mount(Log, {})
        const calls = yield* Effect.forEach(range(250), (n) =>
          Effect.forkChild(log.call.Append({ n }), { startImmediately: true })
        )
        yield* live.settle
        assert.isAbove(order.length, 90)
        assert.isBelow(order.length, 100)
        yield* within(4, live, () => order.length === 250)
        assert.strictEqual((yield* Fiber.joinAll(calls)).length, 250)
        assert.deepStrictEqual([order, refused()], [range(250), 0])
      })
    )
  )

  it.effect("nothing is refused of what arrives late and all at once", () =>
    paced(everyday, ({ live, order, refused }) =>
      Effect.gen(function* () {
        const log = yield* live.mount(Log, {})
        yield* TestClock.adjust("10 seconds")
        yield* live.hold
        const calls = yield* Effect.forEach(range(400), (n) =>
          Effect.forkChild(log.call.Append({ n }), { startImmediately: true })
        )
        yield* TestClock.adjust("5 seconds")
        yield* live.unhold
        yield* within(9, live, () => order.length === 400)
        assert.strictEqual((yield* Fiber.joinAll(calls)).length, 400)
        assert.deepStrictEqual([order, refused()], [range(400), 0])
      })
    )
  )

  it.effect("calls whose answers take long do not keep others from being sent", () =>
    paced({ rate: 20, rateBurst: 40 }, ({ gate, live, order, refused }) =>
      Effect.gen(function* () {
        const waiting = yield* live.mount(Log, {})
        const log = yield* live.mount(Log, {})
        const long = yield* Effect.forEach(range(60), () =>
          Effect.forkChild(waiting.call.Wait(), { startImmediately: true })
        )
        const call = yield* Effect.forkChild(log.call.Append({ n: 1 }), { startImmediately: true })
        yield* within(6, live, () => order.length > 0)
        assert.deepStrictEqual(order, [1])
        yield* Fiber.join(call)
        yield* gate.open
        yield* within(10, live, () => long.every((fiber) => fiber.pollUnsafe() !== undefined))
        assert.strictEqual(refused(), 0)
      })
    )
  )

  it.effect("no more bytes wait for answers than the server takes", () =>
    paced({ ...everyday, maxBuffered: 64 * 1024 }, ({ gate, live, order, refused }) =>
      Effect.gen(function* () {
        const log = yield* live.mount(Log, {})
        const calls = yield* Effect.forEach(range(10), () =>
          Effect.forkChild(log.call.Wait(), { startImmediately: true })
        )
        const long = yield* Effect.forEach(range(10), (n) =>
          Effect.forkChild(log.call.Append({ n, text: "x".repeat(20_000) }), { startImmediately: true })
        )
        yield* gate.open
        yield* within(10, live, () => order.length === 10)
        assert.strictEqual((yield* Fiber.joinAll([...calls, ...long])).length, 20)
        assert.deepStrictEqual([order, refused()], [range(10), 0])
      })
    )
  )

  it.effect("a call that waits for its turn is given up at its time limit, and has not run", () =>
    paced({ rate: 1, rateBurst: 3 }, ({ live, order }) =>
      Effect.gen(function* () {
        const log = yield* live.mount(Log, {})
        const calls = yield* Effect.forEach(range(8), (n) =>
          Effect.forkChild(log.call.Append({ n }, { timeout: "3500 millis" }), { startImmediately: true })
        )
        yield* within(20, live, () => false)
        const notRun = calls.flatMap((fiber, n) =>
          reasonOf(fiber.pollUnsafe() ?? Exit.void).includes(`"notRun"`) ? [n] : []
        )
        assert.isAbove(notRun.length, 2)
        assert.deepStrictEqual([...order, ...notRun], range(8))
        // Their places are free again.
        yield* Fiber.join(yield* Effect.forkChild(log.call.Append({ n: 9 }), { startImmediately: true }))
        assert.strictEqual(order.at(-1), 9)
      })
    )
  )

  it.effect("more than maxQueuedCalls do not wait, and are told that they did not run and when to call again", () =>
    paced(
      { rate: 1, rateBurst: 3 },
      ({ live, order }) =>
        Effect.gen(function* () {
          const log = yield* live.mount(Log, {})
          const calls = yield* Effect.forEach(range(30), (n) =>
            Effect.forkChild(log.call.Append({ n }), { startImmediately: true })
          )
          yield* live.settle
          const refused = calls.filter((fiber) => fiber.pollUnsafe()?._tag === "Failure")
          assert.strictEqual(refused.length, 30 - 5 - order.length)
          for (const fiber of refused) assert.include(reasonOf(yield* Fiber.await(fiber)), "RateLimited")
          yield* within(10, live, () => order.length === 30 - refused.length)
          assert.deepStrictEqual(order, range(30 - refused.length))
        }),
      { maxQueuedCalls: 5 }
    )
  )

  it.effect("calls of what is unmounted do not wait for their turn", () =>
    paced({ rate: 0.01, rateBurst: 3 }, ({ live, order }) =>
      Effect.gen(function* () {
        const calls = yield* Effect.scoped(
          Effect.gen(function* () {
            const log = yield* live.mount(Log, {})
            return yield* Effect.forEach(range(10), (n) =>
              Effect.forkDetach(Effect.exit(log.call.Append({ n })), { startImmediately: true })
            )
          })
        )
        yield* live.settle
        const exits = yield* Fiber.joinAll(calls)
        assert.strictEqual(exits.filter(Exit.isFailure).length, 10 - order.length)
      })
    )
  )
})

describe("a server that takes less than it says", () => {
  /** Says that everything may be sent; and answers arrive late while it is slow. */
  class Boaster {
    refused = 0
    isSlow = false
    catchUp: Effect.Effect<void> = Effect.void

    through(link: RawLink): Link.Link["Service"] {
      return {
        ...link.client,
        open: (hooks) =>
          Effect.map(link.client.open(hooks), (protocol) => ({
            ...protocol,
            run: (clientId, f) => {
              const late: Array<RpcMessage.FromServerEncoded> = []
              this.catchUp = Effect.suspend(() => {
                this.isSlow = false
                return Effect.forEach(late.splice(0), f, { discard: true })
              })
              return protocol.run(clientId, (message) => {
                if (JSON.stringify(message).includes('"RateLimited"')) this.refused++
                if (this.isSlow) return Effect.sync(() => void late.push(message))
                if (message._tag !== "Chunk") return f(message)
                const values = message.values.map((value) => {
                  const event = value as { readonly _tag: string }
                  return event._tag === "ConnectionEstablished"
                    ? { ...event, limits: { rate: 500, rateBurst: 60 } }
                    : event
                })
                return f({ ...message, values: values as never })
              })
            }
          }))
      }
    }
  }

  it.effect("what it refuses did not run, and is called again, before all that was called later", () => {
    const order: Array<number> = []
    const test = LiveTest.layer({ components: [Log] }).pipe(
      Layer.provide(LogLayer),
      Layer.provide(Layer.succeed(Ran, { order, gate: Latch.makeUnsafe(true) })),
      Layer.provide(LiveConfig.layer({ rate: 20, rateBurst: 7, rateTolerance: 400 }))
    )
    return Effect.gen(function* () {
      const live = yield* LiveTest
      const boaster = new Boaster()
      const services = Layer.merge(Layer.succeed(Link.Link, boaster.through(live.link())), StateCache.layerMemory)
      const context = yield* Layer.build(Layer.fresh(Layer.provide(LiveClient.layer(), services)))
      const client = Context.get(context, LiveClient)
      yield* live.settle
      const mounting = yield* Effect.forkChild(client.mount(Log, {}), { startImmediately: true })
      yield* live.settle
      const log = yield* Fiber.join(mounting)
      const call = (n: number) => Effect.forkChild(log.call.Append({ n }), { startImmediately: true })
      // What the server refuses is not known yet when more is sent.
      boaster.isSlow = true
      const first = yield* Effect.forEach(range(20), call)
      const later: Array<Fiber.Fiber<void, unknown>> = []
      for (let n = 20; n < 50; n++) {
        yield* TestClock.adjust("30 millis")
        yield* live.settle
        later.push(yield* call(n))
      }
      yield* boaster.catchUp
      const settled = Effect.andThen(TestClock.adjust("50 millis"), live.settle)
      yield* Effect.repeat(settled, { until: () => order.length >= 50, times: 400 })
      assert.deepStrictEqual(order, range(50))
      assert.strictEqual((yield* Fiber.joinAll([...first, ...later])).length, 50)
      assert.isAbove(boaster.refused, 20)
    }).pipe(Effect.scoped, Effect.provide(test))
  })
})

describe("a page with many components", () => {
  it.effect("600 components are mounted at once, in few frames, and unmounted in few", () =>
    paced(everyday, ({ frames, live, refused }) =>
      Effect.gen(function* () {
        const mountAll = Effect.forEach(range(600), () => live.mount(Log, {}), { concurrency: "unbounded" })
        for (const round of [1, 2, 3]) {
          frames()
          yield* Effect.scoped(
            Effect.gen(function* () {
              const logs = yield* mountAll
              assert.strictEqual(logs.length, 600)
              const sent = frames()
              const mounts = sent.join("").split('"tag":"Mount"').length - 1
              assert.strictEqual(mounts, 600)
              assert.isBelow(sent.length, 20, "frames with mounts")
            })
          )
          yield* live.settle
          assert.isBelow(frames().length, 20, "frames with unmounts")
          assert.strictEqual(refused(), 0, `round ${round}`)
          yield* TestClock.adjust("12 seconds")
        }
      })
    )
  )
})
