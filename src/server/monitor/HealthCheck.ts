/**
 * Looks at all instances at once, every `healthInterval`, and mends what a restart mends: an instance that is unhealthy
 * begins again from its last good state. Handlers that run too long are interrupted, and faulted instances are probed,
 * by their actors. While the event loop stands still nothing is judged.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Monotonic from "../../actor/Monotonic.ts"
import * as Log from "../../Log.ts"
import type { InstanceActor } from "../instance/InstanceActor.ts"
import { InstanceRunner } from "../instance/InstanceRunner.ts"
import * as Vitals from "../instance/Vitals.ts"
import * as LiveConfig from "../LiveConfig.ts"
import { EventLoop } from "./EventLoop.ts"
import { describe, type Health, healthy, type HealthReason } from "./Health.ts"
import { RecoveryBudget } from "./RecoveryBudget.ts"
import { verdict } from "./Verdict.ts"

/** Milliseconds for which the event loop may stand still, or a check be late, and still judge. */
const maxLag = 500

/** Instances that are looked at before others get a turn. */
const atOnce = 500

/** How long a restart takes at least, so that clients see it. */
const restartPause = Duration.millis(100)

/** What a restart mends. The rest is interrupted and probed by the actor itself, or has to be seen by people. */
const mendable: ReadonlySet<HealthReason["of"]> = new Set(["crashes", "publish"])

/** An instance that is not healthy. */
interface Patient {
  readonly actor: InstanceActor
  readonly health: Health
  /** Whether it was said that it is not restarted any more. */
  readonly isGivenUp: boolean
}

/** The health of the instances of one server. */
export class HealthCheck extends Context.Service<
  HealthCheck,
  {
    /** The last verdict. */
    readonly healthOf: (id: string) => Health
    /** How many instances are not healthy. */
    readonly countsUnsafe: () => { readonly degraded: number; readonly unhealthy: number }
    /** The longest time for which the event loop stood still, or a check was late, lately; milliseconds. */
    readonly lagUnsafe: () => number
    /** Restarts an instance from its last good state; returns whether there is one. */
    readonly restart: (id: string) => Effect.Effect<boolean>
  }
>()("fibra/server/HealthCheck") {}

const make = Effect.gen(function* () {
  const { healthInterval } = yield* LiveConfig.LiveConfig
  const runner = yield* InstanceRunner
  const eventLoop = yield* EventLoop
  const clock = yield* Clock.Clock
  const budget = new RecoveryBudget()
  const patients = new Map<string, Patient>()
  let late = 0

  const restart = (actor: InstanceActor): boolean => {
    actor.instance.statsIfAny?.forget()
    return actor.instance.cell.restart(restartPause)
  }

  const mend = (actor: InstanceActor, { reasons }: Health, isGivenUp: boolean): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      if (isGivenUp || !reasons.some(({ of, status }) => status === "unhealthy" && mendable.has(of)))
        return Effect.succeed(isGivenUp)
      const granted = budget.take(actor.instance.id, Monotonic.millisUnsafe(clock))
      if (granted === "granted") restart(actor)
      if (granted !== "instance") return Effect.succeed(false)
      const said = Log.warning("An instance stays unhealthy, and is not restarted any more", {
        ...actor.labels,
        reasons: describe(reasons),
        hint: "Its behaviour fails in the same way again. The log has its crashes; a restart by hand is still possible."
      })
      return Effect.as(said, true)
    })

  const judge = (actor: InstanceActor): Effect.Effect<void> | undefined => {
    const { instance } = actor
    const before = patients.get(instance.id)
    if (instance.statsIfAny === undefined && before === undefined) return undefined
    const known = before?.actor === actor ? before : undefined
    const health = verdict(Vitals.of(actor, runner.ageUnsafe()), known?.health ?? healthy)
    if (health.status === "healthy") {
      if (before === undefined) return undefined
      patients.delete(instance.id)
      if (known !== undefined) runner.happened("recovered", instance)
      return undefined
    }
    const isNews = known?.health.status !== health.status
    if (isNews) runner.happened(health.status, instance, describe(health.reasons))
    const isGivenUp = known?.isGivenUp ?? false
    patients.set(instance.id, { actor, health, isGivenUp })
    if (health.status === "degraded") return undefined
    return Effect.map(mend(actor, health, isGivenUp), (isGivenUp) => {
      patients.set(instance.id, { actor, health, isGivenUp })
    })
  }

  const check = Effect.gen(function* () {
    const actors = yield* runner.actors
    for (let index = 0; index < actors.length; index++) {
      const work = judge(actors[index] as InstanceActor)
      if (work !== undefined) yield* work
      if (index % atOnce === atOnce - 1) yield* Effect.yieldNow
    }
    for (const [id, { actor }] of patients) if (runner.findUnsafe(id) !== actor) patients.delete(id)
    budget.tidy(Monotonic.millisUnsafe(clock))
  })

  const round = Effect.gen(function* () {
    const before = yield* Monotonic.millis
    eventLoop.reset()
    yield* Effect.sleep(healthInterval)
    late = Math.max(0, (yield* Monotonic.millis) - before - Duration.toMillis(healthInterval))
    const lag = Math.max(late, eventLoop.longest())
    if (lag <= maxLag) return yield* check
    yield* Log.warning("The event loop stood still, so no instance is judged this time", {
      millis: Math.round(lag),
      hint: "Something ran too long without waiting: a handler, a `view`, or garbage collection of a large heap."
    })
  })
  const supervised = Log.ignore(round, "A health check failed", { level: "Error" })
  if (Duration.isFinite(healthInterval)) yield* Effect.forkScoped(Effect.forever(supervised))

  return HealthCheck.of({
    healthOf: (id) => patients.get(id)?.health ?? healthy,
    countsUnsafe: () => {
      let unhealthy = 0
      for (const { health } of patients.values()) if (health.status === "unhealthy") unhealthy++
      return { degraded: patients.size - unhealthy, unhealthy }
    },
    lagUnsafe: () => Math.max(late, eventLoop.longest()),
    restart: (id) =>
      Effect.sync(() => {
        const actor = runner.findUnsafe(id)
        if (actor === undefined) return false
        restart(actor)
        return true
      })
  })
})

/** Checks the instances of the runner until the Scope closes. */
export const layer: Layer.Layer<HealthCheck, never, InstanceRunner> = Layer.effect(HealthCheck, make)
