/** What is known of each connection: what it has sent and received, how it is doing, and the pool it belongs to. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { LiveConfig, Secrets } from "fibra/server"
import * as StateCache from "../../src/client/StateCache.ts"
import * as LiveCore from "../../src/server/LiveCore.ts"
import { layer as transportLayer, Transport } from "../../src/server/transport/Transport.ts"
import { CounterFixture, CounterFixtureLayer } from "../support/CounterFixture.ts"
import { makeWriter } from "../support/discardingWriter.ts"
import { MemoryWires } from "../support/MemoryWires.ts"
import { coreClient } from "../support/coreClient.ts"

const wires = MemoryWires.layer([CounterFixture]).pipe(Layer.provide(CounterFixtureLayer))

describe("messages", () => {
  it.effect("are counted one by one in both directions on the JSON wire, whatever frames they come in", () =>
    Effect.gen(function* () {
      const { connect, flush, transport } = yield* MemoryWires
      const client = connect("json")
      client.send({ type: "COMPONENT_MOUNT", payload: { component: "CounterFixture" }, requestId: 1 })
      yield* Effect.yieldNow
      flush()
      const componentId = client.session()?.components[0]
      const call = { type: "CALL_ACTION", componentId, action: "Add", payload: { by: 1 }, expectResponse: true }
      client.send([1, 2, 3].map((requestId) => ({ ...call, requestId })))
      client.send({ ...call, requestId: 4 })
      flush()
      const [connection] = yield* transport.list
      assert.strictEqual(connection?.messagesReceived, 5)
      assert.strictEqual(connection?.messagesSent, client.told.length)
      assert.isAbove(client.told.filter(({ type }) => type === "ACTION_RESPONSE").length, 3)
      assert.deepStrictEqual(connection?.components, client.session()?.components)
      assert.strictEqual(connection?.client, client.session()?.connectionId)
    }).pipe(Effect.provide(wires))
  )

  it.effect("are counted one by one in both directions on the RPC wire, whatever frames they come in", () =>
    Effect.gen(function* () {
      const { connect, flush, transport } = yield* MemoryWires
      const client = connect("rpc")
      const request = (id: number, tag: string, payload: unknown) => ({
        _tag: "Request",
        id: String(id),
        tag,
        payload,
        headers: []
      })
      client.send(request(1, "Connect", {}))
      client.send([
        request(2, "Mount", { component: "CounterFixture", version: 1, props: null }),
        request(3, "Ping", null),
        { _tag: "Ping" }
      ])
      yield* Effect.yieldNow
      flush()
      const [connection] = yield* transport.list
      assert.strictEqual(connection?.messagesReceived, 4)
      assert.strictEqual(connection?.messagesSent, client.told.length)
      assert.isAbove(client.told.length, 3)
    }).pipe(Effect.provide(wires))
  )

  it.effect("make a connection active when they ask for something, and not when they are pings", () =>
    Effect.gen(function* () {
      const { connect, flush, transport } = yield* MemoryWires
      const client = connect("json")
      yield* TestClock.adjust("5 seconds")
      client.send({ type: "COMPONENT_MOUNT", payload: { component: "CounterFixture" }, requestId: 1 })
      yield* Effect.yieldNow
      flush()
      const [before] = yield* transport.list
      const componentId = client.session()?.components[0]
      yield* TestClock.adjust("40 seconds")
      client.send({ type: "COMPONENT_PING", componentId })
      flush()
      const [pinged] = yield* transport.list
      assert.strictEqual(pinged?.activeAt, before?.activeAt)
      assert.strictEqual((before?.activeAt ?? 0) - (before?.since ?? 0), 5000)
      assert.strictEqual(yield* transport.active, 1)
      yield* TestClock.adjust("21 seconds")
      assert.strictEqual(yield* transport.active, 0)
      client.send({ type: "CALL_ACTION", componentId, action: "Add", payload: { by: 1 } })
      assert.strictEqual(yield* transport.active, 1)
    }).pipe(Effect.provide(wires))
  )
})

const handler = { receive: () => {}, flush: () => {}, draining: () => {}, knows: () => true, closed: () => {} }

it.effect(
  "latency is the time from a heartbeat to its pong, unknown before, and not that of a pong nobody asked for",
  () =>
    Effect.gen(function* () {
      const transport = yield* Transport
      const connection = transport.attachUnsafe({ open: () => handler }, makeWriter().writer, undefined)
      connection.spoke()
      const latency = Effect.map(transport.list, ([only]) => only?.latency)
      assert.isUndefined(yield* latency)
      connection.heard()
      assert.isUndefined(yield* latency)
      yield* TestClock.adjust("15 seconds")
      assert.isUndefined(yield* latency)
      yield* TestClock.adjust("40 millis")
      connection.heard()
      assert.strictEqual(yield* latency, 40)
      yield* TestClock.adjust("5 seconds")
      connection.heard()
      assert.strictEqual(yield* latency, 40)
      connection.closed()
    }).pipe(Effect.provide(transportLayer))
)

describe("a pool", () => {
  const subject = LiveCore.layer({ components: [CounterFixture] }).pipe(
    Layer.provide(CounterFixtureLayer),
    Layer.provideMerge(StateCache.layerMemory),
    Layer.provide([Secrets.layerRandom, Logger.layer([])]),
    Layer.provide(LiveConfig.layer({ maxConnections: 4, maxConnectionsPerPool: 2 }))
  )

  it.effect("says how many connections it has, how many of them are active, and how much of it is used", () =>
    Effect.gen(function* () {
      const transport = yield* Transport
      const ada = yield* coreClient()
      const bob = yield* coreClient()
      const eve = yield* coreClient()
      yield* Effect.forEach([ada, bob, eve], ({ settle }) => settle)
      yield* TestClock.adjust("70 seconds")
      yield* bob.mount(CounterFixture, {})
      yield* bob.settle
      const common = { limit: 2, strategy: "round-robin", isDraining: false } as const
      assert.deepStrictEqual(yield* transport.pools, [
        { ...common, id: "pool-1", size: 2, active: 0, idle: 2, utilization: 1 },
        { ...common, id: "pool-2", size: 1, active: 1, idle: 0, utilization: 0.5 }
      ])
      yield* ada.disconnect
      assert.strictEqual((yield* transport.pools)[0]?.size, 1)
    }).pipe(Effect.scoped, Effect.provide(subject))
  )

  it.effect("is drained by itself: its clients come back with all they had, and nobody else notices", () =>
    Effect.gen(function* () {
      const transport = yield* Transport
      const ada = yield* coreClient()
      const bob = yield* coreClient()
      const counter = yield* ada.mount(CounterFixture, {})
      const other = yield* bob.mount(CounterFixture, {})
      yield* counter.call.Add({ by: 3 })
      const draining = yield* Effect.forkChild(transport.drainPool("pool-1"), { startImmediately: true })
      yield* ada.settle
      yield* TestClock.adjust("1 second")
      assert.isTrue(yield* Fiber.join(draining))
      assert.deepStrictEqual(
        (yield* transport.list).map(({ pool }) => pool),
        ["pool-2"]
      )
      yield* ada.reconnect
      assert.deepStrictEqual(yield* counter.state, { count: 3 })
      assert.strictEqual(yield* counter.call.Add({ by: 1 }), 4)
      assert.strictEqual(yield* other.call.Add({ by: 1 }), 1)
      assert.isFalse(yield* transport.drainPool("pool-9"))
    }).pipe(Effect.scoped, Effect.provide(subject))
  )

  it.effect("that is drained answers what was asked before it closes a connection", () =>
    Effect.gen(function* () {
      const transport = yield* Transport
      const { codes, writer } = makeWriter()
      let asked = 1
      transport.attachUnsafe(
        {
          open: () => ({
            ...handler,
            get asked() {
              return asked
            }
          })
        },
        writer,
        undefined
      )
      const draining = yield* Effect.forkChild(transport.drainPool("pool-1"), { startImmediately: true })
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(codes, [])
      // Asking once more ends nothing early.
      assert.isTrue(yield* transport.drainPool("pool-1"))
      assert.isTrue((yield* transport.pools).find(({ id }) => id === "pool-1")?.isDraining)
      asked = 0
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(codes, [1001])
      assert.isTrue(yield* Fiber.join(draining))
    }).pipe(Effect.provide(transportLayer))
  )
})
