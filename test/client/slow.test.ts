/** A connection that moves is not dead, however long a message takes; one that stands still is. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { client, type ScriptedSocket, settle, soon } from "../support/ScriptedSockets.ts"

const url = "ws://live.test/api/live/rpc"

class Page extends Component.Service<Page>()("Page", {
  state: { text: Schema.String },
  initial: () => ({ text: "" })
}) {}

/** What moves in each second of an hour that the server answers nothing in. */
const cases: ReadonlyArray<
  readonly [what: string, moves: (socket: ScriptedSocket, second: number) => void, isAlive: boolean]
> = [
  ["a message arrives in parts", (socket, second) => second % 9 === 0 && socket.receiveText("+[1"), true],
  ["a message leaves", (socket) => (socket.bufferedAmount -= 30_000), true],
  ["a message leaves in bursts", (socket, second) => second % 8 === 0 && (socket.bufferedAmount -= 1), true],
  ["signs of a message's arrival come", (socket, s) => s % 9 === 0 && socket.receive([{ _tag: "Pong" }]), true],
  ["nothing moves", () => {}, false],
  ["a message waits and does not leave", (socket) => void (socket.bufferedAmount = 1e9), false],
  ["more and more waits", (socket) => (socket.bufferedAmount += 1000), false],
  ["a message stops leaving", (socket, s) => s <= 60 && (socket.bufferedAmount -= 1), false],
  ["parts stop arriving", (socket, second) => second <= 60 && socket.receiveText("+[1"), false]
]

/** A client whose connection is open, and which mounts something. */
const mounting = Effect.gen(function* () {
  const { live, made } = yield* client({ url }, (socket) => soon(() => socket.accept()))
  yield* settle
  const [socket] = made
  if (socket === undefined) return yield* Effect.die("There is no socket.")
  const mounted = yield* Effect.forkChild(Effect.exit(live.mount(Page, {})), { startImmediately: true })
  yield* settle
  const sent = socket.sent.flatMap((frame): ReadonlyArray<{ readonly tag?: string; readonly id: unknown }> => {
    const parsed = JSON.parse(frame)
    return Array.isArray(parsed) ? parsed : [parsed]
  })
  const requestId = sent.find(({ tag }) => tag === "Mount")?.id
  const value = { componentId: "Page-1", epoch: 1, revision: 0, index: 0, state: { text: "a" }, status: "running" }
  const answer = JSON.stringify([{ _tag: "Exit", requestId, exit: { _tag: "Success", value } }])
  return { answer, mounted, socket }
})

/** A part of one character every nine seconds. */
const trickle = (socket: ScriptedSocket, text: string) =>
  Effect.forEach(text, (character) => {
    socket.receiveText(`+${character}`)
    return TestClock.adjust("9 seconds")
  })

describe("a state that takes longer than mountTimeout", () => {
  it.effect("is waited for as long as it comes further", () =>
    Effect.gen(function* () {
      const { answer, mounted, socket } = yield* mounting
      yield* trickle(socket, answer.slice(0, 12))
      socket.receiveText(`=${answer.slice(12)}`)
      yield* settle
      const exit = yield* Fiber.join(mounted)
      assert.isTrue(Exit.isSuccess(exit), String(exit))
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )

  it.effect("is not waited for when it stops, nor when only signs of life come", () =>
    Effect.gen(function* () {
      const { answer, mounted, socket } = yield* mounting
      yield* trickle(socket, answer.slice(0, 4))
      yield* TestClock.adjust("12 seconds")
      const exit = mounted.pollUnsafe()
      assert.match(String(exit?._tag === "Success" ? exit.value : exit), /nothing was mounted within 30s/)
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )
})

describe("a client on a slow connection", () => {
  for (const [what, moves, isAlive] of cases) {
    it.effect(`${isAlive ? "stays on" : "gives up"} its connection while ${what}`, () =>
      Effect.gen(function* () {
        const { made } = yield* client({ url }, (socket) => soon(() => socket.accept()))
        yield* settle
        const [socket] = made
        if (socket === undefined) return assert.fail("There is no socket.")
        socket.isAnswering = false
        socket.bufferedAmount = 1e8
        for (let second = 1; second <= 120; second++) {
          moves(socket, second)
          yield* TestClock.adjust("1 second")
        }
        yield* settle
        assert.strictEqual(made.length === 1, isAlive)
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
    )
  }

  it.effect("asks at each interval, and gives up when its own timeout is over, and not before", () =>
    Effect.gen(function* () {
      const options = { url, pingInterval: "5 seconds", pingTimeout: "12 seconds" } as const
      const { made } = yield* client(options, (socket) => soon(() => socket.accept()))
      yield* settle
      const [socket] = made
      const pings = () => socket?.sent.filter((frame) => frame === '{"_tag":"Ping"}').length
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(pings(), 4)
      if (socket !== undefined) socket.isAnswering = false
      yield* TestClock.adjust("16 seconds")
      assert.deepStrictEqual([pings(), made.length], [7, 1])
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual([socket?.readyState, made.length], [3, 2])
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )
})
