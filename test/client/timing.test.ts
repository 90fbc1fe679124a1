/** When a client connects again, and how long its server takes to answer. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Logger } from "effect"
import { TestClock } from "effect/testing"
import { connectionOf } from "../../src/client/ReplicaOpener.ts"
import { client, type ScriptedSocket, settle, soon } from "../support/ScriptedSockets.ts"

const options = { url: "ws://live.test/rpc", backoff: "10 seconds", pingInterval: "10 seconds", probe: false } as const

const accept = (socket: ScriptedSocket) => soon(() => socket.accept())
const refuse = (socket: ScriptedSocket) => soon(() => socket.refuse())

describe("the latency of a connection", () => {
  it.effect("is what the last answer to a ping took, and is not known without a connection", () =>
    Effect.gen(function* () {
      const { live, made } = yield* client(options, accept)
      const { timing } = connectionOf(live)
      const told: Array<number | undefined> = []
      timing.listen(({ latency }) => void told.push(latency))
      yield* settle
      const [socket] = made
      assert.isDefined(socket)
      socket.isAnswering = false
      for (const [rest, took] of [
        [0, 37],
        [37, 120]
      ] as const) {
        yield* TestClock.adjust(10_000 - rest)
        yield* TestClock.adjust(took)
        socket.receive({ _tag: "Pong" })
        yield* settle
        assert.strictEqual(timing.timing.latency, took)
      }
      // Nobody has asked.
      yield* TestClock.adjust("1 second")
      socket.receive({ _tag: "Pong" })
      yield* settle
      assert.strictEqual(timing.timing.latency, 120)
      socket.end(1006)
      yield* settle
      assert.deepStrictEqual(told, [37, 120, undefined])
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )
})

describe("the next attempt to connect", () => {
  it.effect("is announced while it is waited for, and not while it is made", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      let isUp = false
      const { live, made } = yield* client(options, (socket) => {
        if (isUp) accept(socket)
        else if (made.length < 3) refuse(socket)
      })
      const { monitor, timing } = connectionOf(live)
      yield* settle
      yield* settle
      const { retryAt } = timing.timing
      assert.isDefined(retryAt)
      // Half of the backoff, or up to all of it.
      assert.isAtLeast(retryAt - clock.currentTimeMillisUnsafe(), 5000)
      assert.isAtMost(retryAt - clock.currentTimeMillisUnsafe(), 10_000)
      const { length } = made
      yield* TestClock.adjust(retryAt - clock.currentTimeMillisUnsafe() - 1)
      yield* settle
      assert.strictEqual(made.length, length)
      yield* TestClock.adjust(2)
      yield* settle
      // It is under way, and nobody answers.
      assert.strictEqual(made.length, length + 1)
      assert.isUndefined(timing.timing.retryAt)
      isUp = true
      made.at(-1)?.accept()
      yield* settle
      assert.strictEqual(monitor.state.status, "connected")
      assert.isUndefined(timing.timing.retryAt)
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )

  it.effect("is made at once when somebody asks, and asking again does not end it, nor a connection", () =>
    Effect.gen(function* () {
      const { live, made } = yield* client(options, (socket, index) => {
        if (index < 2) refuse(socket)
      })
      const { monitor, retry, timing } = connectionOf(live)
      yield* settle
      yield* settle
      assert.isDefined(timing.timing.retryAt)
      assert.strictEqual(made.length, 2)
      yield* retry
      yield* settle
      assert.strictEqual(made.length, 3)
      assert.isUndefined(timing.timing.retryAt)
      yield* retry
      yield* settle
      made.at(-1)?.accept()
      yield* settle
      yield* retry
      yield* settle
      assert.deepStrictEqual([made.length, made.at(-1)?.readyState, monitor.state.status], [3, 1, "connected"])
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )

  it.effect("is not announced where none is made, and is made when somebody asks", () =>
    Effect.gen(function* () {
      const { live, made } = yield* client(options, (socket, index) =>
        index === 0
          ? soon(() => {
              socket.accept()
              soon(() => socket.end(4003))
            })
          : accept(socket)
      )
      const { monitor, retry, timing } = connectionOf(live)
      yield* settle
      yield* TestClock.adjust("1 hour")
      yield* settle
      assert.deepStrictEqual([monitor.state.status, timing.timing.retryAt, made.length], ["unauthorized", undefined, 1])
      yield* retry
      yield* settle
      assert.deepStrictEqual([monitor.state.status, made.length], ["connected", 2])
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )
})
