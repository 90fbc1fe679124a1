/**
 * What lives on this server, how it is, and what happens to it. Everything is computed when somebody asks, from numbers
 * that instances keep in any case; a monitor that nobody asks does nothing.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Monotonic from "../../actor/Monotonic.ts"
import { quote } from "../../ErrorText.ts"
import type { ComponentDefinition } from "../instance/ComponentDefinition.ts"
import { ComponentRegistry } from "../instance/ComponentRegistry.ts"
import * as Figures from "../instance/Figures.ts"
import type { InstanceActor } from "../instance/InstanceActor.ts"
import type { InstanceInfo } from "../instance/InstanceInfo.ts"
import { InstanceRunner } from "../instance/InstanceRunner.ts"
import type { LifecycleEvent } from "../instance/Lifecycle.ts"
import { Rooms } from "../room/Rooms.ts"
import { Sessions } from "../session/Sessions.ts"
import { Transport } from "../transport/Transport.ts"
import { UploadRegistry } from "../upload/UploadRegistry.ts"
import type { Health } from "./Health.ts"
import * as HealthCheck from "./HealthCheck.ts"
import * as Measurements from "./Measurements.ts"
import type { ComponentReport, InstanceReport, Overview } from "./Reports.ts"

/**
 * No instance of that id runs on this server.
 *
 * Goes to whoever asks a monitor for it.
 */
export class InstanceNotFound extends Schema.TaggedError<InstanceNotFound>()("InstanceNotFound", {
  id: Schema.String
}) {
  override get message(): string {
    return `${quote(this.id)} does not run on this server.`
  }

  get hint(): string {
    return "It may have stopped since, or run on another server. `Monitor.list` has those that run now."
  }
}

/** Events that a reader of the stream may be behind; a slower one loses the oldest. */
const maxEvents = 256

/** The monitor of one server. */
export class Monitor extends Context.Service<
  Monitor,
  {
    /** All instances that run here. */
    readonly list: Effect.Effect<ReadonlyArray<InstanceReport>>
    readonly get: (id: string) => Effect.Effect<InstanceReport, InstanceNotFound>
    /**
     * Restarts an instance from its last good state; its clients see that. A message that is being handled is refused.
     * A faulted instance is probed now.
     */
    readonly restart: (id: string) => Effect.Effect<void, InstanceNotFound>
    /** Stops an instance after the messages that it has begun, and waits for that. */
    readonly stop: (id: string) => Effect.Effect<void, InstanceNotFound>
    /** How the one of this id is; healthy when nothing else is known. */
    readonly healthUnsafe: (id: string) => Health
    /** All components of this server, also those without instances. */
    readonly components: Effect.Effect<ReadonlyArray<ComponentReport>>
    readonly overview: Effect.Effect<Overview>
    /** The metrics of this process, as Prometheus reads them. */
    readonly prometheus: Effect.Effect<string>
    /** What happens to instances from now on. A reader that is slow loses the oldest events. */
    readonly events: Stream.Stream<LifecycleEvent>
  }
>()("fibra/server/Monitor") {}

const make = Effect.gen(function* () {
  const registry = yield* ComponentRegistry
  const runner = yield* InstanceRunner
  const transport = yield* Transport
  const sessions = yield* Sessions
  const rooms = yield* Rooms
  const uploads = yield* UploadRegistry
  const clock = yield* Clock.Clock
  const { countsUnsafe, healthOf, lagUnsafe, restart } = yield* HealthCheck.HealthCheck
  const age = () => runner.ageUnsafe().age
  const missed = (id: string) => Effect.fail(new InstanceNotFound({ id: id.slice(0, 256) }))
  const reportOf = (info: InstanceInfo): InstanceReport => {
    const { away, behind, pending, readers, since, waiting, restarts: _, ...rest } = info
    return {
      ...rest,
      placement: "local",
      health: healthOf(info.id),
      mailbox: { depth: pending, oldest: waiting },
      readers: { count: readers, away, behind },
      created: since
    }
  }

  const componentOf = (
    { component: { componentName: component, version }, stats }: ComponentDefinition,
    running: ReadonlyArray<InstanceActor>
  ): ComponentReport => ({
    component,
    version,
    instances: running.length,
    started: stats.started,
    health: countsOf(running.map(({ instance }) => healthOf(instance.id))),
    readers: sum(running, ({ instance }) => instance.cursors.size),
    bytes: sum(running, ({ instance }) => instance.bytes),
    figures: Figures.of(stats, age())
  })

  const readUnsafe = Effect.runSyncWith(yield* Effect.context<never>())
  yield* Measurements.offer(registry.all, {
    connections: () => readUnsafe(transport.size),
    sessions: () => readUnsafe(sessions.size).sessions,
    parked: () => readUnsafe(sessions.size).parked,
    rooms: () => readUnsafe(rooms.size),
    uploads: () => uploads.sizeUnsafe().uploads,
    uploadBuffer: () => uploads.sizeUnsafe().bytes,
    uploadTotals: uploads.totalsUnsafe,
    lag: lagUnsafe,
    heapUsed: () => process.memoryUsage().heapUsed,
    rss: () => process.memoryUsage.rss(),
    degraded: () => countsUnsafe().degraded,
    unhealthy: () => countsUnsafe().unhealthy
  })

  return Monitor.of({
    list: Effect.map(runner.list, (all) => all.map(reportOf)),
    get: (id) =>
      Effect.flatMap(runner.info(id), (info) => (info === undefined ? missed(id) : Effect.succeed(reportOf(info)))),
    restart: (id) => Effect.flatMap(restart(id), (isKnown) => (isKnown ? Effect.void : missed(id))),
    stop: (id) =>
      Effect.suspend(() => {
        const actor = runner.findUnsafe(id)
        return actor === undefined ? missed(id) : runner.stop(actor)
      }),
    healthUnsafe: healthOf,
    components: Effect.map(runner.actors, (all) => {
      const byComponent = Map.groupBy(all, ({ address }) => address)
      return registry.all.map((each) => componentOf(each, byComponent.get(each.component.componentName) ?? []))
    }),
    overview: Effect.gen(function* () {
      const ids = yield* runner.ids
      const stats = registry.all.map((definition) => definition.stats)
      const recently = stats.map((each) => each.recently(age()))
      const { heapTotal, heapUsed, rss } = process.memoryUsage()
      const size = yield* sessions.size
      return {
        at: (yield* Monotonic.epoch) + Monotonic.millisUnsafe(clock),
        uptime: age(),
        isDraining: sessions.isDraining(),
        components: registry.all.length,
        instances: ids.length,
        connections: yield* transport.size,
        sessions: size.sessions,
        parked: size.parked,
        rooms: yield* rooms.size,
        uploads: uploads.sizeUnsafe().uploads,
        health: countsOf(ids.map(healthOf)),
        actionsPerSecond: sum(recently, ({ actions, millis }) => (millis === 0 ? 0 : (actions * 1000) / millis)),
        run: Figures.runOfAll(stats),
        failures: sum(stats, ({ failures }) => failures),
        defects: sum(stats, ({ defects }) => defects),
        lag: lagUnsafe(),
        memory: { heapTotal, heapUsed, rss }
      }
    }),
    prometheus: Measurements.prometheus,
    events: Stream.callback<LifecycleEvent>(
      (queue) =>
        Effect.acquireRelease(
          Effect.sync(() => runner.events.add((event) => void Queue.offerUnsafe(queue, event))),
          (stop) => Effect.sync(stop)
        ),
      { bufferSize: maxEvents, strategy: "sliding" }
    )
  })
})

const sum = <A>(all: ReadonlyArray<A>, of: (each: A) => number): number =>
  all.reduce((total, each) => total + of(each), 0)

const countsOf = (all: ReadonlyArray<Health>): ComponentReport["health"] => {
  const counts = { healthy: 0, degraded: 0, unhealthy: 0 }
  for (const { status } of all) counts[status]++
  return counts
}

/** The monitor of the server that these services belong to. */
export const layer: Layer.Layer<
  Monitor,
  never,
  ComponentRegistry | InstanceRunner | Rooms | Sessions | Transport | UploadRegistry
> = Layer.provide(Layer.effect(Monitor, make), HealthCheck.layer)
