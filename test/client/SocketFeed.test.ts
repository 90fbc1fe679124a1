/** What comes in on one WebSocket, and how it ended. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { Socket } from "effect/socket"
import { SocketFeed } from "../../src/client/SocketFeed.ts"
import { ScriptedSocket } from "../support/ScriptedSockets.ts"

const open = () => {
  const socket = new ScriptedSocket("ws://live.test", undefined)
  const feed = new SocketFeed(socket as unknown as Socket.WebSocketLike)
  return { feed, socket }
}

const fork = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(Effect.exit(effect), { startImmediately: true })

describe("a WebSocket", () => {
  it.effect("frames are taken in their order, together where nobody waited, and before the end is told", () =>
    Effect.gen(function* () {
      const { feed, socket } = open()
      socket.accept()
      yield* feed.opened
      const first = yield* fork(feed.take)
      socket.receiveText("1")
      assert.deepStrictEqual(yield* Fiber.join(first), Exit.succeed(["1"]))
      socket.receiveText("2")
      socket.dispatchEvent(Object.assign(new Event("message"), { data: new Uint8Array([3]).buffer }))
      socket.end(4003, "signed out")
      assert.deepStrictEqual(yield* feed.take, ["2", new Uint8Array([3])])
      const end = { kind: "close", code: 4003, reason: "signed out" } as const
      assert.deepStrictEqual(yield* Effect.exit(feed.take), Exit.fail(end))
      assert.deepStrictEqual(yield* Effect.exit(feed.take), Exit.fail(end))
    })
  )

  it.effect("the first end counts: an error is not overwritten by the close that follows it", () =>
    Effect.gen(function* () {
      const { feed, socket } = open()
      const opened = yield* fork(Effect.flip(feed.opened))
      socket.refuse()
      const exit = yield* Fiber.join(opened)
      assert.isTrue(Exit.isSuccess(exit) && exit.value.kind === "error")
      assert.strictEqual((yield* Effect.flip(feed.take)).kind, "error")
    })
  )

  it.effect("a handshake that nobody answers is given up after ten seconds", () =>
    Effect.gen(function* () {
      const { feed } = open()
      const opened = yield* fork(feed.opened)
      yield* TestClock.adjust("9999 millis")
      assert.isUndefined(opened.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* Fiber.join(opened), Exit.fail({ kind: "timeout" } as const))
    })
  )

  it.effect("what is closed here is lost for who waits, and nothing that comes later is taken", () =>
    Effect.gen(function* () {
      const { feed, socket } = open()
      socket.accept()
      const taking = yield* fork(feed.take)
      feed.close()
      const lost = Exit.fail({ kind: "close", code: 1006, reason: "" } as const)
      assert.deepStrictEqual(yield* Fiber.join(taking), lost)
      assert.strictEqual(socket.readyState, 3)
      socket.receiveText("late")
      socket.end(1000)
      assert.deepStrictEqual(yield* Effect.exit(feed.take), lost)
    })
  )

  it.effect("a WebSocket that was closed before it was looked at is lost", () =>
    Effect.gen(function* () {
      const socket = new ScriptedSocket("ws://live.test", undefined)
      socket.close()
      const feed = new SocketFeed(socket as unknown as Socket.WebSocketLike)
      assert.deepInclude(yield* Effect.flip(feed.opened), { kind: "close", code: 1006 })
    })
  )
})
