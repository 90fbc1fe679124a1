/** A connection that is lost takes nothing with it: the session waits, the client gets what it missed, and calls run once. */
import { assert, layer } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Scope, Exit, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { LiveConfig } from "fibra/server"
import { LiveTest } from "fibra/testing"
import { behaviors, components, Gate, Lab, Ticker } from "../../support/Lab.ts"
import { listen } from "../../support/Rpc.ts"
import * as ReplicaOpener from "../../../src/client/ReplicaOpener.ts"

const subject = LiveTest.layer({ components }).pipe(Layer.provideMerge(behaviors))

/** Starts a call without waiting for it. */
const start = <A, E>(call: Effect.Effect<A, E>) => Effect.forkChild(Effect.exit(call), { startImmediately: true })

layer(subject)("a session", (it) => {
  it.effect("a session continues without its client, which later has the state that it missed", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const ticker = yield* live.mount(Ticker, {})
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* ticker.state, { seconds: 2 })
      yield* live.disconnect
      assert.deepInclude(yield* ticker.view, { connected: false, activation: "mounted" })
      yield* TestClock.adjust("40 seconds")
      assert.deepInclude(yield* live.open, { sessions: 1, parked: 1, instances: 1 })
      yield* live.reconnect
      assert.deepStrictEqual(yield* ticker.state, { seconds: 42 })
      assert.deepInclude(yield* ticker.view, { connected: true, status: "running", activation: "resumed" })
      assert.deepInclude(yield* live.open, { sessions: 1, parked: 0, instances: 1 })
    }).pipe(Effect.scoped)
  )

  it.effect("a session ends when its client does not come back in time, and then its instances stop", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 5 } })
      yield* live.disconnect
      yield* TestClock.adjust("44 seconds")
      assert.deepInclude(yield* live.open, { sessions: 1, parked: 1, instances: 1 })
      yield* TestClock.adjust("1 second")
      yield* live.settle
      assert.deepInclude(yield* live.open, { sessions: 0, parked: 0, instances: 0 })
      yield* live.reconnect
      assert.deepInclude(yield* live.open, { sessions: 1, parked: 0, instances: 1 })
      assert.strictEqual((yield* lab.state).count, 5)
    }).pipe(Effect.scoped)
  )

  it.effect("a session ends at once when its client closes it", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const scope = yield* Scope.make()
      const other = yield* Scope.provide(live.connect(), scope)
      yield* Scope.provide(other.mount(Lab, { props: { start: 0 } }), scope)
      yield* live.settle
      assert.strictEqual((yield* live.open).instances, 1)
      yield* Scope.close(scope, Exit.void)
      yield* live.settle
      assert.deepInclude(yield* live.open, { sessions: 1, parked: 0, instances: 0 })
    })
  )

  it.effect("a session sends the events that its client missed, once each and in order", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 0 }, key: "events" })
      const other = yield* live.connect()
      const speaker = yield* other.mount(Lab, { props: { start: 0 }, key: "events" })
      const heard: Array<string> = []
      yield* lab.events("Announced").pipe(
        Stream.runForEach(({ text }) => Effect.sync(() => heard.push(text))),
        Effect.forkScoped({ startImmediately: true })
      )
      yield* speaker.call.Announce({ text: "a" })
      yield* live.settle
      yield* live.stall
      yield* speaker.call.Announce({ text: "b" })
      yield* speaker.call.Add({ by: 1 })
      yield* live.settle
      yield* live.disconnect
      yield* speaker.call.Announce({ text: "c" })
      yield* live.reconnect
      yield* speaker.call.Announce({ text: "d" })
      yield* live.settle
      assert.deepStrictEqual(heard, ["a", "b", "c", "d"])
      assert.strictEqual((yield* lab.state).count, 1)
    }).pipe(Effect.scoped)
  )
})

layer(subject)("a call", (it) => {
  it.effect("a call under way when the connection is lost runs once and is answered after it", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const { latch } = yield* Gate
      const lab = yield* live.mount(Lab, { props: { start: 0 } })
      const waiting = yield* start(lab.call.Wait())
      yield* live.settle
      yield* live.disconnect
      yield* live.reconnect
      assert.strictEqual((yield* lab.state).label, "waiting")
      yield* latch.open
      assert.deepStrictEqual(yield* Fiber.join(waiting), Exit.succeed("waited"))
      yield* latch.close
    }).pipe(Effect.scoped)
  )

  it.effect("a call whose answer is lost with the connection is answered from the replies that the session keeps", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 0 } })
      yield* live.stall
      const adding = yield* start(lab.call.Add({ by: 3 }))
      const refused = yield* start(Effect.flip(lab.call.Add({ by: 1000 })))
      yield* live.settle
      yield* live.disconnect
      yield* live.reconnect
      assert.deepStrictEqual(yield* Fiber.join(adding), Exit.succeed(3))
      const error = yield* Fiber.join(refused)
      assert.strictEqual(Exit.isSuccess(error) ? error.value._tag : "", "TooMuch")
      assert.strictEqual((yield* lab.state).count, 3)
    }).pipe(Effect.scoped)
  )

  it.effect("a call that never arrived is sent again", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 0 } })
      yield* live.hold
      const adding = yield* start(lab.call.Add({ by: 3 }))
      yield* live.settle
      yield* live.disconnect
      yield* live.reconnect
      assert.deepStrictEqual(yield* Fiber.join(adding), Exit.succeed(3))
    }).pipe(Effect.scoped)
  )

  it.effect("a call made without a connection waits, and is sent in order", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 0 } })
      yield* live.hold
      const texts = ["a", "b", "c", "d", "e"]
      const calls = [yield* start(lab.call.Prepend({ text: "a" })), yield* start(lab.call.Prepend({ text: "b" }))]
      yield* live.settle
      yield* live.disconnect
      for (const text of texts.slice(2)) calls.push(yield* start(lab.call.Prepend({ text })))
      yield* live.reconnect
      for (const call of calls) assert.isTrue(Exit.isSuccess(yield* Fiber.join(call)))
      assert.deepStrictEqual(
        (yield* lab.state).items.map(({ text }) => text),
        texts.toReversed()
      )
    }).pipe(Effect.scoped)
  )

  it.effect("a call that waits for a connection longer than its limit did not run", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 0 } })
      yield* live.disconnect
      const short = yield* start(Effect.flip(lab.call.Add({ by: 1 }, { timeout: "2 seconds" })))
      const long = yield* start(Effect.flip(lab.call.Add({ by: 1 })))
      yield* TestClock.adjust("2 seconds")
      const [error] = [yield* Fiber.join(short)]
      assert.deepNestedInclude(error, { "value.reason._tag": "CallExpired", "value.reason.outcome": "notRun" })
      assert.isUndefined(long.pollUnsafe())
      yield* TestClock.adjust("43 seconds")
      assert.deepNestedInclude(yield* Fiber.join(long), { "value.reason.outcome": "notRun" })
      yield* live.reconnect
      assert.strictEqual((yield* lab.state).count, 0)
    }).pipe(Effect.scoped)
  )

  it.effect("a call that was given up while the connection was lost is interrupted when it is back", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const gate = yield* Gate
      const lab = yield* live.mount(Lab, { props: { start: 0 } })
      const before = gate.interrupted
      const hanging = yield* start(lab.call.Hang())
      yield* live.settle
      yield* live.disconnect
      yield* Fiber.interrupt(hanging)
      assert.strictEqual(gate.interrupted, before)
      yield* live.reconnect
      assert.strictEqual(gate.interrupted, before + 1)
      assert.strictEqual(yield* lab.call.Add({ by: 1 }), 1)
    }).pipe(Effect.scoped)
  )

  it.effect(
    "a call that may have run in a session that is gone is reported as unknown, and one that may run twice runs again",
    () =>
      Effect.gen(function* () {
        const live = yield* LiveTest
        const lab = yield* live.mount(Lab, { props: { start: 0 } })
        yield* live.stall
        const adding = yield* start(Effect.flip(lab.call.Add({ by: 1 })))
        const filling = yield* start(lab.call.Fill({ count: 3 }))
        yield* live.settle
        yield* live.disconnect
        const queued = yield* start(lab.call.Add({ by: 7 }))
        yield* live.kill
        yield* live.start
        yield* live.reconnect
        assert.deepNestedInclude(yield* Fiber.join(adding), { "value.reason.outcome": "unknown" })
        assert.isTrue(Exit.isSuccess(yield* Fiber.join(filling)))
        assert.isTrue(Exit.isSuccess(yield* Fiber.join(queued)))
        assert.lengthOf((yield* lab.state).items, 3)
        assert.strictEqual((yield* lab.state).count, 7)
      }).pipe(Effect.scoped)
  )

  it.effect("a call that arrives twice runs once", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const lab = yield* live.mount(Lab, { props: { start: 0 } })
      yield* live.twice
      assert.strictEqual(yield* lab.call.Add({ by: 1 }), 1)
      assert.strictEqual((yield* lab.state).count, 1)
    }).pipe(Effect.scoped)
  )
})

layer(
  LiveTest.layer({ components }).pipe(
    Layer.provideMerge(behaviors),
    Layer.provide(LiveConfig.layer({ maxParked: 2, linger: Duration.minutes(5), idleTimeout: Duration.hours(1) }))
  )
)("parked sessions", (it) => {
  it.effect("parked sessions have a maximum: the oldest ends first", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const mount = Effect.gen(function* () {
        const client = yield* live.connect()
        return { client, lab: yield* client.mount(Lab, { props: { start: 0 } }) }
      })
      const [first, second, third] = [yield* mount, yield* mount, yield* mount]
      for (const { client, lab } of [first, second, third]) {
        yield* lab.call.Add({ by: 1 })
        yield* client.disconnect
      }
      assert.deepInclude(yield* live.open, { parked: 2 })
      for (const { client } of [first, second, third]) yield* client.reconnect
      const how = yield* Effect.forEach([first, second, third], ({ lab }) => lab.activation)
      assert.deepStrictEqual(how, ["mounted", "resumed", "resumed"])
    }).pipe(Effect.scoped)
  )
})

/** Is never built. */
class Endless extends Component.Service<Endless>()("Endless", { state: {}, initial: () => ({}) }) {}

const given = { up: 0 }

const EndlessLayer = Endless.toLayer(
  Effect.onInterrupt(Effect.never, () => Effect.sync(() => void given.up++)),
  { persist: false }
)

layer(LiveTest.layer({ components: [Endless] }).pipe(Layer.provide(EndlessLayer)))(
  "a mount without a call id",
  (it) => {
    it.effect("a mount without a call id is given up with its connection: nobody can ask for its answer", () =>
      Effect.gen(function* () {
        const live = yield* LiveTest
        const heard = yield* listen()
        yield* start(heard.mount("Endless", {}))
        yield* live.settle
        assert.deepInclude(yield* live.open, { sessions: 2, parked: 0 })
        assert.strictEqual(given.up, 0)
        yield* heard.disconnect
        assert.strictEqual(given.up, 1)
        assert.deepInclude(yield* live.open, { sessions: 1, parked: 0, instances: 0 })
      }).pipe(Effect.scoped)
    )
  }
)

layer(subject)("a mount", (it) => {
  it.effect("a mount whose answer is lost with the connection is done once", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      yield* live.stall
      const mounting = yield* Effect.forkScoped(live.mount(Lab, { props: { start: 4 } }), { startImmediately: true })
      yield* live.settle
      assert.strictEqual((yield* live.open).instances, 1)
      yield* live.disconnect
      yield* live.reconnect
      const lab = yield* Fiber.join(mounting)
      assert.strictEqual(yield* lab.call.Add({ by: 1 }), 5)
      assert.strictEqual((yield* live.open).instances, 1)
    }).pipe(Effect.scoped)
  )

  it.effect("a mount that is given up while the connection is lost leaves nothing behind", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      const scope = yield* Scope.make()
      yield* Scope.provide(live.mount(Lab, { props: { start: 4 } }), scope)
      yield* live.disconnect
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* live.open).instances, 1)
      yield* live.reconnect
      assert.strictEqual((yield* live.open).instances, 0)
    }).pipe(Effect.scoped)
  )

  it.effect("a mount that cannot be done in time fails, and succeeds later when it can", () =>
    Effect.gen(function* () {
      const live = yield* LiveTest
      yield* live.disconnect
      const replica = ReplicaOpener.of(live.client)(Lab, { props: { start: 1 } })
      const waiting = yield* Effect.forkChild(Effect.flip(replica.mounted()), { startImmediately: true })
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* Fiber.join(waiting)).reason._tag, "Disconnected")
      yield* live.reconnect
      assert.deepInclude(replica.view, { connected: true, error: undefined })
      // The server does not answer.
      yield* live.hold
      const second = ReplicaOpener.of(live.client)(Lab, { props: { start: 1 } })
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(second.view.error?.reason._tag, "Disconnected")
      replica.release()
      second.release()
    }).pipe(Effect.scoped)
  )
})
