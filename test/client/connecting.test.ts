/** Whatever goes wrong while a client connects is one failed attempt, which is told, logged once, and made again. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { Link } from "fibra/client"
import { Ticker } from "../support/Lab.ts"
import { client, type ScriptedSocket, settle, sockets, soon } from "../support/ScriptedSockets.ts"
import { warnings } from "../support/warnings.ts"

const url = "ws://live.test/api/live/rpc"

/** The test clock complains of slow machines. */
const isOurs = (entry: unknown): boolean => String(entry).startsWith("There is no connection")

const passing = (time: "1 minute" | "1 hour") =>
  settle.pipe(Effect.andThen(TestClock.adjust(time)), Effect.andThen(settle))

const accept = (socket: ScriptedSocket) => soon(() => socket.accept())

/** Fails the first three times. */
const failing = (failure: Effect.Effect<string, unknown>, then: string): Effect.Effect<string, unknown> => {
  let times = 0
  return Effect.suspend(() => (++times <= 3 ? failure : Effect.succeed(then)))
}

const failures: ReadonlyArray<readonly [what: string, failure: Effect.Effect<never, unknown>]> = [
  ["fails", Effect.fail("no session")],
  ["dies", Effect.die(new Error("no session"))],
  [
    "throws",
    Effect.suspend(() => {
      throw new Error("no session")
    })
  ],
  ["is interrupted", Effect.interrupt],
  ["rejects", Effect.promise(() => Promise.reject(new Error("no session")))],
  ["never ends", Effect.never]
]

describe("an attempt to connect", () => {
  for (const kind of ["token", "url"] as const) {
    for (const [what, failure] of failures) {
      it.effect(`an attempt whose ${kind} ${what} is made again until it succeeds, and told and logged once`, () =>
        Effect.gen(function* () {
          const log: Array<unknown> = []
          const options =
            kind === "token" ? { url, token: failing(failure, "t") } : { url: failing(failure, url), token: "t" }
          const { live, made } = yield* Effect.provide(client(options, accept), Logger.layer([warnings(log)]))
          if (what === "never ends") yield* passing("1 minute")
          yield* settle
          const { failure: told, status } = yield* live.connection
          assert.strictEqual(status, "connecting")
          assert.strictEqual(told?.kind, kind)
          yield* passing("1 hour")
          assert.strictEqual((yield* live.connection).status, "connected")
          assert.deepStrictEqual(
            [made.map(({ token, url }) => [token, url]), log.filter(isOurs).length],
            [[["t", url]], 1]
          )
        }).pipe(Effect.scoped)
      )
    }
  }

  it.effect("connections that end before anything is said are made again later and later, but for a few", () =>
    Effect.gen(function* () {
      let ends = true
      const { live, made } = yield* client({ url }, (socket) =>
        soon(() => {
          socket.accept()
          if (ends) soon(() => socket.end(1006))
        })
      )
      for (let turn = 0; turn < 10; turn++) yield* settle
      assert.strictEqual(made.length, 4)
      for (let second = 0; second < 600; second++) yield* Effect.andThen(TestClock.adjust("1 second"), settle)
      // Ten seconds and their half are between two.
      assert.isAtMost(made.length, 4 + 8 + 120)
      assert.isAtLeast(made.length, 4 + 60)
      ends = false
      yield* Effect.andThen(TestClock.adjust("10 seconds"), settle)
      assert.strictEqual((yield* live.connection).status, "connected")
      // Those on which something was said are no reason to wait.
      for (let time = 0; time < 10; time++) {
        const { length } = made
        made.at(-1)?.receive({ _tag: "Pong" })
        yield* settle
        made.at(-1)?.end(1006)
        for (let turn = 0; turn < 3; turn++) yield* settle
        assert.deepStrictEqual([(yield* live.connection).status, made.length], ["connected", length + 1])
      }
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )

  it.effect("an attempt for which no WebSocket can be made is made again, and the reason is told", () =>
    Effect.gen(function* () {
      const { live, made } = yield* client({ url }, (socket, index) => {
        if (index < 3) throw new DOMException("An insecure WebSocket may not be made.", "SecurityError")
        accept(socket)
      })
      yield* settle
      const { failure } = yield* live.connection
      assert.deepInclude(failure, { kind: "blocked", url })
      assert.include(failure?.text, "insecure")
      const error = yield* Effect.flip(live.mount(Ticker, {}))
      assert.deepNestedInclude(error, { "reason._tag": "Disconnected", "reason.connection.kind": "blocked" })
      yield* passing("1 minute")
      assert.deepStrictEqual([(yield* live.connection).status, made.length], ["connected", 4])
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )

  it.effect("an attempt that nobody answers is given up after ten seconds, and made again", () =>
    Effect.gen(function* () {
      const { live, made } = yield* client({ url }, (socket, index) => {
        if (index > 0) accept(socket)
      })
      yield* settle
      yield* TestClock.adjust("10 seconds")
      yield* settle
      assert.strictEqual(made[0]?.readyState, 3)
      assert.deepStrictEqual([(yield* live.connection).status, made.length], ["connected", 2])
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )

  it.effect("a client that connects at a part of a millisecond pings at its interval, and waits in between", () => {
    const log: Array<unknown> = []
    return Effect.gen(function* () {
      yield* TestClock.adjust(Duration.nanos(579_311_715n))
      const { made } = yield* client({ url }, accept)
      yield* settle
      yield* TestClock.adjust("1 hour")
      yield* settle
      const pings = made[0]?.sent.filter((frame) => frame.includes('"_tag":"Ping"')).length ?? 0
      assert.isAtMost(Math.abs(pings - 360), 1)
      // A fiber that never waits is left alone by the clock.
      assert.deepStrictEqual(log, [])
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([warnings(log)])))
  })

  it.effect("an attempt to an address that is none is not made, and said at once; it is made when somebody asks", () =>
    Effect.gen(function* () {
      let address = "/api/live/rpc"
      const log: Array<unknown> = []
      const given = client({ url: Effect.sync(() => address) }, accept)
      const { live, made } = yield* Effect.provide(given, Logger.layer([warnings(log)]))
      const error = yield* Effect.flip(live.mount(Ticker, {}))
      assert.strictEqual(error.message, 'No connection to the server: "/api/live/rpc" is no address of a WebSocket.')
      yield* passing("1 hour")
      assert.deepStrictEqual(
        [(yield* live.connection).status, made.length, log.filter(isOurs).length],
        ["failed", 0, 1]
      )
      address = url
      yield* live.reconnect
      yield* settle
      assert.deepStrictEqual([(yield* live.connection).status, made.length], ["connected", 1])
    }).pipe(Effect.scoped)
  )

  it.effect("an attempt whose hooks die is a failed attempt, and the next one is made", () =>
    Effect.gen(function* () {
      const { layer, made } = sockets(accept)
      const link = yield* Effect.provide(
        Effect.service(Link.Link),
        Layer.fresh(Layer.provide(Link.layerWebSocket({ url }), layer))
      )
      const seen: Array<string> = []
      yield* link.open({
        onConnect: Effect.suspend(() => (seen.push("connect") < 4 ? Effect.die("a bug") : Effect.void)),
        onDisconnect: Effect.die("a bug"),
        onFailure: ({ kind }) => {
          seen.push(kind)
          throw new Error("a bug")
        },
        reconnectWithin: () => {
          throw new Error("a bug")
        }
      })
      yield* passing("1 minute")
      yield* passing("1 minute")
      assert.strictEqual(seen.filter((each) => each === "connect").length, made.length)
      assert.isAtLeast(made.length, 3)
      assert.strictEqual(made.at(-1)?.readyState, 1)
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )

  for (const message of [null, 7, "text", {}, { _tag: 1 }, { _tag: "Chunk", requestId: "events", values: null }]) {
    it.effect(`what answers with ${JSON.stringify(message)} does not end connecting, and the reason is told`, () =>
      Effect.gen(function* () {
        const { live, made } = yield* client({ url }, accept)
        yield* settle
        made[0]?.receive(message)
        yield* settle
        assert.strictEqual((yield* live.connection).failure?.kind, "protocol")
        yield* passing("1 minute")
        assert.deepStrictEqual([(yield* live.connection).status, made.length], ["connected", 2])
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
    )
  }
})

it.effect("a client that is refused after it was admitted, with 1008, waits longer each time", () =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const came: Array<number> = []
    const options = { url: "ws://live.test/rpc", backoff: "40 millis" } as const
    yield* client(options, (socket) => {
      came.push(clock.currentTimeMillisUnsafe())
      soon(() => {
        socket.accept()
        socket.end(1008, "Too many messages")
      })
    })
    while (came.length < 5) yield* Effect.andThen(settle, TestClock.adjust("5 millis"))
    const waits = came.slice(1).map((at, index) => at - (came[index] ?? Infinity))
    // 40, 80, 160 and 320 ms, or half of that.
    for (const [index, least] of [20, 40, 80, 160].entries()) assert.isAtLeast(waits[index] ?? 0, least)
  }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
)
