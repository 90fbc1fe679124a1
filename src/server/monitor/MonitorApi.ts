/**
 * The endpoints of the monitor, as data: OpenAPI is made of it, and a typed client can be. Times are in milliseconds,
 * points in time in milliseconds since 1970, and shares from 0 to 1, unless a field says otherwise.
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import * as Answers from "./MonitorAnswers.ts"
import { MonitorRefusal } from "./MonitorRefusal.ts"

/** There is none of that id. */
const NotFound = MonitorRefusal("NotFound", 404)

/** The server is about to end, and changes nothing any more. */
const Draining = MonitorRefusal("Draining", 503)

/** Only for those whom `MonitorAccess` lets in. */
export class Guarded extends HttpApiMiddleware.Service<Guarded>()("fibra/server/monitor/Guarded", {
  error: [MonitorRefusal("Unauthorized", 401), MonitorRefusal("Forbidden", 403)]
}) {}

const id = { id: Schema.String.check(Schema.isMaxLength(256)) }

/** How many there are at most in one answer. */
const page = {
  limit: Schema.optionalKey(
    Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: 10_000 }))
  )
}

const says = (summary: string) => OpenApi.annotations({ summary })

const open = HttpApiGroup.make("open").add(
  HttpApiEndpoint.get("health", "/health", {
    success: [Answers.Healthy, Answers.NotHealthy]
  }).annotateMerge(says("Whether the server works. 503 unless it does.")),
  HttpApiEndpoint.get("websocketInfo", "/websocket-info", { success: Answers.WebSocketInfo }).annotateMerge(
    says("Where clients connect, and how many have.")
  )
)

const connections = HttpApiGroup.make("connections")
  .add(
    HttpApiEndpoint.get("stats", "/stats", { success: Answers.Stats }).annotateMerge(
      says("How much there is of what.")
    ),
    HttpApiEndpoint.get("list", "/connections", { query: page, success: Answers.Connections }).annotateMerge(
      says("All connections.")
    ),
    HttpApiEndpoint.get("get", "/connections/:id", {
      params: id,
      success: Answers.OneConnection,
      error: NotFound
    }).annotateMerge(says("One connection, by its id or by the connectionId that its client was told.")),
    HttpApiEndpoint.get("pools", "/pools", { success: Answers.Pools }).annotateMerge(says("All pools of connections.")),
    HttpApiEndpoint.get("pool", "/pools/:id/stats", {
      params: id,
      success: Answers.OnePool,
      error: NotFound
    }).annotateMerge(says("One pool of connections.")),
    HttpApiEndpoint.post("drainPool", "/pools/:id/drain", {
      params: id,
      success: Answers.Done.pipe(HttpApiSchema.status(202)),
      error: [NotFound, Draining]
    }).annotateMerge(says("Asks the clients of a pool to connect again. Answers before they have."))
  )
  .middleware(Guarded)

const instances = HttpApiGroup.make("instances")
  .add(
    HttpApiEndpoint.get("list", "/instances", {
      query: { ...page, component: Schema.optionalKey(Schema.String), health: Schema.optionalKey(Schema.String) },
      success: Answers.Instances
    }).annotateMerge(says("The running instances, of one component or one health if asked for.")),
    HttpApiEndpoint.get("get", "/instances/:id", {
      params: id,
      success: Answers.OneInstance,
      error: NotFound
    }).annotateMerge(says("One running instance.")),
    HttpApiEndpoint.post("restart", "/instances/:id/restart", {
      params: id,
      success: Answers.Done,
      error: [NotFound, Draining]
    }).annotateMerge(says("Builds an instance again from its last good state.")),
    HttpApiEndpoint.post("stop", "/instances/:id/stop", {
      params: id,
      success: Answers.Done,
      error: [NotFound, Draining]
    }).annotateMerge(says("Stops an instance after the messages it has begun."))
  )
  .middleware(Guarded)

const performance = HttpApiGroup.make("performance")
  .add(
    HttpApiEndpoint.get("dashboard", "/performance/dashboard", { success: Answers.Dashboard }).annotateMerge(
      says("The whole server: figures of each component, alerts, suggestions.")
    ),
    HttpApiEndpoint.get("component", "/performance/components/:id", {
      params: id,
      success: Answers.ComponentPerformance,
      error: NotFound
    }).annotateMerge(says("One instance by its id, or all of a component by its name.")),
    HttpApiEndpoint.post("resolve", "/performance/alerts/:id/resolve", {
      params: id,
      success: Answers.ResolvedAlert,
      error: NotFound
    }).annotateMerge(says("Marks an alert as dealt with."))
  )
  .middleware(Guarded)

const metrics = HttpApiGroup.make("metrics")
  .add(
    HttpApiEndpoint.get("prometheus", "/", {
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain; version=0.0.4; charset=utf-8" }))
    }).annotateMerge(says("All metrics, in the text format of Prometheus."))
  )
  .middleware(Guarded)

/** The endpoints below the path of a server, and its metrics at a path of their own. */
export const make = (path: `/${string}`, metricsPath: `/${string}`) =>
  HttpApi.make("fibra-monitor")
    .add(open.prefix(path), connections.prefix(path), instances.prefix(path), performance.prefix(path))
    .add(metrics.prefix(metricsPath))
    .annotateMerge(
      OpenApi.annotations({
        title: "fibra monitor",
        description: "What a fibra server knows of itself. docs/monitoring.md says who may ask.",
        version: "1"
      })
    )
