/**
 * Offers the numbers of a server as metrics: to Prometheus as text, and to whatever else reads Effect's metrics. They
 * are read when somebody asks. Series of a server that has ended are gone.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as OtlpExporter from "effect/observability/OtlpExporter"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { ComponentDefinition } from "../instance/ComponentDefinition.ts"
import type { ComponentStats } from "../instance/ComponentStats.ts"
import { Happening } from "../instance/Lifecycle.ts"
import { type Counted, countBelow } from "../instance/TimeBuckets.ts"
import { kinds, type TimeKind } from "../instance/TimeRows.ts"
import * as LiveMetrics from "../LiveMetrics.ts"
import type { UploadTotals } from "../upload/UploadRegistry.ts"

/** Reads what can be measured of a server besides its components, one number when it is asked for. */
export interface ServerNumbers {
  readonly connections: () => number
  readonly sessions: () => number
  readonly parked: () => number
  readonly rooms: () => number
  readonly uploads: () => number
  /** Bytes. */
  readonly uploadBuffer: () => number
  readonly uploadTotals: () => Readonly<UploadTotals>
  /** Milliseconds. */
  readonly lag: () => number
  readonly rss: () => number
  readonly heapUsed: () => number
  readonly degraded: () => number
  readonly unhealthy: () => number
}

/** The metrics of this process, as Prometheus reads them: there the names of counters end with `_total`. */
export const prometheus: Effect.Effect<string> = Effect.contextWith((context: Context.Context<never>) => {
  const all = [...Context.get(context, Metric.MetricRegistry).values()]
  const taken = new Set(all.map(({ id }) => id))
  const counters = new Set(all.filter(({ type }) => type === "Counter" || type === "Frequency").map(({ id }) => id))
  const nameOf = (id: string) =>
    counters.has(id) && !id.endsWith("_total") && !taken.has(`${id}_total`) ? `${id}_total` : id
  return PrometheusMetrics.format({ metricNameMapper: nameOf })
})

/** How long the last numbers of a server may take to leave. */
const flushTimeout = Duration.seconds(2)

/** Offers the numbers of these components and of their server until the Scope closes, and exports them a last time then. */
export const offer = (
  definitions: ReadonlyArray<ComponentDefinition>,
  server: ServerNumbers
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context()
    const exporter = yield* Effect.serviceOption(OtlpExporter.Flusher)
    const labels = labelsIn(context)
    const series = [
      ...definitions.flatMap((each) => ofComponent(context, each, labels)),
      ...ofServer(context, server, labels)
    ]
    yield* Effect.addFinalizer(() =>
      Effect.andThen(
        Option.isSome(exporter) ? Effect.timeoutOption(exporter.value.flush, flushTimeout) : Effect.void,
        Effect.sync(() => series.forEach(({ remove }) => remove()))
      )
    )
  })

type Registry = Context.Context<never>

/** What tells the series of this server from those of others in the registry: nothing for the first, and a number for the next. */
type ServerLabels = { readonly server?: string }

const labelsIn = (context: Registry): ServerLabels => {
  const { id } = LiveMetrics.ofServer.connections
  const taken = [...Context.get(context, Metric.MetricRegistry).values()]
    .filter((each) => each.id === id)
    .map(({ attributes }) => Number(attributes?.["server"] ?? 1))
  const free = Array.from({ length: taken.length + 1 }, (_, index) => index + 1).find((each) => !taken.includes(each))
  return free === undefined || free === 1 ? {} : { server: String(free) }
}

const pull = <Input, State>(context: Registry, metric: Metric.Metric<Input, State>, get: () => State) =>
  Metric.registerUnsafe(metric, context, { get, update: () => {}, modify: () => {} })

const count = (context: Registry, metric: Metric.Counter<number>, get: () => number) =>
  pull(context, metric, () => ({ count: get(), incremental: true }))

const value = (context: Registry, metric: Metric.Gauge<number>, get: () => number) =>
  pull(context, metric, () => ({ value: get() }))

const ofComponent = (
  context: Registry,
  { component: { componentName: component }, stats }: ComponentDefinition,
  labels: ServerLabels
): ReadonlyArray<Metric.Registration> => [
  ...(Object.keys(LiveMetrics.ofComponent) as ReadonlyArray<keyof typeof LiveMetrics.ofComponent>).map((name) =>
    count(context, Metric.withAttributes(LiveMetrics.ofComponent[name], { component, ...labels }), () => stats[name])
  ),
  ...kinds.map((kind) =>
    pull(context, Metric.withAttributes(LiveMetrics.timesOfComponent[kind], { component, ...labels }), () =>
      stateOf(stats, kind)
    )
  ),
  ...Happening.literals.map((happening) =>
    count(
      context,
      Metric.withAttributes(LiveMetrics.happenings, { component, happening, ...labels }),
      () => stats.happenings[happening]
    )
  )
]

const ofServer = (
  context: Registry,
  server: ServerNumbers,
  labels: ServerLabels
): ReadonlyArray<Metric.Registration> => [
  ...(["connections", "sessions", "parked", "rooms", "uploads", "uploadBuffer", "rss", "heapUsed"] as const).map(
    (name) => value(context, Metric.withAttributes(LiveMetrics.ofServer[name], labels), server[name])
  ),
  ...(["started", "completed", "failed", "bytes"] as const).map((name) =>
    count(context, Metric.withAttributes(LiveMetrics.ofUploads[name], labels), () => server.uploadTotals()[name])
  ),
  value(context, Metric.withAttributes(LiveMetrics.ofServer.lag, labels), () => server.lag() / 1000),
  ...(["degraded", "unhealthy"] as const).map((status) =>
    value(context, Metric.withAttributes(LiveMetrics.unwell, { status, ...labels }), server[status])
  )
]

const stateOf = (stats: ComponentStats, kind: TimeKind): Metric.HistogramState => {
  const counted: Counted = stats.times(kind)
  const buckets = LiveMetrics.boundaries.map((bound): [number, number] => [
    bound,
    countBelow(counted, Math.round(bound * 1e6))
  ])
  return {
    buckets,
    count: countBelow(counted, Infinity),
    min: 0,
    max: counted.max / 1e6,
    sum: stats[`${kind}Total`] / 1e6
  }
}
