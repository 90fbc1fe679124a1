import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Latch, Layer, Logger, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { Actor, Directory, Supervisor } from "fibra/actor"
import { LiveConfig } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { layer, Transport } from "../../src/server/transport/Transport.ts"
import { apart, type Clocks } from "../support/Clocks.ts"
import { makeWriter } from "../support/discardingWriter.ts"
import { behaviors, components, Gate, Lab } from "../support/Lab.ts"
import { root } from "../support/workspace.ts"

const protocol = {
  open: () => ({ receive: () => {}, flush: () => {}, draining: () => {}, knows: () => true, closed: () => {} })
}

const transport =
  (config: Partial<LiveConfig.Settings>) =>
  <E, R>(effect: Effect.Effect<void, E, R>) =>
    Effect.provide(Effect.scoped(effect), layer.pipe(Layer.provide(LiveConfig.layer(config))))

const live = (config: Partial<LiveConfig.Settings> = {}) =>
  Effect.provide(
    LiveTest.layer({ components }).pipe(
      Layer.provide(LiveConfig.layer(config)),
      Layer.provideMerge([behaviors, Logger.layer([])])
    )
  )

const attach = Effect.acquireRelease(
  Effect.map(Transport, ({ attachUnsafe }) => {
    const { codes, writer } = makeWriter()
    return { codes, connection: attachUnsafe(protocol, writer, undefined) }
  }),
  ({ connection }) => Effect.sync(() => connection.closed())
)

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

type Measured = (move: () => void) => Effect.Effect<void, unknown, Scope.Scope>

const elapsed: Readonly<Record<string, Measured>> = {
  "the rate of messages": (move) =>
    Effect.gen(function* () {
      const { connection } = yield* attach
      const spend = Effect.map(Transport, () => connection.spend())
      // A message is heard, and with it what time it is.
      const next = Effect.andThen(
        Effect.sync(() => connection.receive("")),
        spend
      )
      assert.strictEqual(yield* next, 0)
      move()
      assert.strictEqual(yield* next, 100)
      yield* TestClock.adjust("200 millis")
      assert.strictEqual(yield* next, 0)
    }).pipe(transport({ rate: 10, rateBurst: 1 })),

  "the silence of a connection": (move) =>
    Effect.gen(function* () {
      const { codes, connection } = yield* attach
      connection.receive("")
      yield* TestClock.adjust("20 seconds")
      move()
      yield* TestClock.adjust("24 seconds")
      assert.deepStrictEqual(codes, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(codes, [1001])
    }).pipe(transport({})),

  "the wait for a first message": (move) =>
    Effect.gen(function* () {
      const { codes } = yield* attach
      yield* TestClock.adjust("5 seconds")
      move()
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual(codes, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(codes, [1008])
    }).pipe(transport({ firstMessageTimeout: Duration.seconds(10) })),

  "the time a session is parked": (move) =>
    Effect.gen(function* () {
      const server = yield* LiveTest
      yield* server.mount(Lab, { props: { start: 0 } })
      yield* server.disconnect
      yield* TestClock.adjust("20 seconds")
      move()
      yield* TestClock.adjust("24 seconds")
      assert.strictEqual((yield* server.open).parked, 1)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* server.open).parked, 0)
    }).pipe(live()),

  "the time a handler may take": (move) =>
    Effect.gen(function* () {
      const behavior = Actor.make("slow", {
        initial: 0,
        handlerTimeout: "10 seconds",
        build: () => Effect.succeed({ wait: () => Effect.sleep("2 seconds"), hang: () => Effect.never })
      })
      const actor = yield* Actor.spawn(behavior)
      yield* fork(actor.ask("wait"))
      const hanging = yield* fork(actor.ask("hang"))
      yield* TestClock.adjust("5 seconds")
      move()
      yield* TestClock.adjust("6 seconds")
      assert.isUndefined(hanging.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.isTrue(Exit.isFailure(hanging.pollUnsafe() ?? Exit.void))
    }),

  "the crashes that are remembered, and when a faulted actor is tried again": (move) =>
    Effect.gen(function* () {
      const behavior = Actor.make("fragile", {
        initial: 0,
        restart: { intensity: 1, within: "30 seconds", probeInterval: "10 seconds" },
        build: () => Effect.succeed({ crash: () => Effect.die("poison") })
      })
      const actor = yield* Actor.spawn(behavior)
      yield* Effect.exit(actor.ask("crash"))
      yield* TestClock.adjust("1 second")
      move()
      yield* Effect.exit(actor.ask("crash"))
      assert.strictEqual(yield* actor.status, "faulted")
      yield* TestClock.adjust("4 seconds")
      const { reason } = (yield* Effect.flip(actor.ask("crash"))) as { reason: { retryAfter: number } }
      assert.strictEqual(reason.retryAfter, 6000)
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(yield* actor.status, "running")
    }).pipe(Effect.provide(Logger.layer([]))),

  "the crashes of a supervisor's children": (move) =>
    Effect.gen(function* () {
      const child = Supervisor.child("child", Effect.delay(Effect.die("poison"), "1 second"))
      const running = yield* fork(Supervisor.run({ intensity: 1, within: "30 seconds", backoff: 0 }, [child]))
      yield* TestClock.adjust("1500 millis")
      move()
      yield* TestClock.adjust("1 second")
      assert.isTrue(Exit.isFailure(running.pollUnsafe() ?? Exit.void))
    }).pipe(Effect.provide(Logger.layer([]))),

  "the time an actor is idle": (move) =>
    Effect.gen(function* () {
      const directory = yield* Directory.make({
        activate: (address: string) => Effect.succeed({ ref: address, watch: Effect.never }),
        maxIdleTime: "1 minute"
      })
      yield* Effect.scoped(directory.get("first"))
      yield* TestClock.adjust("30 seconds")
      yield* Effect.scoped(directory.get("second"))
      move()
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* directory.addresses, ["second"])
      yield* TestClock.adjust("29 seconds")
      assert.deepStrictEqual(yield* directory.addresses, ["second"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* directory.addresses, [])
    }),

  "the time a message is good": (move) =>
    Effect.gen(function* () {
      const latch = Latch.makeUnsafe(false)
      const behavior = Actor.make("busy", {
        initial: 0,
        build: () => Effect.succeed({ wait: () => latch.await, note: () => Effect.void })
      })
      const actor = yield* Actor.spawn(behavior)
      const waiting = yield* fork(actor.ask("wait"))
      const good = yield* fork(actor.ask("note", undefined, { timeToLive: "10 seconds" }))
      const spoilt = yield* fork(actor.ask("note", undefined, { timeToLive: "1 second" }))
      yield* TestClock.adjust("2 seconds")
      move()
      yield* latch.open
      yield* Fiber.join(waiting)
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(good)))
      assert.isTrue(Exit.isFailure(yield* Fiber.await(spoilt)))
    })
}

const hour = 3_600_000

for (const [what, measured] of Object.entries(elapsed)) {
  for (const [how, by] of [
    ["back", -hour],
    ["forward", hour]
  ] as const) {
    it.effect(`${what} is as it was when the wall clock is set ${how} by an hour`, () =>
      Effect.flatMap(apart, ({ setWall }) => Effect.scoped(measured(() => setWall(by))))
    )
  }
}

describe("an event loop that stood still", () => {
  const stalled = (then: (clocks: Clocks) => Effect.Effect<void, unknown, Transport | Scope.Scope>) =>
    Effect.flatMap(apart, then).pipe(transport({}))

  it.effect("an event loop that stood still closes nobody who answers the ping that follows", () =>
    stalled(({ stall }) =>
      Effect.gen(function* () {
        const { codes, connection } = yield* attach
        connection.receive("")
        yield* TestClock.adjust("20 seconds")
        stall(hour)
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(codes, [])
        connection.heard()
        yield* TestClock.adjust("44 seconds")
        assert.deepStrictEqual(codes, [])
      })
    )
  )

  it.effect("an event loop that stood still closes clients that do not answer the ping that follows, at the next", () =>
    stalled(({ stall }) =>
      Effect.gen(function* () {
        const { codes, connection } = yield* attach
        connection.receive("")
        yield* TestClock.adjust("20 seconds")
        stall(hour)
        yield* TestClock.adjust("24 seconds")
        assert.deepStrictEqual(codes, [])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(codes, [1001])
      })
    )
  )

  it.effect("an event loop that stood still ends nobody who wrote a first message meanwhile", () =>
    stalled(({ stall }) =>
      Effect.gen(function* () {
        const { codes, connection } = yield* attach
        yield* TestClock.adjust("5500 millis")
        stall(hour)
        yield* TestClock.adjust("500 millis")
        connection.receive("")
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(codes, [])
      })
    )
  )

  it.effect("an event loop that stood still ends no parked session whose client is back already", () =>
    Effect.gen(function* () {
      const { stall } = yield* apart
      yield* Effect.gen(function* () {
        const server = yield* LiveTest
        const lab = yield* server.mount(Lab, { props: { start: 1 } })
        yield* server.disconnect
        yield* TestClock.adjust("10 seconds")
        stall(hour)
        yield* TestClock.adjust("1 second")
        yield* server.reconnect
        assert.strictEqual((yield* lab.state).count, 1)
        assert.strictEqual((yield* Gate).built, 1)
      }).pipe(live())
    })
  )

  it.effect("an event loop that stood still pings connections that were never pinged before it closes them", () =>
    Effect.gen(function* () {
      const { codes, connection } = yield* attach
      connection.receive("")
      yield* TestClock.adjust("60 seconds")
      assert.deepStrictEqual(codes, [])
      yield* TestClock.adjust("60 seconds")
      assert.deepStrictEqual(codes, [1001])
    }).pipe(transport({ heartbeat: Duration.seconds(60) }))
  )
})

const wall: Readonly<Record<string, string>> = {
  "src/actor/Inbox.ts": "a dead letter says when it was dropped",
  "src/actor/Monotonic.ts": "a list of what there is says since when",
  "src/cli/ServerCheck.ts": "held against the clock of a server",
  "src/client/ConnectionState.ts": "a state of the connection says since when",
  "src/client/ConnectionTiming.ts": "a page says when the next attempt to connect is",
  "src/client/StateCache.ts": "a token is kept beyond the page, as long as it is good",
  "src/devtools/Devtools.ts": "a message says when it was",
  "src/devtools/Format.ts": "a time is shown as people read it",
  "src/react/SteadyMount.ts": "its warning names what differs at every render",
  "src/server/IdGenerator.ts": "an id has a time in it, so that no two processes make the same",
  "src/server/instance/Checkpointer.ts": "a token says when it was sealed",
  "src/server/instance/PresenceSealer.ts": "a token says when it was sealed",
  "src/server/instance/Tracing.ts": "a span says when it was",
  "src/server/monitor/MonitorReply.ts": "an answer says when it was given",
  "src/server/monitor/Surroundings.ts": "a recorded message says when it was",
  "src/server/room/Rooms.ts": "an event says when it was said",
  "src/server/security/Revocations.ts": "held against when tokens were sealed",
  "src/server/security/StateToken.ts": "a token says when it was sealed",
  "src/server/store/RecordEntries.ts": "as long as a token is good",
  "src/server/store/RecordFolder.ts": "held against the times of files",
  "src/server/store/Records.ts": "as long as a token is good",
  "src/server/store/SnapshotSql.ts": "as long as a token is good",
  "src/server/transport/CachedClock.ts": "an answer says when it was given",
  "src/server/upload/UploadFolder.ts": "held against the times of files",
  "src/server/wire/rpc/LiveRpc.ts": "an answer says what time it is",
  "src/testing/ReplayError.ts": "a recorded message says when it was"
}

const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => `src/${name}`)

const containing = (pattern: RegExp) => files.filter((name) => pattern.test(readFileSync(join(root, name), "utf8")))

describe("the clock on the wall", () => {
  it("the wall clock is read for times from outside the process, and nowhere else", () => {
    assert.deepStrictEqual(
      containing(/currentTime(Millis|Nanos)|DateTime\.now|Date\.now|new Date/).sort(),
      Object.keys(wall).sort()
    )
  })

  it("what fibra uses of effect does not read the wall clock: schedules, caches and pools", () => {
    assert.deepStrictEqual(
      containing(/Schedule\.(upTo|elapsed|during|fixed|windowed|cron)|effect\/(Cache|Pool|ScopedCache|RateLimiter)"/),
      []
    )
  })
})
