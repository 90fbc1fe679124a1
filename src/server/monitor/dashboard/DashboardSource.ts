/**
 * What the dashboard shows, and what can be done from it. All who look share what was found in the last second, and
 * nothing is looked for while nobody asks. What somebody does is logged with the address it came from.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import type * as Stream from "effect/Stream"
import { DeadLetters, type Service as Letters } from "../../../actor/DeadLetters.ts"
import { type RunningSupervisor, Supervisors } from "../../../actor/Supervisors.ts"
import type { Caller } from "../../../Caller.ts"
import type { Json } from "../../../Json.ts"
import * as Log from "../../../Log.ts"
import { ComponentRegistry } from "../../instance/ComponentRegistry.ts"
import type { InstanceActor } from "../../instance/InstanceActor.ts"
import { InstanceRunner } from "../../instance/InstanceRunner.ts"
import type { LifecycleEvent } from "../../instance/Lifecycle.ts"
import * as ContractJson from "../ContractJson.ts"
import { Recorder } from "../Recorder.ts"
import { Rooms } from "../../room/Rooms.ts"
import type { RoomInfo } from "../../room/Room.ts"
import type { ConnectionInfo } from "../../transport/ConnectionInfo.ts"
import type { PoolInfo } from "../../transport/PoolInfo.ts"
import { Transport } from "../../transport/Transport.ts"
import { type InstanceNotFound, Monitor } from "../Monitor.ts"
import type { Alert } from "../Alerts.ts"
import { type AlertNotFound, Performance } from "../Performance.ts"
import type { ComponentReport, InstanceReport, Overview } from "../Reports.ts"
import type { Suggestion } from "../Suggestions.ts"

/** The state of an instance as its clients have it, without what its schema marks as secret. */
export interface StateNow {
  readonly state: { readonly [name: string]: Json | undefined }
  readonly revision: number
}

/** What the dashboard shows. */
export class DashboardSource extends Context.Service<
  DashboardSource,
  {
    readonly overview: Effect.Effect<Overview>
    readonly events: Stream.Stream<LifecycleEvent>
    readonly components: Effect.Effect<ReadonlyArray<ComponentReport>>
    readonly definitions: ComponentRegistry["Service"]["all"]
    /** The running instances themselves, of which a table reads only what it sorts by. */
    readonly instances: Effect.Effect<ReadonlyArray<InstanceActor>>
    /** The supervisors of the application. */
    readonly supervisors: Iterable<RunningSupervisor>
    readonly healthUnsafe: Monitor["Service"]["healthUnsafe"]
    readonly instance: (id: string) => Effect.Effect<InstanceReport, InstanceNotFound>
    readonly stateUnsafe: (id: string) => StateNow | undefined
    readonly rooms: Effect.Effect<ReadonlyArray<RoomInfo>>
    readonly connections: Effect.Effect<ReadonlyArray<ConnectionInfo>>
    readonly pools: Effect.Effect<ReadonlyArray<PoolInfo>>
    readonly alerts: Effect.Effect<ReadonlyArray<Alert>>
    readonly suggestions: Effect.Effect<ReadonlyArray<Suggestion>>
    readonly letters: Letters
    readonly recorder: Recorder["Service"]
    readonly restart: (id: string) => Effect.Effect<void, InstanceNotFound>
    readonly stop: (id: string) => Effect.Effect<void, InstanceNotFound>
    readonly resolve: (alert: string) => Effect.Effect<Alert, AlertNotFound>
    readonly drain: (pool: string) => Effect.Effect<boolean>
    /** Somebody did something. */
    readonly log: (message: string, caller: Caller, labels: Log.LogDetails) => Effect.Effect<void>
  }
>()("fibra/server/DashboardSource") {}

/** Less than the interval of the viewers, which would otherwise see each finding twice. */
const sharedFor = "900 millis"

const make = Effect.gen(function* () {
  const monitor = yield* Monitor
  const runner = yield* InstanceRunner
  const registry = yield* ComponentRegistry
  const rooms = yield* Rooms
  const transport = yield* Transport
  const performance = yield* Performance
  const letters = yield* DeadLetters
  const recorder = yield* Recorder
  const level = yield* References.MinimumLogLevel
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const shared = <A>(look: Effect.Effect<A>) => Effect.cachedWithTTL(look, sharedFor)
  return DashboardSource.of({
    overview: yield* shared(monitor.overview),
    events: monitor.events,
    components: yield* shared(monitor.components),
    definitions: registry.all,
    instances: runner.actors,
    supervisors: yield* Supervisors,
    healthUnsafe: monitor.healthUnsafe,
    instance: monitor.get,
    stateUnsafe: (id) => {
      const instance = runner.findUnsafe(id)?.instance
      if (instance === undefined) return undefined
      const { definition, encoded, revision } = instance
      const { redaction } = ContractJson.of(definition.component).state
      return { state: redaction.redact(encoded) as StateNow["state"], revision }
    },
    rooms: yield* shared(rooms.list),
    connections: yield* shared(transport.list),
    pools: yield* shared(transport.pools),
    alerts: performance.alerts,
    suggestions: yield* shared(performance.suggestions),
    letters,
    recorder,
    restart: monitor.restart,
    stop: monitor.stop,
    resolve: performance.resolve,
    drain: (pool) =>
      Effect.map(transport.pools, (all) => {
        const found = all.some(({ id, isDraining }) => id === pool && !isDraining)
        if (found) run(transport.drainPool(pool))
        return found
      }),
    log: (message, { principal }, labels) =>
      // The components of the dashboard log only what went wrong.
      Effect.provideService(Log.info(message, { ...labels, by: principal?.id }), References.MinimumLogLevel, level)
  })
})

/** Shows the server that these services belong to. */
export const layer: Layer.Layer<
  DashboardSource,
  never,
  ComponentRegistry | InstanceRunner | Monitor | Performance | Recorder | Rooms | Transport
> = Layer.effect(DashboardSource, make)
