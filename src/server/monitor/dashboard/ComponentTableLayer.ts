/** Shows the components. */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Component from "../../../Component.ts"
import { type ComponentRow, ComponentTable } from "../../../dashboard/ComponentTable.ts"
import type { ComponentReport } from "../Reports.ts"
import { DashboardSource } from "./DashboardSource.ts"
import { refresh } from "./Live.ts"
import { round } from "./Rounding.ts"

const rowOf = (report: ComponentReport): ComponentRow => {
  const { bytes, component, figures, health, instances, readers, started, version } = report
  const { actions, defects, failures, publish, renders, restarts, run } = figures
  return {
    component,
    version,
    instances,
    started,
    health,
    readers,
    bytes,
    actions,
    failures,
    crashes: defects,
    restarts,
    renders,
    run: round(run.p95),
    publish: round(publish.p95)
  }
}

/** All components. */
export const layer: Layer.Layer<Component.BehaviorOf<ComponentTable>, never, DashboardSource> = ComponentTable.toLayer(
  Effect.gen(function* () {
    const self = yield* ComponentTable
    const { components } = yield* DashboardSource
    yield* refresh(Effect.flatMap(components, (all) => self.set({ rows: all.map(rowOf) })))
    return ComponentTable.of({})
  })
)
