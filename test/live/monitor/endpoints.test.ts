/** What the endpoints of the monitor answer, read by the client that is made of their description, and as plain JSON. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer, Logger } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { Rpc } from "effect/rpc"
import { TestClock } from "effect/testing"
import { Component } from "fibra"
import { type LiveConfig, LiveServer, Secrets } from "fibra/server"
import { vi } from "vitest"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import * as MonitorApi from "../../../src/server/monitor/MonitorApi.ts"
import { statusOf } from "../../../src/server/monitor/ServerSummary.ts"
import { connect } from "../../support/JsonSocket.ts"
import { ask, counters, jsonOf, type Line, port, surroundings } from "../../support/MonitoredServer.ts"

const api = MonitorApi.make("/api/live", "/metrics")

/** A client that fails unless an answer is what its schema says. */
const typed = Effect.flatMap(port, (at) =>
  HttpApiClient.make(api, {
    transformClient: HttpClient.mapRequest(HttpClientRequest.prependUrl(`http://127.0.0.1:${at}`))
  })
)

const served = (config: LiveConfig.Options = {}, log: (line: Line) => void = () => {}) =>
  Layer.merge(Layer.provide(counters, surroundings({ config, log })), FetchHttpClient.layer)

const mounted = Effect.gen(function* () {
  const at = yield* port
  const socket = yield* connect(at)
  const id = yield* socket.mount({ component: "CounterFixture" })
  const add = () =>
    socket.request({ type: "CALL_ACTION", componentId: id, action: "Add", payload: { by: 1 }, expectResponse: true })
  const established = socket.seen.find(({ type }) => type === "CONNECTION_ESTABLISHED")
  return { add, at, connectionId: String(established?.["connectionId"]), id, socket }
})

describe("the endpoints of the monitor", () => {
  it.live("answer what their description says", () =>
    Effect.gen(function* () {
      const { add, connectionId, id } = yield* mounted
      for (let times = 0; times < 3; times++) yield* add()
      const client = yield* typed
      const before = Date.now()

      const health = yield* client.open.health()
      assert.deepInclude(health, {
        success: true,
        service: "fibra",
        status: "operational",
        components: 1,
        connections: 1
      })
      assert.isAtLeast(health.timestamp, before)

      const info = yield* client.open.websocketInfo()
      assert.deepInclude(info, { success: true, endpoint: "/api/live/ws", status: "operational" })
      assert.deepStrictEqual(info.connectionManager, {
        totalConnections: 1,
        activeConnections: 1,
        totalPools: 10,
        totalQueuedMessages: 0,
        maxConnections: 10_000,
        connectionUtilization: 0.0001
      })

      const { stats } = yield* client.connections.stats()
      assert.deepInclude(stats, { components: 1, instances: 1, connections: 1, rooms: 0 })

      const { connections, systemStats } = yield* client.connections.list({ query: {} })
      assert.deepStrictEqual(systemStats, info.connectionManager)
      assert.lengthOf(connections, 1)
      const { connection } = yield* client.connections.get({ params: { id: connectionId } })
      const { bytesReceived, client: name, latency, pool: of } = connection
      // How long its answer to the first ping took.
      assert.isAtLeast(latency ?? 0, 0)
      assert.deepInclude(connections[0], { bytesReceived, client: name, pool: of })
      assert.deepInclude(connection as object, {
        client: connectionId,
        messagesReceived: 4,
        components: [id],
        pool: "pool-1",
        queuedBytes: 0
      })
      assert.deepStrictEqual(
        (yield* client.connections.get({ params: { id: connection.id } })).connection.client,
        connectionId
      )

      const pool = yield* client.connections.pool({ params: { id: "pool-1" } })
      assert.deepInclude(pool, { success: true, pool: "pool-1" })
      assert.deepInclude(pool.stats, { size: 1, active: 1, idle: 0, utilization: 0.001, strategy: "round-robin" })
      assert.lengthOf((yield* client.connections.pools()).pools, 10)

      const { instances, total } = yield* client.instances.list({ query: { component: "CounterFixture" } })
      assert.strictEqual(total, 1)
      const { instance } = yield* client.instances.get({ params: { id } })
      assert.strictEqual(instance.id, instances[0]?.id)
      assert.deepInclude(instance.figures, { actions: 3, renders: 3 })
      assert.strictEqual((yield* client.instances.list({ query: { component: "Other" } })).total, 0)
      assert.strictEqual((yield* client.instances.list({ query: { health: "unhealthy" } })).total, 0)

      const { dashboard } = yield* client.performance.dashboard()
      assert.deepStrictEqual([dashboard.alerts, dashboard.suggestions], [[], []])
      const [counter] = dashboard.metrics
      assert.deepInclude(counter, { component: "CounterFixture", instances: 1, readers: 1 })
      assert.deepInclude(counter?.metrics, { totalRenders: 3, totalActions: 3, errorRate: 0 })

      const ofComponent = yield* client.performance.component({ params: { id: "CounterFixture" } })
      assert.deepInclude(ofComponent, { component: "CounterFixture", instance: null, health: null })
      const ofInstance = yield* client.performance.component({ params: { id } })
      assert.deepInclude(ofInstance as object, { component: "CounterFixture", instance: id })
      assert.deepInclude(ofInstance.metrics, { totalRenders: 3, totalActions: 3 })
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  const misses = [
    ["GET", "/api/live/connections/9"],
    ["GET", "/api/live/pools/pool-99/stats"],
    ["POST", "/api/live/pools/pool-99/drain"],
    ["GET", "/api/live/instances/Counter-1-x"],
    ["POST", "/api/live/instances/Counter-1-x/stop"],
    ["POST", "/api/live/instances/Counter-1-x/restart"],
    ["GET", "/api/live/performance/components/Other"],
    ["POST", "/api/live/performance/alerts/alert-9/resolve"]
  ] as const
  it.live("answer 404 when there is nothing of that id", () =>
    Effect.gen(function* () {
      const at = yield* port
      for (const [method, path] of misses) {
        const answer = yield* ask(at, path, { method })
        assert.strictEqual(answer.status, 404, path)
        assert.deepInclude(jsonOf(answer), { success: false, code: "NotFound" }, path)
      }
    }).pipe(Effect.provide(served()))
  )

  it.live("answer with as many as are asked for", () =>
    Effect.gen(function* () {
      yield* mounted
      yield* mounted
      const client = yield* typed
      const { instances, total } = yield* client.instances.list({ query: { limit: 1 } })
      assert.deepStrictEqual([instances.length, total], [1, 2])
      const { connections } = yield* client.connections.list({ query: { limit: 1 } })
      assert.lengthOf(connections, 1)
      assert.strictEqual((yield* ask(yield* port, "/api/live/instances?limit=0")).status, 400)
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("are described as OpenAPI, with what each refuses", () =>
    Effect.gen(function* () {
      const answer = yield* ask(yield* port, "/api/live/openapi.json")
      const { openapi, paths } = jsonOf(answer) as {
        readonly openapi: string
        readonly paths: { readonly [path: string]: { readonly [method: string]: { readonly responses: object } } }
      }
      assert.match(openapi, /^3\.1/)
      assert.containsAllKeys(paths["/api/live/connections/{id}"]?.["get"]?.responses, ["200", "401", "403", "404"])
      assert.containsAllKeys(paths["/api/live/health"]?.["get"]?.responses, ["200", "503"])
      assert.isDefined(paths["/metrics"]?.["get"])
    }).pipe(Effect.provide(served()))
  )

  it.live("give the metrics of the server as Prometheus text", () =>
    Effect.gen(function* () {
      const { add, at } = yield* mounted
      for (let times = 0; times < 3; times++) yield* add()
      const { headers, status, text } = yield* ask(at, "/metrics")
      assert.strictEqual(status, 200)
      assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/)
      assert.match(text, /^fibra_actions_total\{component="CounterFixture"\} 3$/m)
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("stop an instance, whose client sees that, and say so in the log", () => {
    const lines: Array<Line> = []
    return Effect.gen(function* () {
      const { id, socket } = yield* mounted
      const client = yield* typed
      yield* client.instances.stop({ params: { id } })
      assert.deepInclude(yield* socket.next("COMPONENT_STATUS"), { componentId: id, status: "stopped" })
      assert.strictEqual((yield* client.instances.list({ query: {} })).total, 0)
      const [said] = lines.filter(({ message }) => message === "An instance is stopped, as the monitor was asked to")
      assert.deepInclude(said?.labels, { instance: id, address: "127.0.0.1" })
    }).pipe(Effect.scoped, Effect.provide(served({}, (line) => lines.push(line))))
  })

  it.live("restart an instance, whose client sees that and keeps what it has", () => {
    const lines: Array<Line> = []
    return Effect.gen(function* () {
      const { add, id, socket } = yield* mounted
      yield* add()
      const client = yield* typed
      yield* client.instances.restart({ params: { id } })
      assert.deepInclude(yield* socket.next("COMPONENT_STATUS"), { componentId: id, status: "restarting" })
      assert.deepInclude(yield* socket.next("COMPONENT_STATUS"), { componentId: id, status: "running" })
      assert.deepInclude(yield* add(), { success: true, result: 2 })
      const { instance } = yield* client.instances.get({ params: { id } })
      assert.deepInclude(instance.figures, { restarts: 1, defects: 0 })
      assert.isDefined(lines.find(({ message }) => message === "An instance is restarted, as the monitor was asked to"))
    }).pipe(Effect.scoped, Effect.provide(served({}, (line) => lines.push(line))))
  })

  it.live("drain a pool, whose clients are closed with 1001 and may come back, and say so in the log", () => {
    const lines: Array<Line> = []
    return Effect.gen(function* () {
      const { socket } = yield* mounted
      const other = yield* mounted
      const client = yield* typed
      yield* client.connections.drainPool({ params: { id: "pool-1" } })
      assert.strictEqual(yield* socket.closed, 1001)
      yield* other.add()
      const { connections } = yield* client.connections.list({ query: {} })
      assert.deepStrictEqual(
        connections.map(({ pool }) => pool),
        ["pool-2"]
      )
      const [said] = lines.filter(({ message }) => message.startsWith("A pool of connections is drained"))
      assert.deepInclude(said?.labels, { pool: "pool-1", address: "127.0.0.1" })
    }).pipe(Effect.scoped, Effect.provide(served({}, (line) => lines.push(line))))
  })

  it.live("resolve an alert, and say so in the log", () => {
    const lines: Array<Line> = []
    return Effect.gen(function* () {
      yield* mounted
      const client = yield* typed
      const alerts = Effect.map(client.performance.dashboard(), ({ dashboard }) => dashboard.alerts)
      const [alert] = yield* Effect.repeat(alerts, { until: ({ length }) => length > 0 })
      const id = alert?.id ?? ""
      assert.deepInclude(alert, { kind: "state-size", status: "active" })
      const resolved = yield* client.performance.resolve({ params: { id } })
      assert.deepInclude(resolved.alert, { id, status: "resolved" })
      const [said] = lines.filter(({ message }) => message.startsWith("An alert was resolved"))
      assert.deepInclude(said?.labels, { alert: id, address: "127.0.0.1" })
    }).pipe(
      Effect.scoped,
      Effect.provide(served({ healthInterval: "20 millis", alertStateBytes: 1 }, (line) => lines.push(line)))
    )
  })

  it.effect("that are open to everybody compute nothing more than once a second, however many ask", () =>
    Effect.gen(function* () {
      const at = yield* port
      // Each look at the whole server reads it once.
      const looks = vi.spyOn(process, "memoryUsage")
      yield* Effect.addFinalizer(() => Effect.sync(() => looks.mockRestore()))
      for (const computed of [1, 2]) {
        for (let times = 0; times < 20; times++) {
          assert.strictEqual((yield* ask(at, "/api/live/health")).status, 200)
          assert.strictEqual((yield* ask(at, "/api/live/websocket-info")).status, 200)
        }
        assert.strictEqual(looks.mock.calls.length, computed)
        yield* TestClock.adjust("1 second")
      }
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("answer 503 when no more connections are accepted", () =>
    Effect.gen(function* () {
      const { at } = yield* mounted
      const answer = yield* ask(at, "/api/live/health")
      assert.strictEqual(answer.status, 503)
      assert.deepInclude(jsonOf(answer), { success: false, status: "degraded", connections: 1 })
    }).pipe(Effect.scoped, Effect.provide(served({ maxConnections: 1 })))
  )
})

class Held extends Component.Service<Held>()("Held", {
  state: {},
  initial: () => ({}),
  actions: [Rpc.make("Wait")]
}) {}

it.live("while a server ends they tell so, and what would change something is answered 503", () =>
  Effect.gen(function* () {
    const opened = Latch.makeUnsafe(false)
    const behavior = Held.toLayer(Effect.succeed(Held.of({ Wait: () => Effect.asVoid(opened.await) })))
    const server = createServer()
    const layers = Layer.mergeAll(behavior, Secrets.layerRandom, Logger.layer([]))
    const live = yield* Effect.promise(() => LiveServer.attach(server, { components: [Held], layers }))
    yield* Effect.addFinalizer(() => Effect.sync(() => server.close()))
    const at = yield* Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as AddressInfo).port)))
    })
    const socket = yield* connect(at)
    const id = yield* socket.mount({ component: "Held" })
    // It is handled until the latch is opened, and the server waits for that.
    yield* socket.send([{ type: "CALL_ACTION", componentId: id, action: "Wait" }])
    const running = Effect.map(ask(at, `/api/live/instances/${id}`), ({ text }) => text.includes('"tag":"Wait"'))
    yield* Effect.repeat(running, { until: (is) => is })
    const closing = yield* Effect.forkChild(Effect.promise(live.close), { startImmediately: true })
    const health = yield* Effect.repeat(ask(at, "/api/live/health"), {
      until: ({ text }) => text.includes('"draining"')
    })
    assert.strictEqual(health.status, 503)
    for (const path of [`instances/${id}/restart`, `instances/${id}/stop`, "pools/pool-1/drain"]) {
      const answer = yield* ask(at, `/api/live/${path}`, { method: "POST" })
      assert.deepInclude(jsonOf(answer), { success: false, code: "Draining" }, path)
      assert.strictEqual(answer.status, 503, path)
    }
    assert.strictEqual((yield* ask(at, "/api/live/stats")).status, 200)
    yield* opened.open
    yield* Fiber.join(closing)
  }).pipe(Effect.scoped)
)

describe("the status of a server", () => {
  const well = {
    connections: 5,
    instances: 4,
    health: { healthy: 4, degraded: 0, unhealthy: 0 },
    isDraining: false,
    lag: 20
  }
  const table = [
    ["operational", {}],
    ["operational", { health: { healthy: 3, degraded: 0, unhealthy: 1 } }],
    ["operational", { health: { healthy: 0, degraded: 4, unhealthy: 0 } }],
    ["operational", { instances: 0, health: { healthy: 0, degraded: 0, unhealthy: 0 } }],
    ["degraded", { health: { healthy: 2, degraded: 0, unhealthy: 2 } }],
    ["degraded", { connections: 10 }],
    ["degraded", { lag: 2001 }],
    ["draining", { isDraining: true }],
    ["draining", { isDraining: true, lag: 2001 }]
  ] as const
  for (const [status, how] of table) {
    it(`is ${status} with ${JSON.stringify(how)}`, () => {
      assert.strictEqual(statusOf({ ...well, ...how }, 10), status)
    })
  }
})
