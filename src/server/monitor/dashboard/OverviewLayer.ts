/** Samples the whole server once a second, for all who look at it, and lists what happens to its instances. */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type * as Component from "../../../Component.ts"
import { DashboardOverview, maxEvents, maxSamples, type Sample } from "../../../dashboard/DashboardOverview.ts"
import type { LifecycleEvent } from "../../instance/Lifecycle.ts"
import { fine, quantile } from "../../instance/TimeBuckets.ts"
import type { Overview } from "../Reports.ts"
import { DashboardSource } from "./DashboardSource.ts"
import { refresh } from "./Live.ts"
import { round } from "./Rounding.ts"

/** What has been counted up to a sample. */
interface Counts {
  readonly at: number
  readonly actions: number
  readonly failures: number
  readonly crashes: number
  readonly times: Float64Array
}

const counted = ({ definitions }: DashboardSource["Service"], overview: Overview): Counts => {
  const times = new Float64Array(fine.size)
  let actions = 0
  for (const { stats } of definitions) {
    actions += stats.actions
    const { counts } = stats.times("run")
    for (let bucket = 0; bucket < fine.size; bucket++) times[bucket] = (times[bucket] ?? 0) + (counts[bucket] ?? 0)
  }
  return { at: overview.uptime, actions, failures: overview.failures, crashes: overview.defects, times }
}

const p95Of = (now: Counts, before: Counts): number | null => {
  const counts = now.times.map((count, bucket) => count - (before.times[bucket] ?? 0))
  if (counts.every((count) => count === 0)) return null
  return round(quantile({ buckets: fine, counts, at: 0, max: Infinity }, 0.95) / 1000)
}

const sampleOf = ({ at, instances, lag, memory }: Overview, now: Counts, before: Counts): Sample => {
  const seconds = (now.at - before.at) / 1000
  return {
    at: Math.round(at),
    instances,
    actions: round((now.actions - before.actions) / seconds),
    failures: round((now.failures - before.failures) / seconds),
    crashes: round((now.crashes - before.crashes) / seconds),
    p95: p95Of(now, before),
    lag: round(lag),
    heap: memory.heapUsed,
    rss: memory.rss
  }
}

const nowOf = (overview: Overview): Component.State<typeof DashboardOverview>["now"] => {
  const { components, connections, defects, failures, health, instances, isDraining, parked, rooms, sessions } =
    overview
  const { uploads, uptime } = overview
  return {
    uptime: Math.round(uptime),
    isDraining,
    components,
    instances,
    connections,
    sessions,
    parked,
    rooms,
    uploads,
    health,
    failures,
    crashes: defects
  }
}

const rowOf = ({ at, component, detail, happening, id, key }: LifecycleEvent) => ({
  id,
  component,
  key: key ?? null,
  happening,
  at: Math.round(at),
  detail: detail ?? null
})

/** The whole server. It keeps its history for a minute after the last viewer has left. */
export const layer: Layer.Layer<
  Component.BehaviorOf<DashboardOverview>,
  never,
  DashboardSource
> = DashboardOverview.toLayer(
  Effect.gen(function* () {
    const self = yield* DashboardOverview
    const source = yield* DashboardSource
    let before: Counts | undefined
    yield* source.events.pipe(
      Stream.groupedWithin(maxEvents, "1 second"),
      Stream.runForEach((happened) =>
        self.update((state) => ({
          ...state,
          events: [...happened.map(rowOf).reverse(), ...state.events].slice(0, maxEvents)
        }))
      ),
      Effect.forkScoped
    )
    yield* refresh(
      Effect.flatMap(source.overview, (overview) => {
        const counts = counted(source, overview)
        const last = before
        before = counts
        const fresh = last === undefined || counts.at <= last.at ? [] : [sampleOf(overview, counts, last)]
        return self.update((state) => ({
          ...state,
          now: nowOf(overview),
          samples: [...state.samples, ...fresh].slice(-maxSamples)
        }))
      })
    )
    return DashboardOverview.of({})
  }),
  { maxIdleTime: "1 minute" }
)
