/** Shows alerts and suggestions, and resolves alerts. */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { AlertGone, type AlertRow, AlertTable } from "../../../dashboard/AlertTable.ts"
import type * as Component from "../../../Component.ts"
import type { Alert } from "../Alerts.ts"
import type { Suggestion } from "../Suggestions.ts"
import { DashboardSource } from "./DashboardSource.ts"
import { refresh } from "./Live.ts"
import { round } from "./Rounding.ts"

const alertOf = ({ component, endedAt, id, instance, kind, message, raisedAt, status }: Alert): AlertRow => ({
  id,
  kind,
  status,
  component,
  instance: instance ?? null,
  message,
  raisedAt: Math.round(raisedAt),
  endedAt: endedAt === undefined ? null : Math.round(endedAt)
})

const suggestionOf = ({ component, evidence, kind, message }: Suggestion) => ({
  kind,
  component,
  message,
  evidence: Object.entries(evidence).map(([name, value]) => ({
    name,
    value: String(typeof value === "number" ? round(value) : value)
  }))
})

/** Alerts and suggestions. */
export const layer: Layer.Layer<Component.BehaviorOf<AlertTable>, never, DashboardSource> = AlertTable.toLayer(
  Effect.gen(function* () {
    const self = yield* AlertTable
    const source = yield* DashboardSource
    const look = Effect.gen(function* () {
      const alerts = (yield* source.alerts).map(alertOf)
      const suggestions = (yield* source.suggestions).map(suggestionOf)
      yield* self.set({ isKnown: true, alerts, suggestions })
    })
    yield* refresh(look)
    return AlertTable.of({
      Resolve: ({ alert }, caller) =>
        source.resolve(alert).pipe(
          Effect.mapError(() => new AlertGone({ alert: alert.slice(0, 64) })),
          Effect.andThen(source.log("An alert is resolved from the dashboard", caller, { alert })),
          Effect.andThen(look)
        )
    })
  })
)
