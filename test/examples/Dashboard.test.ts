/** docs/dashboard.md: a server with a dashboard. Over a real socket. */
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { LiveServer } from "fibra/server"
import { Counter } from "../../examples/counter/Counter.ts"
import { CounterLayer } from "../../examples/counter/CounterLayer.ts"
import { ask, port as portOf, surroundings } from "../support/MonitoredServer.ts"

const port = 0

// #region serve
const server = LiveServer.layerHttp({ components: [Counter], port, dashboard: true }).pipe(Layer.provide(CounterLayer))
// #endregion serve

it.live("the dashboard is below the path of the server, and refused to those who come over a proxy", () =>
  Effect.gen(function* () {
    const at = yield* portOf
    const answer = yield* ask(at, "/api/live/dashboard")
    assert.deepStrictEqual([answer.status, answer.headers.location], [302, "dashboard/"])
    const refused = yield* ask(at, "/api/live/dashboard", { headers: { via: "1.1 proxy" } })
    assert.strictEqual(refused.status, 403)
  }).pipe(Effect.scoped, Effect.provide(Layer.provide(server, surroundings())))
)
