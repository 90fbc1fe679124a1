/** Answers the endpoints of the monitor from what its services know. What somebody does with them is logged. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as Log from "../../Log.ts"
import * as ClientAddress from "../http/ClientAddress.ts"
import * as LiveConfig from "../LiveConfig.ts"
import { Transport } from "../transport/Transport.ts"
import { type InstanceNotFound, Monitor } from "./Monitor.ts"
import type * as MonitorApi from "./MonitorApi.ts"
import { answer, connectionOf, metricsOf, poolOf, refusal } from "./MonitorReply.ts"
import { Performance } from "./Performance.ts"
import * as ServerSummary from "./ServerSummary.ts"

type Api = ReturnType<typeof MonitorApi.make>

/** How many there are in an answer, unless more are asked for. */
const usual = 1000

const notFound = (what: string) => refusal("NotFound", `There is no such ${what} on this server.`)
const draining = refusal("Draining", "The server is about to end, and changes nothing any more.")

/** Says who did something, for the log. */
const makeBy = Effect.map(LiveConfig.LiveConfig, ({ trustedProxies }) => (request: HttpServerRequest) => ({
  address: ClientAddress.ofRequest(request, trustedProxies)
}))

/** Computed once for all that ask for it. */
type Summary = Effect.Success<typeof ServerSummary.make>

/** What everybody may ask. */
const open = (api: Api, summary: Summary) =>
  HttpApiBuilder.group(
    api,
    "open",
    Effect.fnUntraced(function* (handlers) {
      const { path } = yield* LiveConfig.LiveConfig
      return handlers.handleAll({
        health: () =>
          Effect.gen(function* () {
            const { overview, status } = yield* summary
            const { components, connections, uptime } = overview
            const said = yield* answer({ service: "fibra", components, connections, uptime: uptime / 1000 })
            return status === "operational" ? { ...said, status } : { ...said, status, success: false as const }
          }),
        websocketInfo: () =>
          Effect.flatMap(summary, ({ connections, status }) =>
            answer({ endpoint: `${path}/ws`, status, connectionManager: connections })
          )
      })
    })
  )

const connections = (api: Api, summary: Summary) =>
  HttpApiBuilder.group(
    api,
    "connections",
    Effect.fnUntraced(function* (handlers) {
      const monitor = yield* Monitor
      const transport = yield* Transport
      const by = yield* makeBy
      const run = Effect.runForkWith(yield* Effect.context<never>())
      return handlers.handleAll({
        stats: () =>
          Effect.flatMap(monitor.overview, (overview) => {
            const { components, connections, instances, rooms, uploads } = overview
            return answer({ stats: { components, instances, connections, rooms, uploads, overview } })
          }),
        list: ({ query: { limit = usual } }) =>
          Effect.gen(function* () {
            const all = yield* transport.list
            const { connections } = yield* summary
            return yield* answer({ connections: all.slice(0, limit).map(connectionOf), systemStats: connections })
          }),
        get: ({ params: { id } }) =>
          Effect.flatMap(transport.list, (all) => {
            const found = all.find((each) => String(each.id) === id) ?? all.find(({ client }) => client === id)
            return found === undefined ? notFound("connection") : answer({ connection: connectionOf(found) })
          }),
        pools: () => Effect.flatMap(transport.pools, (all) => answer({ pools: all.map(poolOf) })),
        pool: ({ params: { id } }) =>
          Effect.flatMap(transport.pools, (all) => {
            const found = all.find((pool) => pool.id === id)
            return found === undefined ? notFound("pool") : answer(poolOf(found))
          }),
        drainPool: ({ params: { id }, request }) =>
          Effect.gen(function* () {
            if (transport.isDraining()) return yield* draining
            const found = (yield* transport.pools).some((pool) => pool.id === id)
            if (!found) return yield* notFound("pool")
            yield* Log.info("A pool of connections is drained, as the monitor was asked to", {
              pool: id,
              ...by(request)
            })
            run(transport.drainPool(id))
            return yield* answer({})
          })
      })
    })
  )

const instances = (api: Api) =>
  HttpApiBuilder.group(
    api,
    "instances",
    Effect.fnUntraced(function* (handlers) {
      const monitor = yield* Monitor
      const transport = yield* Transport
      const by = yield* makeBy
      const act = (request: HttpServerRequest, id: string, what: string, does: Effect.Effect<void, InstanceNotFound>) =>
        Effect.gen(function* () {
          if (transport.isDraining()) return yield* draining
          const { component, key } = yield* monitor.get(id)
          const instance = { component, instance: id, key }
          yield* Log.info(`An instance is ${what}, as the monitor was asked to`, { ...instance, ...by(request) })
          yield* does
          return yield* answer({})
        }).pipe(Effect.catchTag("InstanceNotFound", () => notFound("instance")))
      return handlers.handleAll({
        list: ({ query: { component, health, limit = usual } }) =>
          Effect.flatMap(monitor.list, (all) => {
            const wanted = all.filter(
              (each) =>
                (component === undefined || each.component === component) &&
                (health === undefined || each.health.status === health)
            )
            return answer({ total: wanted.length, instances: wanted.slice(0, limit) })
          }),
        get: ({ params: { id } }) =>
          monitor.get(id).pipe(
            Effect.catch(() => notFound("instance")),
            Effect.flatMap((instance) => answer({ instance }))
          ),
        stop: ({ params: { id }, request }) => act(request, id, "stopped", monitor.stop(id)),
        restart: ({ params: { id }, request }) => act(request, id, "restarted", monitor.restart(id))
      })
    })
  )

const performance = (api: Api) =>
  HttpApiBuilder.group(
    api,
    "performance",
    Effect.fnUntraced(function* (handlers) {
      const monitor = yield* Monitor
      const performance = yield* Performance
      const by = yield* makeBy
      return handlers.handleAll({
        dashboard: () =>
          Effect.gen(function* () {
            const components = yield* monitor.components
            return yield* answer({
              dashboard: {
                overview: yield* monitor.overview,
                metrics: components.map(({ figures, ...rest }) => ({
                  ...rest,
                  metrics: metricsOf(figures)
                })),
                alerts: yield* performance.alerts,
                suggestions: yield* performance.suggestions
              }
            })
          }),
        component: ({ params: { id } }) =>
          Effect.gen(function* () {
            const instance = yield* Effect.option(monitor.get(id))
            const found =
              instance._tag === "Some"
                ? instance.value
                : (yield* monitor.components).find(({ component }) => component === id)
            if (found === undefined) return yield* notFound("component or instance")
            const own = <A extends { readonly component: string }>(all: ReadonlyArray<A>) =>
              all.filter(({ component }) => component === found.component)
            return yield* answer({
              component: found.component,
              instance: instance._tag === "Some" ? instance.value.id : null,
              health: instance._tag === "Some" ? instance.value.health : null,
              metrics: metricsOf(found.figures),
              alerts: own(yield* performance.alerts),
              suggestions: own(yield* performance.suggestions)
            })
          }),
        resolve: ({ params: { id }, request }) =>
          Effect.gen(function* () {
            const alert = yield* performance.resolve(id).pipe(Effect.catch(() => notFound("alert")))
            yield* Log.info("An alert was resolved, as the monitor was asked to", { alert: id, ...by(request) })
            return yield* answer({ alert })
          })
      })
    })
  )

const metrics = (api: Api) =>
  HttpApiBuilder.group(
    api,
    "metrics",
    Effect.fnUntraced(function* (handlers) {
      const { prometheus } = yield* Monitor
      return handlers.handleAll({ prometheus: () => prometheus })
    })
  )

/** The handlers of all endpoints. */
export const layer = (api: Api) =>
  Layer.unwrap(
    Effect.map(ServerSummary.make, (summary) =>
      Layer.mergeAll(open(api, summary), connections(api, summary), instances(api), performance(api), metrics(api))
    )
  )
