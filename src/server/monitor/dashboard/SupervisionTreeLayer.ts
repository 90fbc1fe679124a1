/** Shows what is supervised, and which of it is not well. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { RunningSupervisor } from "../../../actor/Supervisors.ts"
import type * as Component from "../../../Component.ts"
import {
  maxChildren,
  maxSupervisors,
  maxTroubled,
  SupervisionTree,
  unlimited
} from "../../../dashboard/SupervisionTree.ts"
import type { ComponentDefinition } from "../../instance/ComponentDefinition.ts"
import type { InstanceActor } from "../../instance/InstanceActor.ts"
import { DashboardSource } from "./DashboardSource.ts"
import { refresh } from "./Live.ts"

/** Infinity is no JSON. */
const limitOf = (value: number): number => (Number.isFinite(value) ? value : unlimited)

const branchOf = (
  { component, restart }: ComponentDefinition,
  all: ReadonlyArray<InstanceActor>,
  { healthUnsafe }: DashboardSource["Service"]
) => {
  const count = (wanted: InstanceActor["instance"]["clientStatus"]) =>
    all.filter(({ instance }) => instance.clientStatus === wanted).length
  return {
    component: component.componentName,
    intensity: limitOf(restart.intensity),
    within: limitOf(Duration.toMillis(restart.within)),
    probe: limitOf(Duration.toMillis(restart.probeInterval)),
    running: count("running"),
    restarting: count("restarting"),
    faulted: count("faulted"),
    stopping: count("stopped"),
    troubled: all
      .filter(
        ({ instance: { clientStatus, id } }) => clientStatus !== "running" || healthUnsafe(id).status !== "healthy"
      )
      .slice(0, maxTroubled)
      .map(({ instance: { clientStatus, id, key, statsIfAny } }) => ({
        id,
        key: key ?? null,
        status: clientStatus,
        health: healthUnsafe(id).status,
        crashes: statsIfAny?.defects ?? 0,
        restarts: statsIfAny?.restarts ?? 0
      }))
  }
}

const rowOf = ({ intensity, list, path, strategy, within }: RunningSupervisor) => ({
  path,
  strategy,
  intensity: limitOf(intensity),
  within: limitOf(Duration.toMillis(within)),
  total: list.length,
  children: list.slice(0, maxChildren).map(({ id, restart, restarts, status }) => ({ id, restart, restarts, status }))
})

/** The tree. */
export const layer: Layer.Layer<
  Component.BehaviorOf<SupervisionTree>,
  never,
  DashboardSource
> = SupervisionTree.toLayer(
  Effect.gen(function* () {
    const self = yield* SupervisionTree
    const source = yield* DashboardSource
    yield* refresh(
      Effect.flatMap(source.instances, (all) => {
        const byComponent = Map.groupBy(all, ({ address }) => address)
        return self.set({
          branches: source.definitions.map((each) =>
            branchOf(each, byComponent.get(each.component.componentName) ?? [], source)
          ),
          supervisors: Array.from(source.supervisors).slice(0, maxSupervisors).map(rowOf)
        })
      })
    )
    return SupervisionTree.of({})
  })
)
