/**
 * Watches what components take: with each round of health checks it raises alerts for what is too slow, too large or too
 * far behind, and when somebody asks, it says what would make a component cheaper. Between two rounds it does nothing.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Monotonic from "../../actor/Monotonic.ts"
import { quote } from "../../ErrorText.ts"
import * as Log from "../../Log.ts"
import type { ComponentDefinition } from "../instance/ComponentDefinition.ts"
import { ComponentRegistry } from "../instance/ComponentRegistry.ts"
import type { InstanceActor } from "../instance/InstanceActor.ts"
import { loadOf } from "../instance/InstanceInfo.ts"
import { InstanceRunner } from "../instance/InstanceRunner.ts"
import * as LiveConfig from "../LiveConfig.ts"
import { type Alert, type AlertKind, Alerts } from "./Alerts.ts"
import * as Suggestions from "./Suggestions.ts"
import { TimeWindow } from "./TimeWindow.ts"

/**
 * There is no alert of that id.
 *
 * Goes to whoever resolves it.
 */
export class AlertNotFound extends Schema.TaggedError<AlertNotFound>()("AlertNotFound", { id: Schema.String }) {
  override get message(): string {
    return `There is no alert ${quote(this.id)}.`
  }

  get hint(): string {
    return "Old alerts are forgotten, and all of them when the server ends. `Performance.alerts` has those that are known."
  }
}

/** What components of one server take. */
export class Performance extends Context.Service<
  Performance,
  {
    /** Active alerts, then those that have ended, the newest first. */
    readonly alerts: Effect.Effect<ReadonlyArray<Alert>>
    /** Somebody has dealt with an alert. While its cause is found again, it is raised again after `alertCooldown`. */
    readonly resolve: (id: string) => Effect.Effect<Alert, AlertNotFound>
    readonly suggestions: Effect.Effect<ReadonlyArray<Suggestions.Suggestion>>
  }
>()("fibra/server/Performance") {}

/** Actions of the last minute below which a share of them says nothing. */
const fewActions = 10

/** Instances that are looked at in one go. */
const slice = 256

/** What is kept of a component between two rounds. */
interface Watched {
  readonly definition: ComponentDefinition
  readonly window: TimeWindow
  /** Bytes of its largest instance in the last round. */
  largest: number
}

const make = Effect.gen(function* () {
  const registry = yield* ComponentRegistry
  const runner = yield* InstanceRunner
  const config = yield* LiveConfig.LiveConfig
  const age = () => runner.ageUnsafe().age
  const clock = yield* Clock.Clock
  const epoch = yield* Monotonic.epoch
  /** Milliseconds since 1970 on a clock that only goes on. */
  const now = () => epoch + Monotonic.millisUnsafe(clock)
  const alerts = new Alerts(Duration.toMillis(config.alertCooldown))
  const watched = registry.all.map((definition): Watched => ({
    definition,
    window: new TimeWindow(definition.stats, age()),
    largest: 0
  }))
  const byComponent = new Map(watched.map((each) => [each.definition.component.componentName, each]))

  const found = (
    kind: AlertKind,
    component: string,
    value: number,
    limit: number,
    instance?: Alert["instance"]
  ): void => {
    if (value > limit) alerts.found({ kind, component, instance, value, limit })
  }

  const lookAtComponent = ({ definition: { component, stats }, window }: Watched): void => {
    const { componentName } = component
    const { publish, run } = window.sinceTurn(age())
    const { actions, crashes } = stats.recently(age())
    found("slow-action", componentName, run, Duration.toMillis(config.alertActionTime))
    found("slow-publish", componentName, publish, Duration.toMillis(config.alertPublishTime))
    if (actions >= fewActions) found("error-rate", componentName, crashes / actions, config.alertErrorRate)
    window.turn(age())
  }

  const lookAtInstance = (actor: InstanceActor): void => {
    const { behind, bytes, component, id, waiting } = loadOf(actor, runner.ageUnsafe().micros)
    const kept = byComponent.get(component)
    if (kept !== undefined) kept.largest = Math.max(kept.largest, bytes)
    found("mailbox-age", component, waiting, Duration.toMillis(config.alertMailboxAge), id)
    found("state-size", component, bytes, config.alertStateBytes, id)
    found("reader-behind", component, behind, config.alertBehind, id)
  }

  const round = Effect.gen(function* () {
    for (const each of watched) each.largest = 0
    const actors = yield* runner.actors
    for (let from = 0; from < actors.length; from += slice) {
      for (const actor of actors.slice(from, from + slice)) lookAtInstance(actor)
      yield* Effect.yieldNow
    }
    for (const each of watched) lookAtComponent(each)
    // The halves of its minute end when somebody asks.
    for (const { definition } of watched) definition.traffic.recently(age())
    for (const { component, instance, kind, message } of alerts.endRound(now())) {
      yield* Log.warning(message, { alert: kind, component, instance })
    }
  })

  const supervised = Log.ignore(round, "A round of the performance monitor failed", { level: "Error" })
  if (Duration.isFinite(config.healthInterval)) {
    yield* Effect.forkScoped(Effect.schedule(supervised, Schedule.spaced(config.healthInterval)))
  }

  return Performance.of({
    alerts: Effect.sync(() => alerts.all),
    resolve: (id) =>
      Effect.suspend(() => {
        const alert = alerts.resolve(id, now())
        return alert === undefined ? Effect.fail(new AlertNotFound({ id: id.slice(0, 256) })) : Effect.succeed(alert)
      }),
    suggestions: Effect.sync(() =>
      watched.flatMap(({ definition: { component, traffic }, largest, window }) =>
        Suggestions.of({
          component: component.componentName,
          traffic: traffic.recently(age()),
          largest,
          ...window.lately(age())
        })
      )
    )
  })
})

/** Watches until the Scope closes. */
export const layer: Layer.Layer<Performance, never, ComponentRegistry | InstanceRunner> = Layer.effect(
  Performance,
  make
)
