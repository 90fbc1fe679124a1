/**
 * The running components of one server: private ones, each held by whoever mounted or brought it back, and one for each key,
 * found or activated through the Directory. Who mounted them is the business of the sessions.
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Hash from "effect/Hash"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Directory from "../../actor/Directory.ts"
import type * as Component from "../../Component.ts"
import { type LiveError, refuse, TooManyComponents } from "../../LiveError.ts"
import type { MountRequest, RehydrateRequest } from "../../LiveProtocol.ts"
import type { Json } from "../../Patch.ts"
import * as Authorization from "../security/Authorization.ts"
import * as ComponentRegistry from "./ComponentRegistry.ts"
import * as IdGenerator from "../IdGenerator.ts"
import { type Host, type Identity, Instance } from "./Instance.ts"
import type { InstanceRef } from "./InstanceRef.ts"
import { notForShared } from "./InstanceRooms.ts"
import { LocalInstanceRef, type Releaser } from "./LocalInstanceRef.ts"
import * as LiveConfig from "../LiveConfig.ts"
import * as StateRecovery from "./StateRecovery.ts"
import type { Principal } from "../../Principal.ts"
import type * as ComponentDefinition from "./ComponentDefinition.ts"
import { Rooms } from "../room/Rooms.ts"
import { SnapshotStore } from "../store/SnapshotStore.ts"
import { Checkpointer } from "./Checkpointer.ts"
import { type Claims, StateToken } from "../security/StateToken.ts"

/** Where a keyed instance is found: props are for its first activation, and not part of the address. */
class Address implements Equal.Equal {
  readonly definition: ComponentDefinition.ComponentDefinition
  readonly key: string
  readonly props: unknown

  constructor(definition: ComponentDefinition.ComponentDefinition, key: string, props: unknown) {
    this.definition = definition
    this.key = key
    this.props = props
  }

  [Hash.symbol](): number {
    return Hash.combine(Hash.string(this.key), Hash.string(this.definition.component.componentName))
  }

  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof Address && that.key === this.key && that.definition === this.definition
  }
}

/** A private instance is to be mounted as it was when the token was sealed; without props, with those it had then. */
export interface RestoreRequest extends Omit<RehydrateRequest, "props"> {
  readonly props?: Json
}

/** What somebody wants to bring back. */
interface Wanted {
  readonly definition: ComponentDefinition.ComponentDefinition
  readonly props: unknown
  readonly room: string | undefined
}

/** The running components of one server. */
export class Instances extends Context.Service<
  Instances,
  {
    /** Activates a private instance, or finds or activates the one of the key. */
    readonly mount: (request: MountRequest, principal: Principal | undefined) => Effect.Effect<InstanceRef, LiveError>
    /** Brings a private instance back: the running one, or as its token says. The token is spent. */
    readonly restore: (
      request: RestoreRequest,
      principal: Principal | undefined
    ) => Effect.Effect<InstanceRef, LiveError>
    /** Lets all finish what they have begun, and stops them. */
    readonly finish: Effect.Effect<void>
    /** Keeps every state that is not kept yet, and tells its readers the token. */
    readonly keepAll: Effect.Effect<void>
    /** Keeps nothing any more. */
    readonly close: Effect.Effect<void>
    /** Interrupts whatever is still being done, and stops them all. */
    readonly stopNow: Effect.Effect<void>
    readonly sizeUnsafe: () => number
  }
>()("fibra/server/Instances") {}

/** Runs the instances of these components until the Scope closes. */
export const layer = (
  components: ReadonlyMap<Component.Any, Component.BehaviorDefinition>
): Layer.Layer<Instances, never, SnapshotStore | StateToken | Rooms> => Layer.effect(Instances, make(components))

const make = Effect.fnUntraced(function* (components: ReadonlyMap<Component.Any, Component.BehaviorDefinition>) {
  const config = yield* LiveConfig.LiveConfig
  const store = yield* SnapshotStore
  const tokens = yield* StateToken
  const rooms = yield* Rooms
  const authorization = yield* Authorization.Authorization
  const scoped = yield* Effect.context<Scope.Scope>()
  const context = Context.omit(Scope.Scope)(scoped)
  const makeId = yield* IdGenerator.makeComponentId
  const checkpointer = new Checkpointer(store, tokens, config, scoped)
  const host: Host = {
    config,
    authorization,
    rooms,
    keep: (instance) => checkpointer.keep(instance),
    seal: (instance) => checkpointer.seal(instance),
    run: Effect.runForkWith(context)
  }
  const running = new Map<string, Instance>()
  const registry = yield* ComponentRegistry.make(components, context)

  const start = (
    definition: ComponentDefinition.ComponentDefinition,
    own: Omit<Identity, "id"> & { readonly id?: string; readonly room?: string | undefined }
  ): Effect.Effect<LocalInstanceRef, LiveError> =>
    Effect.suspend(() => {
      const id = (own.id ?? makeId(definition.component.componentName)) as Identity["id"]
      const instance = new Instance(definition, host, { ...own, id })
      const { room } = own
      // In its room before it is built: what it says there then, and hears, counts.
      const begun = room === undefined ? instance.start() : Effect.andThen(instance.rooms.join(room), instance.start())
      return Effect.uninterruptibleMask((restore) =>
        Effect.map(restore(begun), () => {
          instance.holders = 1
          running.set(id, instance)
          return new LocalInstanceRef(instance, own.props, undefined, releaser)
        })
      )
    })

  const stop = (instance: Instance): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (running.get(instance.id) !== instance) return Effect.void
      if (instance.ended !== undefined) return Deferred.await(instance.ended)
      const ended = (instance.ended = Deferred.makeUnsafe())
      return Effect.ensuring(
        Effect.andThen(instance.stop(), checkpointer.stopped(instance)),
        Effect.sync(() => {
          running.delete(instance.id)
          Deferred.doneUnsafe(ended, Exit.void)
        })
      )
    })

  const each = (act: (instance: Instance) => Effect.Effect<void>): Effect.Effect<void> =>
    Effect.suspend(() =>
      Effect.forEach(Array.from(running.values()), act, {
        concurrency: "unbounded",
        discard: true
      })
    )

  const activate = ({ key, props, definition }: Address): Effect.Effect<Instance, LiveError> =>
    StateRecovery.fromStore(store, definition, key).pipe(
      Effect.flatMap((origin) => start(definition, { key, props, principal: undefined, origin })),
      Effect.map(({ instance }) => {
        // A restored one has to be known as the later life.
        if (instance.epoch > 1) checkpointer.keep(instance)
        return instance
      })
    )

  const directory = yield* Directory.make({
    activate: (address: Address) =>
      Effect.map(Effect.acquireRelease(activate(address), stop, { interruptible: true }), (instance) => ({
        ref: instance,
        watch: instance.cell.watch()
      })),
    maxIdleTime: (address: Address) => address.definition.maxIdleTime,
    capacity: config.maxKeyed
  })

  const holdKeyed = (address: Address): Effect.Effect<LocalInstanceRef, LiveError> =>
    Effect.uninterruptibleMask((restore) => {
      const scope = Scope.makeUnsafe()
      const found = restore(Scope.provide(directory.get(address), scope))
      return Effect.map(
        // Whoever stops waiting for it does not hold it.
        Effect.onError(found, () => Scope.close(scope, Exit.void)),
        (instance) => new LocalInstanceRef(instance, address.props, scope, releaser)
      )
    }).pipe(
      Effect.catchTag("DirectoryFull", ({ capacity }) =>
        refuse(new TooManyComponents({ limit: capacity, of: "server" }))
      )
    )

  /** One at a time may bring back the instance of an id. */
  const turns = yield* RcMap.make({ lookup: (_id: string) => Semaphore.make(1) })

  /** Somebody brings a token of an instance that still runs. */
  const join = (
    instance: Instance,
    { props, room, definition }: Wanted,
    claims: Claims
  ): Effect.Effect<LocalInstanceRef, LiveError> =>
    Effect.suspend(() => {
      const component = definition.component.componentName
      const { epoch, serial } = claims
      const isCurrent =
        instance.key === undefined &&
        instance.definition === definition &&
        epoch === instance.epoch &&
        serial >= instance.confirmed
      if (!isCurrent) {
        const { spent } = instance
        return StateRecovery.rejected(component, spent?.epoch === epoch && spent.serial === serial ? "spent" : "stale")
      }
      instance.holders++
      return Effect.onError(
        Effect.gen(function* () {
          if (room !== undefined) yield* instance.rooms.join(room)
          yield* spend(definition, claims, { epoch, serial: serial + 1 })
          instance.spent = { epoch, serial }
          return new LocalInstanceRef(instance, props, undefined, releaser)
        }),
        () => release(instance)
      )
    })

  /** Nobody has this instance any more; it begins another life. */
  const revive = (
    { props, room, definition }: Wanted,
    claims: Claims,
    principal: Principal | undefined,
    last: Instance | undefined
  ): Effect.Effect<LocalInstanceRef, LiveError> =>
    Effect.gen(function* () {
      const origin = yield* StateRecovery.fromToken(store, definition, claims, last)
      const held = yield* start(definition, { id: claims.instance, key: undefined, props, principal, origin, room })
      // Not before it runs: a token that brought nothing back may be tried again.
      yield* Effect.onError(spend(definition, claims, { epoch: origin.epoch, serial: 0 }), () => discard(held.instance))
      checkpointer.keep(held.instance)
      held.instance.spent = { epoch: claims.epoch, serial: claims.serial }
      return held
    })

  /** Stops an instance whose state is not to be kept: another life of it is the one that counts. */
  const discard = (instance: Instance): Effect.Effect<void> =>
    Effect.suspend(() => {
      instance.written = Infinity
      return stop(instance)
    })

  const spend = (
    definition: ComponentDefinition.ComponentDefinition,
    { epoch, instance, serial }: Claims,
    next: { readonly epoch: number; readonly serial: number }
  ): Effect.Effect<void, LiveError> => {
    const component = definition.component.componentName
    return Effect.matchEffect(store.spend(instance, { epoch, serial }, next, config.tokenAge), {
      onSuccess: (spent) => {
        if (spent === "accepted") return Effect.void
        return StateRecovery.rejected(component, spent === "stale" ? "stale" : "spent")
      },
      onFailure: (error) => StateRecovery.unreadable(component, "unavailable", error)
    })
  }

  const release = (instance: Instance): Effect.Effect<void> =>
    Effect.suspend(() => (--instance.holders > 0 ? Effect.void : stop(instance)))

  const releaser: Releaser = {
    release: (instance, scope) => {
      if (scope !== undefined) return Scope.close(scope, Exit.void)
      return running.get(instance.id) === instance ? release(instance) : Effect.void
    },
    farewell: (instance) => {
      if (instance.key !== undefined || instance.ended === undefined) return checkpointer.farewell(instance)
      // What it has begun is answered, so it is in the token. What it closes after that may take longer, and changes nothing.
      const finished = Effect.timeoutOption(instance.cell.watch(), instance.definition.shutdown)
      return Effect.andThen(finished, checkpointer.farewell(instance))
    }
  }

  const keepEach = Effect.sync(() => {
    for (const instance of running.values()) checkpointer.keep(instance)
  })
  // A token grows old, though nothing changes.
  yield* Effect.forkScoped(Effect.schedule(keepEach, Schedule.spaced(Duration.times(config.tokenAge, 0.5))))
  yield* Effect.addFinalizer(() => each(stop))

  return Instances.of({
    mount: (request, principal) =>
      Effect.flatMap(registry.find(request), (definition) =>
        Effect.flatMap(registry.propsOf(definition, request.props), (props) => {
          const { key, room } = request
          if (key !== undefined && room !== undefined) return refuse(notForShared(room))
          const held = Effect.suspend(() =>
            key === undefined
              ? start(definition, { key, props, principal, origin: undefined, room })
              : holdKeyed(new Address(definition, key, props))
          )
          return Effect.andThen(registry.admit(definition, { key, props, principal }), held)
        })
      ),
    restore: Effect.fnUntraced(function* (request, principal) {
      const definition = yield* registry.find(request)
      const given = request.props === undefined ? undefined : yield* registry.propsOf(definition, request.props)
      const encoded = given === undefined ? undefined : definition.component.codec.encodeProps(given)
      const claims = yield* StateRecovery.open(
        tokens,
        definition,
        {
          token: request.token,
          props: encoded === undefined || Exit.isSuccess(encoded) ? (encoded?.value as Json | undefined) : null
        },
        principal
      )
      const props = given ?? (yield* registry.propsOf(definition, claims.props))
      const wanted = { definition, props, room: request.room }
      yield* registry.admit(definition, { key: undefined, props, principal })
      const turn = yield* RcMap.get(turns, claims.instance)
      return yield* turn.withPermit(
        Effect.gen(function* () {
          const before = running.get(claims.instance)
          if (before?.ended !== undefined) yield* Deferred.await(before.ended)
          // The client has been with another server meanwhile, where the instance had a later life.
          else if (before !== undefined && before.epoch < claims.epoch) yield* discard(before)
          const instance = running.get(claims.instance)
          if (instance !== undefined) return yield* join(instance, wanted, claims)
          return yield* revive(wanted, claims, principal, before)
        })
      )
    }, Effect.scoped),
    finish: each((instance) => instance.stop()),
    keepAll: Effect.andThen(keepEach, checkpointer.flush),
    close: Effect.sync(() => checkpointer.close()),
    stopNow: each((instance) => instance.cell.stop(Duration.zero)),
    sizeUnsafe: () => running.size
  })
})
