/** Shows a page of the instances. Of those that are not on it, only what is searched and sorted by is read. */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Component from "../../../Component.ts"
import { type InstanceRow, InstanceTable } from "../../../dashboard/InstanceTable.ts"
import type { InstanceActor } from "../../instance/InstanceActor.ts"
import { quantile } from "../../instance/TimeBuckets.ts"
import type { InstanceReport } from "../Reports.ts"
import { DashboardSource } from "./DashboardSource.ts"
import { refresh } from "./Live.ts"
import { round } from "./Rounding.ts"
import * as TablePage from "./TablePage.ts"

const severity = { healthy: 0, degraded: 1, unhealthy: 2 }

const p95Of = ({ instance }: InstanceActor): number => {
  const times = instance.statsIfAny?.times("run")
  return times === undefined ? 0 : quantile(times, 0.95)
}

const columnsOf = ({ healthUnsafe }: DashboardSource["Service"]): TablePage.Columns<InstanceActor> => ({
  texts: ({ address, instance: { id, key, principal }, roomNames }) => [id, address, key, principal?.id, ...roomNames],
  kind: ({ instance }) => healthUnsafe(instance.id).status,
  keys: {
    created: ({ startedAt }) => startedAt,
    component: ({ address }) => address,
    key: ({ instance: { key = "" } }) => key,
    status: ({ instance }) => instance.clientStatus,
    health: ({ instance }) => severity[healthUnsafe(instance.id).status],
    mailbox: ({ instance }) => instance.cell.pending,
    readers: ({ instance }) => instance.cursors.size,
    actions: ({ instance }) => instance.statsIfAny?.actions ?? 0,
    crashes: ({ instance }) => instance.statsIfAny?.defects ?? 0,
    restarts: ({ instance }) => instance.statsIfAny?.restarts ?? 0,
    run: p95Of,
    bytes: ({ instance }) => instance.bytes
  }
})

const rowOf = (report: InstanceReport): InstanceRow => {
  const { bytes, component, created, figures, health, id, key, mailbox, principal, readers, status } = report
  return {
    id,
    component,
    key: key ?? null,
    principal: principal ?? null,
    status,
    health: health.status,
    mailbox: mailbox.depth,
    readers: readers.count,
    actions: figures.actions,
    crashes: figures.defects,
    restarts: figures.restarts,
    run: round(figures.run.p95),
    bytes,
    created: Math.round(created)
  }
}

/** A page of the instances. */
export const layer: Layer.Layer<Component.BehaviorOf<InstanceTable>, never, DashboardSource> = InstanceTable.toLayer(
  Effect.gen(function* () {
    const self = yield* InstanceTable
    const source = yield* DashboardSource
    const columns = columnsOf(source)
    const look = Effect.gen(function* () {
      const { query } = yield* self.get
      const { rows, ...page } = TablePage.of(yield* source.instances, columns, query)
      const reports = yield* Effect.forEach(rows, ({ instance }) => Effect.option(source.instance(instance.id)))
      const shown = reports.filter(Option.isSome).map(({ value }) => rowOf(value))
      // Somebody may want to see something else by now.
      yield* self.update((state) => (state.query === query ? { ...page, rows: shown } : state))
    })
    yield* refresh(look)
    return InstanceTable.of({
      Show: (query) =>
        Effect.andThen(
          self.update((state) => ({ ...state, query })),
          look
        )
    })
  })
)
