/**
 * Drives a server in a process of its own, keeps book of what it does to it, and reads every endpoint of its monitor:
 * the figures agree. Handlers take so long that what a busy machine adds is a small part of it.
 */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Schedule } from "effect"
import { WebSocket } from "ws"
import { ask, jsonOf } from "../support/MonitoredServer.ts"
import * as ServerProcess from "../support/ServerProcess.ts"

type Json = { readonly [field: string]: any }

/** A client that counts everything it sends and gets, to the byte. */
class Bookkeeper {
  sent = 0
  received = 0
  bytesSent = 0
  bytesReceived = 0
  readonly #ws: WebSocket
  readonly #waiting = new Map<number, (reply: Json) => void>()
  #last = 0
  connectionId = ""

  constructor(port: number) {
    this.#ws = new WebSocket(`ws://127.0.0.1:${port}/api/live/ws`, { perMessageDeflate: false })
  }

  readonly opened = Effect.callback<void>((resume) => {
    this.#ws.on("message", (data: Buffer) => {
      this.received++
      this.bytesReceived += headOf(data.length) + data.length
      const message = JSON.parse(data.toString()) as Json
      if (message["type"] === "CONNECTION_ESTABLISHED") {
        this.connectionId = message["connectionId"]
        resume(Effect.void)
      }
      this.#waiting.get(message["requestId"])?.(message)
    })
    // It has no payload, and `ws` answers it.
    this.#ws.on("ping", () => {
      this.bytesReceived += 2
      this.bytesSent += 6
    })
    return Effect.sync(() => this.#ws.terminate())
  })

  readonly close = Effect.sync(() => this.#ws.terminate())

  ask(message: object): Effect.Effect<Json> {
    return Effect.callback((resume) => {
      const requestId = ++this.#last
      this.#waiting.set(requestId, (reply) => resume(Effect.succeed(reply)))
      const text = JSON.stringify({ ...message, requestId })
      this.sent++
      // A client masks its frames.
      this.bytesSent += headOf(text.length) + 4 + text.length
      this.#ws.send(text)
    })
  }

  mount(options: object) {
    return Effect.map(
      this.ask({ type: "COMPONENT_MOUNT", payload: { component: "Workload", ...options } }),
      ({ result }) => String(result.componentId)
    )
  }

  call(componentId: string, action: string, payload?: object) {
    return this.ask({ type: "CALL_ACTION", componentId, action, payload, expectResponse: true })
  }
}

const headOf = (length: number): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10)

const near = (what: string, value: number, own: number) =>
  assert.isBelow(Math.abs(value / own - 1), 0.2, `${what} is ${value}, and by the clock of the test ${own}`)

const start = (env: Readonly<Record<string, string>>) =>
  ServerProcess.start({
    file: new URL("../support/WorkloadServer.ts", import.meta.url),
    port: 0,
    env
  })

const work = 1000
const clients = 5

it.live(
  "every endpoint says what was done: counts exactly, and times within a fifth of the clock of who did it",
  () =>
    Effect.gen(function* () {
      const { port } = yield* start({
        FIBRA_RATE: "Infinity",
        FIBRA_HEALTH_INTERVAL: "1 second",
        FIBRA_ALERT_ACTION_TIME: "400 millis",
        // Nothing is sent that the test has not asked for.
        FIBRA_TOKEN_INTERVAL: "1 hour",
        FIBRA_HEARTBEAT: "1 hour",
        FIBRA_IDLE_TIMEOUT: "1 hour"
      })
      const asked = new Set<string>(["GET /metrics"])
      const read = (path: string, method = "GET") =>
        Effect.suspend(() => {
          asked.add(`${method} /api/live/${path}`)
          return Effect.map(ask(port, `/api/live/${path}`, { method }), jsonOf) as Effect.Effect<Json>
        })

      /** Milliseconds that calls took, from the first byte sent to the answer. */
      let took = 0
      let longest = 0
      const timed = <A>(effect: Effect.Effect<A>) =>
        Effect.suspend(() => {
          const begun = performance.now()
          const ended = () => {
            const own = performance.now() - begun
            took += own
            longest = Math.max(longest, own)
          }
          return Effect.tap(effect, () => Effect.sync(ended))
        })

      const books = yield* Effect.forEach(Array.from({ length: clients }), () =>
        Effect.gen(function* () {
          const book = new Bookkeeper(port)
          yield* Effect.addFinalizer(() => book.close)
          yield* book.opened
          return { book, own: yield* book.mount({ room: "hall" }) }
        })
      )
      yield* Effect.forEach(
        books,
        ({ book, own }) =>
          Effect.gen(function* () {
            for (let times = 0; times < 20; times++) yield* book.call(own, "Add")
            for (let times = 0; times < 2; times++) yield* timed(book.call(own, "Work", { millis: work }))
            for (let times = 0; times < 2; times++) yield* book.call(own, "Refuse")
            assert.deepInclude(yield* book.call(own, "Crash"), { success: false })
            assert.deepInclude(yield* book.call(own, "Add"), { success: true, result: 21 })
          }),
        { concurrency: "unbounded" }
      )
      const [first] = books
      if (first === undefined) return
      const { book, own } = first

      const { stats } = yield* read("stats")
      assert.deepInclude(stats, { components: 1, instances: clients, connections: clients, rooms: 1 })
      assert.deepInclude(stats.overview, { failures: 2 * clients, defects: clients, sessions: clients, parked: 0 })

      assert.deepInclude(yield* read("health"), { status: "operational", components: 1, connections: clients })
      assert.deepInclude((yield* read("websocket-info"))["connectionManager"], {
        totalConnections: clients,
        activeConnections: clients,
        totalPools: 10
      })

      const { connections } = yield* read("connections")
      for (const { book, own } of books) {
        const counts = {
          messagesReceived: book.sent,
          messagesSent: book.received,
          bytesReceived: book.bytesSent,
          bytesSent: book.bytesReceived,
          components: [own]
        }
        assert.deepInclude(
          connections.find(({ client }: Json) => client === book.connectionId),
          counts
        )
        assert.deepInclude((yield* read(`connections/${book.connectionId}`))["connection"], counts)
      }

      const { pools } = yield* read("pools")
      assert.deepStrictEqual(
        pools.map(({ stats }: Json) => stats.size),
        [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
      )
      assert.deepInclude((yield* read("pools/pool-5/stats"))["stats"], {
        size: 1,
        active: 1,
        idle: 0,
        utilization: 0.001
      })

      const { instances } = yield* read("instances")
      assert.lengthOf(instances, clients)
      const { instance } = yield* read(`instances/${own}`)
      assert.deepInclude(instance, { id: own, status: "running", rooms: ["hall"], revision: 21 })
      assert.deepInclude(instance.figures, { actions: 26, failures: 2, defects: 1, renders: 21, restarts: 1 })

      const ofOne = yield* read(`performance/components/${own}`)
      assert.deepInclude(ofOne["metrics"], { totalActions: 26, totalRenders: 21, errorRate: 1 / 26 })

      const ofAll = (yield* read("performance/components/Workload"))["metrics"] as Json
      assert.deepInclude(ofAll, { totalActions: 26 * clients, totalRenders: 21 * clients, errorRate: 1 / 26 })
      near("the time of all handlers", ofAll["figures"].run.total, took)
      near("the longest handler", ofAll["figures"].run.max, longest)
      near("the average handler", ofAll["avgUpdateTime"], took / (26 * clients))

      const { dashboard } = yield* read("performance/dashboard")
      assert.deepInclude(dashboard.metrics[0], { component: "Workload", instances: clients, readers: clients })
      assert.deepStrictEqual(dashboard.metrics[0].metrics.totalActions, 26 * clients)

      const metrics = yield* ask(port, "/metrics")
      assert.include(metrics.text, `fibra_actions_total{component="Workload"} ${26 * clients}\n`)
      assert.include(metrics.text, `fibra_connections ${clients}\n`)

      // One waits for the other.
      const shared = yield* book.mount({ key: "all" })
      const other = books[1]?.book ?? book
      yield* other.mount({ key: "all" })
      const working = yield* Effect.forkChild(book.call(shared, "Work", { millis: 4 * work }), {
        startImmediately: true
      })
      yield* Effect.repeat(read(`instances/${shared}`), {
        until: ({ instance }) => instance.running?.tag === "Work",
        schedule: Schedule.spaced("20 millis")
      })
      const waited = performance.now()
      yield* other.call(shared, "Add")
      const wait = performance.now() - waited
      yield* Fiber.join(working)
      const { figures } = (yield* read(`instances/${shared}`))["instance"] as Json
      near("the time that a message waited", figures.wait.max, wait)

      const alerts = yield* read("performance/dashboard").pipe(
        Effect.map(({ dashboard }) => dashboard.alerts as ReadonlyArray<Json>),
        Effect.repeat({ until: (alerts) => alerts.length > 0, schedule: Schedule.spaced("100 millis") })
      )
      const alert = alerts.find(({ kind }) => kind === "slow-action")
      assert.deepInclude(alert, { component: "Workload", limit: 400 })
      assert.deepInclude((yield* read(`performance/alerts/${alert?.["id"]}/resolve`, "POST"))["alert"], {
        status: "resolved"
      })

      yield* read(`instances/${own}/restart`, "POST")
      yield* Effect.repeat(read(`instances/${own}`), {
        until: ({ instance }) => instance.status === "running" && instance.figures.restarts === 2,
        schedule: Schedule.spaced("50 millis")
      })
      assert.deepInclude(yield* book.call(own, "Add"), { success: true, result: 22 })
      yield* read(`instances/${own}/stop`, "POST")
      assert.strictEqual((yield* ask(port, `/api/live/instances/${own}`)).status, 404)

      // The first connection is in the first pool, and comes back to another one.
      assert.deepInclude(yield* read("pools/pool-1/drain", "POST"), { success: true })
      const drained = yield* read("pools/pool-1/stats").pipe(
        Effect.repeat({ until: ({ stats }) => stats.size === 0, schedule: Schedule.spaced("20 millis") })
      )
      assert.deepInclude(drained["stats"], { active: 0, idle: 0 })
      assert.deepInclude((yield* read("stats"))["stats"], { connections: clients - 1 })

      // None of those that are described was left out.
      const { paths } = yield* read("openapi.json")
      const described = Object.entries(paths as Json).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
      )
      assert.isAbove(described.length, 15)
      const unread = described.filter((each) => {
        const form = new RegExp(`^${each.replaceAll(/\{\w+\}/g, "[^/]+")}$`)
        return !Array.from(asked).some((one) => form.test(one))
      })
      assert.deepStrictEqual(unread, [])
    }).pipe(Effect.scoped),
  120_000
)

it.live(
  "the latency of a connection is what its client takes to answer a ping",
  () =>
    Effect.gen(function* () {
      const { port } = yield* start({ FIBRA_HEARTBEAT: "2 seconds", FIBRA_FIRST_MESSAGE_TIMEOUT: "Infinity" })
      const ws = new WebSocket(`ws://127.0.0.1:${port}/api/live/ws`, { autoPong: false })
      yield* Effect.addFinalizer(() => Effect.sync(() => ws.terminate()))
      const took = yield* Effect.callback<number>((resume) => {
        ws.on("ping", () => {
          const pinged = performance.now()
          setTimeout(() => {
            ws.pong()
            resume(Effect.sync(() => performance.now() - pinged))
          }, 800)
        })
      })
      const latency = yield* Effect.repeat(
        Effect.map(
          ask(port, "/api/live/connections"),
          (answer) => (jsonOf(answer) as Json)["connections"][0].latency as number | null
        ),
        { until: (latency) => latency !== null, schedule: Schedule.spaced("20 millis") }
      )
      near("the latency", latency ?? 0, took)
    }).pipe(Effect.scoped),
  60_000
)
