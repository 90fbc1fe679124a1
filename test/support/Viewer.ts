/** A server of patients, and somebody who looks at it with the components of the dashboard. */
import { Effect, Layer } from "effect"
import { LiveTest } from "fibra/testing"
import * as DashboardComponents from "../../src/server/monitor/dashboard/DashboardComponents.ts"
import * as DashboardSource from "../../src/server/monitor/dashboard/DashboardSource.ts"
import { hospital } from "./Patient.ts"

/** How often the dashboard has asked for the instances of the server. */
export const looks = { instances: 0 }

const source = Layer.effect(
  DashboardSource.DashboardSource,
  Effect.map(Effect.service(DashboardSource.DashboardSource), (source) => ({
    ...source,
    instances: Effect.suspend(() => {
      looks.instances++
      return source.instances
    })
  }))
).pipe(Layer.provide(DashboardSource.layer))

/** Provides both: clients of the server come from `Patient.client`, the viewer is a `LiveTest`. */
export const watched = LiveTest.layer({ components: DashboardComponents.components, principal: "192.0.2.7" }).pipe(
  Layer.provide(DashboardComponents.layer),
  Layer.provide(source),
  Layer.provideMerge(hospital)
)
