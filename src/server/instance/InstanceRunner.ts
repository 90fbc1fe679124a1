// Relies on effect's insides: test/actor/effectInternals.test.ts fails when an upgrade changes them.
/**
 * Runs the instances of this process until their last holder releases them, and has their states kept. It does not know
 * where they come from, or who may have them.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Monotonic from "../../actor/Monotonic.ts"
import { Listeners } from "../../Listeners.ts"
import * as Begun from "../../actor/Begun.ts"
import * as Log from "../../Log.ts"
import type { LiveError } from "../../LiveError.ts"
import type { ComponentId } from "../../LiveId.ts"
import * as IdGenerator from "../IdGenerator.ts"
import * as LiveConfig from "../LiveConfig.ts"
import { Rooms } from "../room/Rooms.ts"
import * as RightsInForce from "../security/RightsInForce.ts"
import { StateToken } from "../security/StateToken.ts"
import { SnapshotStore } from "../store/SnapshotStore.ts"
import * as CachedClock from "../transport/CachedClock.ts"
import { Checkpointer } from "./Checkpointer.ts"
import type { ComponentDefinition } from "./ComponentDefinition.ts"
import type { Instance } from "./Instance.ts"
import { type ActorHost, InstanceActor } from "./InstanceActor.ts"
import type { InstanceIdentity } from "./InstanceIdentity.ts"
import { PresenceSealer } from "./PresenceSealer.ts"
import { InstanceRecorders } from "./InstanceRecorders.ts"
import type { LifecycleEvent } from "./Lifecycle.ts"
import { LifecycleLog } from "./LifecycleLog.ts"
import * as InstanceInfo from "./InstanceInfo.ts"
import { InstanceSelf } from "./InstanceSelf.ts"
import { StateWriter } from "./StateWriter.ts"
import { TimeRows } from "./TimeRows.ts"
import { TraceSampler } from "./Tracing.ts"

/** An instance to start. */
export interface Starting extends Omit<InstanceIdentity, "id"> {
  /** A new one by default; a later life keeps the id of the first. */
  readonly id?: ComponentId
  /** A room to join before the behaviour is built, so that the build can use it. */
  readonly room?: string | undefined
}

/** The instances of one process. */
export class InstanceRunner extends Context.Service<
  InstanceRunner,
  {
    /**
     * Starts an instance with one holder. `onStarted` makes the result, before the caller can be interrupted. It begins at
     * once, and one that has started then is an Exit.
     */
    readonly start: <A>(
      definition: ComponentDefinition,
      own: Starting,
      onStarted: (actor: InstanceActor) => A
    ) => Effect.Effect<A, LiveError>
    /** Removes a holder; the instance stops with the last. */
    readonly release: (actor: InstanceActor) => Effect.Effect<void>
    /** Stops an instance after the messages it has begun, and keeps its last state. */
    readonly stop: (actor: InstanceActor) => Effect.Effect<void>
    /** The same for one that nobody holds any more, and that can be activated again. */
    readonly passivate: (actor: InstanceActor) => Effect.Effect<void>
    /** Stops an instance without keeping its state, because another life of it counts. */
    readonly discard: (actor: InstanceActor) => Effect.Effect<void>
    /** The instance of this id, if it runs here. */
    readonly findUnsafe: (id: string) => InstanceActor | undefined
    /** The last instance of this address, while it has stopped and its last state is not stored. */
    readonly unstored: (
      definition: ComponentDefinition,
      own: { readonly key: string | undefined; readonly id: string }
    ) => Instance | undefined
    /** Marks an instance for the next checkpoint. */
    readonly keep: (instance: Instance) => void
    /** The last token of a private instance, for a client that has released it. */
    readonly farewell: (actor: InstanceActor) => Effect.Effect<string | undefined>
    /** Stops all instances after the messages they have begun. */
    readonly finish: Effect.Effect<void>
    /** Keeps all states that have changed, and sends the tokens to clients. */
    readonly keepAll: Effect.Effect<void>
    /** Keeps the states that have changed since then. */
    readonly keepRest: Effect.Effect<void>
    /** Stops keeping states, and ends every wait for an instance. */
    readonly close: Effect.Effect<void>
    /** Stops all instances at once, and interrupts their handlers. */
    readonly stopNow: Effect.Effect<void>
    readonly list: Effect.Effect<ReadonlyArray<InstanceInfo.InstanceInfo>>
    /** All that run. */
    readonly actors: Effect.Effect<ReadonlyArray<InstanceActor>>
    /** The age of the server in milliseconds, and the clock that messages are measured with. */
    readonly ageUnsafe: () => { readonly age: number; readonly micros: number }
    /** Their ids. */
    readonly ids: Effect.Effect<ReadonlyArray<string>>
    /** The one of this id. */
    readonly info: (id: string) => Effect.Effect<InstanceInfo.InstanceInfo | undefined>
    /** What happens to instances, to all listeners at once. */
    readonly events: Listeners<LifecycleEvent>
    /** Tells it. */
    readonly happened: ActorHost["happened"]
    /** The number of messages that wait for them. */
    readonly pending: Effect.Effect<number>
    /** The number of running instances. */
    readonly size: Effect.Effect<number>
  }
>()("fibra/server/InstanceRunner") {}

const make = Effect.gen(function* () {
  const config = yield* LiveConfig.LiveConfig
  const scoped = yield* Effect.context<Scope.Scope>()
  const context = Context.omit(Scope.Scope)(scoped)
  const clock = yield* Clock.Clock
  const makeId = yield* IdGenerator.makeComponentId
  const run = Effect.runForkWith(context)
  const superseded = (instance: Instance) => {
    const actor = running.get(instance.id)
    if (actor?.instance === instance) run(discard(actor))
  }
  const states = new StateWriter(yield* SnapshotStore, config, superseded, scoped)
  const tokens = yield* StateToken
  const checkpointer = new Checkpointer(states, tokens, config, scoped)
  const presences = new PresenceSealer(tokens, config, scoped)
  const begun = Monotonic.millisUnsafe(clock)
  const running = new Map<string, InstanceActor>()
  const recorders = yield* InstanceRecorders
  yield* recorders?.attach((id) => running.get(id)) ?? Effect.void
  /** Opened when the server ends and nothing more is waited for. */
  const over = yield* Latch.make()
  const events = new Listeners<LifecycleEvent>((cause) =>
    run(Log.error("A listener for what happens to instances failed", { cause }))
  )
  const log = new LifecycleLog(run, () => Monotonic.millisUnsafe(clock))
  const happened: ActorHost["happened"] = (happening, instance, detail) => {
    const { address: component, definition, id, key } = instance
    definition.stats.happenings[happening]++
    log.write(happening, instance, detail)
    if (events.size === 0) return
    run(
      Effect.map(Monotonic.epoch, (epoch) =>
        events.tell({ happening, at: epoch + Monotonic.millisUnsafe(clock), id, component, key, detail })
      )
    )
  }
  const age = () => Monotonic.millisUnsafe(clock) - begun
  const host: ActorHost = {
    config,
    rights: yield* RightsInForce.current,
    rooms: yield* Rooms,
    presences,
    keep: (instance) => checkpointer.keep(instance),
    seal: (instance) => checkpointer.seal(instance),
    retire: (instance) => checkpointer.retire(instance),
    run,
    selfOf: (actor) => new InstanceSelf(actor),
    age,
    happened,
    spans: {
      clock,
      micros: () => Monotonic.microsUnsafe(clock) + 1,
      sampler: new TraceSampler(config.traceSampling)
    },
    stats: {
      turn: CachedClock.of(age),
      // The clock of a test begins at 0, which means that something was not timed.
      micros: () => Monotonic.microsUnsafe(clock) + 1,
      rows: new TimeRows()
    },
    over: over.await
  }

  const ages = () => ({ age: age(), micros: host.stats.micros() })
  const time = Effect.map(Monotonic.epoch, (epoch) => ({ begun: epoch + begun, ...ages() }))

  const stop = (actor: InstanceActor, happening: "stopped" | "passivated" = "stopped"): Effect.Effect<void> =>
    Effect.suspend(() => {
      const { id } = actor.instance
      if (running.get(id) !== actor) return Effect.void
      return actor.end(
        Effect.ensuring(
          Effect.andThen(actor.stop, checkpointer.stopped(actor.instance)),
          Effect.sync(() => {
            running.delete(id)
            happened(happening, actor.instance)
            actor.instance.definition.stats.stopped++
            actor.instance.statsIfAny?.end()
          })
        )
      )
    })

  const discard = (actor: InstanceActor): Effect.Effect<void> =>
    Effect.suspend(() => {
      actor.instance.checkpoint.discard()
      return stop(actor)
    })

  const each = (act: (actor: InstanceActor) => Effect.Effect<void>): Effect.Effect<void> =>
    Effect.suspend(() =>
      Effect.forEach(Array.from(running.values()), act, {
        concurrency: "unbounded",
        discard: true
      })
    )

  const keepEach = Effect.sync(() => {
    for (const actor of running.values()) {
      checkpointer.keep(actor.instance)
      actor.roomsIfAny?.renew()
    }
  })
  const flush = Effect.andThen(presences.flush, checkpointer.flush)
  // Tokens expire even when the state does not change.
  yield* Effect.forkScoped(Effect.schedule(keepEach, Schedule.spaced(Duration.times(config.tokenAge, 0.5))))
  yield* Effect.addFinalizer(() => each((actor) => stop(actor)))

  return InstanceRunner.of({
    start: (definition, { room, ...own }, onStarted) => {
      const id = own.id ?? makeId(definition.component.componentName)
      const actor = new InstanceActor(definition, host, { ...own, id })
      const start = () => {
        recorders?.begin(actor)
        return actor.startUnsafe()
      }
      const started = () => {
        running.set(id, actor)
        definition.stats.started++
        happened("mounted", actor.instance)
        checkpointer.started(actor.instance)
        return onStarted(actor)
      }
      const begun = room === undefined ? start() : Effect.andThen(actor.rooms.join(room), Effect.suspend(start))
      if (Begun.doneOf(begun) !== undefined) return Exit.succeed(started())
      const starting = run(begun)
      const exit = starting.pollUnsafe()
      if (exit !== undefined && Exit.isSuccess(exit)) return Exit.succeed(started())
      // One that was interrupted may have started all the same.
      const stop = Effect.andThen(Fiber.interrupt(starting), actor.stop)
      return Effect.uninterruptibleMask((restore) =>
        Effect.map(
          Effect.onError(restore(Fiber.join(starting)), () => stop),
          started
        )
      )
    },
    release: (actor) =>
      Effect.suspend(() => {
        if (running.get(actor.instance.id) !== actor || !actor.letGo()) return Effect.void
        return stop(actor)
      }),
    stop: (actor) => stop(actor),
    passivate: (actor) => stop(actor, "passivated"),
    discard,
    findUnsafe: (id) => running.get(id),
    unstored: ({ component }, own) => checkpointer.unstored(component.componentName, own),
    keep: host.keep,
    farewell: (actor) => {
      const { instance } = actor
      const token = checkpointer.farewell(instance)
      if (actor.ending === undefined) return token
      // Once the actor has ended, the token has all that was handled. Closing its resources may take longer, and
      // changes nothing.
      return Effect.andThen(Effect.timeoutOption(instance.cell.watch(), instance.definition.shutdown), token)
    },
    finish: each((actor) => actor.stop),
    keepAll: Effect.andThen(keepEach, flush),
    keepRest: flush,
    close: Effect.andThen(checkpointer.close, over.open),
    stopNow: each(({ instance }) => instance.cell.stop(Duration.zero)),
    list: Effect.map(time, (now) => Array.from(running.values(), (actor) => InstanceInfo.of(actor, now))),
    actors: Effect.sync(() => Array.from(running.values())),
    ageUnsafe: ages,
    ids: Effect.sync(() => Array.from(running.keys())),
    info: (id) =>
      Effect.map(time, (now) => {
        const actor = running.get(id)
        return actor && InstanceInfo.of(actor, now)
      }),
    events,
    happened,
    pending: Effect.sync(() => {
      let pending = 0
      for (const { instance } of running.values()) pending += instance.cell.pending
      return pending
    }),
    size: Effect.sync(() => running.size)
  })
})

/** A runner without instances. Those that run when the Scope closes are stopped. */
export const layer: Layer.Layer<InstanceRunner, never, SnapshotStore | StateToken | Rooms> = Layer.effect(
  InstanceRunner,
  make
)
