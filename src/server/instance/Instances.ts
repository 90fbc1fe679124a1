/**
 * Mounts and restores the running components of one server for its clients: private instances, and one instance for
 * each key. Sessions remember who has mounted what.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import * as Semaphore from "effect/Semaphore"
import * as Log from "../../Log.ts"
import { type LiveError, refuse } from "../../LiveError.ts"
import type { ComponentId } from "../../LiveId.ts"
import type { MountRequest, RehydrateRequest } from "../../LiveProtocol.ts"
import type { Json } from "../../Patch.ts"
import type { Principal } from "../../Principal.ts"
import * as LiveConfig from "../LiveConfig.ts"
import * as RejectionLog from "../security/RejectionLog.ts"
import { type Claims, StateToken } from "../security/StateToken.ts"
import { type Position, SnapshotStore } from "../store/SnapshotStore.ts"
import type { ComponentDefinition } from "./ComponentDefinition.ts"
import { ComponentRegistry } from "./ComponentRegistry.ts"
import type { InstanceActor } from "./InstanceActor.ts"
import type { Instance } from "./Instance.ts"
import { type InstanceAddress, InstanceDirectory } from "./InstanceDirectory.ts"
import type { InstanceInfo } from "./InstanceInfo.ts"
import type { Holder, InstanceRef, OnHeld } from "./InstanceRef.ts"
import { notForShared } from "./InstanceRooms.ts"
import { InstanceRunner } from "./InstanceRunner.ts"
import { LocalInstanceRef } from "./LocalInstanceRef.ts"
import * as StateRecovery from "./StateRecovery.ts"

/** Restores a private instance from a token; without props, with those in the token. */
export interface RestoreRequest extends Omit<RehydrateRequest, "props"> {
  readonly props?: Json
}

/** A private instance to restore. */
interface Wanted {
  readonly onHeld: OnHeld
  readonly definition: ComponentDefinition
  readonly props: unknown
  readonly room: string | undefined
}

/** The running components of one server. */
export class Instances extends Context.Service<
  Instances,
  {
    /** Starts a private instance, or finds or activates that of the key. It begins at once, and what is done then is an Exit. */
    readonly mount: (
      request: MountRequest,
      principal: Principal | undefined,
      onHeld: OnHeld,
      holder?: Holder
    ) => Effect.Effect<InstanceRef, LiveError>
    /** Restores a private instance: joins it when it still runs, or starts it from its token. The token is used up. */
    readonly restore: (
      request: RestoreRequest,
      principal: Principal | undefined,
      onHeld: OnHeld
    ) => Effect.Effect<InstanceRef, LiveError>
    /** All that run in this process. */
    readonly list: Effect.Effect<ReadonlyArray<InstanceInfo>>
    /** How many run in this process. */
    readonly size: Effect.Effect<number>
  }
>()("fibra/server/Instances") {}

const make = Effect.gen(function* () {
  const config = yield* LiveConfig.LiveConfig
  const store = yield* SnapshotStore
  const tokens = yield* StateToken
  const registry = yield* ComponentRegistry
  const directory = yield* InstanceDirectory
  const runner = yield* InstanceRunner

  const held = (actor: InstanceActor, { onHeld, props }: Pick<Wanted, "onHeld" | "props">): InstanceRef => {
    const ref = new LocalInstanceRef(actor, { props }, runner)
    onHeld(ref)
    return ref
  }

  /** One lock for each instance id that is being restored, and how often the store did not answer under it. */
  const locks = yield* RcMap.make({
    lookup: (_id: string) => Effect.map(Semaphore.make(1), (lock) => ({ lock, outages: 0 }))
  })

  /** Joins an instance that still runs; undefined when a later life has begun on another server. */
  const join = (
    actor: InstanceActor,
    wanted: Wanted,
    claims: Claims
  ): Effect.Effect<InstanceRef | undefined, LiveError> =>
    Effect.suspend(() => {
      const { definition, room } = wanted
      const { checkpoint, definition: running, epoch, key } = actor.instance
      const isItsOwn = key === undefined && running === definition
      const refusal = isItsOwn ? checkpoint.refusalOf(claims) : "stale"
      if (refusal !== undefined) return StateRecovery.rejected(definition.component.componentName, refusal)
      actor.hold()
      const ref = held(actor, wanted)
      return Effect.gen(function* () {
        if (room !== undefined) yield* actor.rooms.join(room)
        const position = checkpoint.positionOf(claims)
        // This life came of a token of the life before, if it is not one of its own.
        const serial = position.epoch === epoch ? position.serial + 1 : 1
        const successor = yield* spend(definition, { ...position, instance: claims.instance }, { epoch, serial })
        if (successor !== undefined && successor.epoch !== epoch) return undefined
        checkpoint.spend(claims, position)
        return ref
      })
    })

  /** Starts a later life of an instance that nobody runs here. */
  const revive = (
    wanted: Wanted,
    claims: Claims,
    principal: Principal | undefined,
    last: InstanceActor | undefined
  ): Effect.Effect<InstanceRef, LiveError> =>
    Effect.gen(function* () {
      const { definition, props, room } = wanted
      const id = claims.instance as ComponentId
      const before = last?.instance ?? runner.unstored(definition, { key: undefined, id })
      const recovered = yield* StateRecovery.fromToken(store, definition, claims, principal, before)
      // When the start fails, the token can be presented again.
      const epoch = yield* spendForLife(definition, claims, recovered.epoch)
      const own = { id, key: undefined, props, principal, recovered: { ...recovered, epoch }, room }
      return yield* runner.start(definition, own, (actor) => {
        runner.keep(actor.instance)
        actor.instance.checkpoint.spend(claims)
        return held(actor, wanted)
      })
    })

  /** Spends a token, and returns the epoch that it begins: later than those that it began before, which nobody has used. */
  const spendForLife = (
    definition: ComponentDefinition,
    claims: Claims,
    epoch: number,
    instead?: Position,
    attempts = 5
  ): Effect.Effect<number, LiveError> =>
    Effect.flatMap(spend(definition, claims, { epoch, serial: 0 }, instead), (successor) => {
      if (successor === undefined) return Effect.succeed(epoch)
      // Another server was faster each time.
      if (attempts === 0) return StateRecovery.unavailable(definition.component.componentName)
      return spendForLife(definition, claims, Math.max(epoch, successor.epoch + 1), successor, attempts - 1)
    })

  /** Spends a token. When it was spent before, and none that came of that is in use, returns the first of those. */
  const spend = (
    definition: ComponentDefinition,
    { epoch, instance, serial }: Position & Pick<Claims, "instance">,
    next: Position,
    instead?: Position
  ): Effect.Effect<Position | undefined, LiveError> => {
    const component = definition.component.componentName
    return Effect.matchEffect(store.spend(instance, { epoch, serial }, next, config.tokenAge, instead), {
      onSuccess: (spending) => {
        if (spending === "accepted") return Effect.undefined
        return typeof spending === "string"
          ? StateRecovery.rejected(component, spending)
          : Effect.succeed(spending.successor)
      },
      onFailure: (error) => StateRecovery.unreadable(component, "unavailable", error)
    })
  }

  /** What was tracked of this client, by a token that it carries. One that is not accepted is as if it had none. */
  const presenceIn = (
    token: string | undefined,
    { component: { componentName: component }, key }: InstanceAddress,
    principal: Principal | undefined
  ): Effect.Effect<Json | undefined> => {
    if (token === undefined) return Effect.undefined
    return Effect.matchEffect(tokens.open(token, { component, key, principal: principal?.id ?? null }), {
      onFailure: (error) => {
        const line = Log.info("A presence token was not accepted", { component, error })
        const kind = error._tag === "TokenRejected" ? error.reason : error._tag
        return Effect.as(RejectionLog.limited(`presence token ${component} ${kind}`, line), undefined)
      },
      onSuccess: ({ presence }) => Effect.succeed(presence)
    })
  }

  /** The component of this name, if it may be mounted with this key, or without one. */
  const keyed = (request: Pick<MountRequest, "component" | "version" | "key">) =>
    Effect.flatMapEager(registry.find(request), (definition) =>
      Effect.mapEager(registry.checkKey(definition, request.key), () => definition)
    )

  return Instances.of({
    // Nearly all of it is decided at once: each step of a fiber for that would cost more than the step.
    mount: (request, principal, onHeld, holder) =>
      Effect.flatMapEager(keyed(request), (definition) =>
        Effect.flatMapEager(registry.propsOf(definition, request.props), (props) => {
          const { key, room } = request
          if (key !== undefined && room !== undefined) return refuse(notForShared(room))
          const found = (): Effect.Effect<InstanceRef, LiveError> => {
            if (key !== undefined) {
              const shared = { component: definition.component, key, props, holder, onHeld }
              return Effect.flatMap(presenceIn(request.presence, shared, principal), (presence) =>
                directory.get({ ...shared, presence })
              )
            }
            const own = { key, props, principal, recovered: undefined, room }
            return runner.start(definition, own, (actor) => held(actor, { onHeld, props }))
          }
          return Effect.flatMapEager(registry.admit(definition, { key, props, principal }), found)
        })
      ),
    restore: Effect.fnUntraced(function* (request, principal, onHeld) {
      const definition = yield* keyed(request)
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
      const wanted = { definition, onHeld, props, room: request.room }
      yield* registry.admit(definition, { key: undefined, props, principal })
      const restoring = yield* RcMap.get(locks, claims.instance)
      const { outages } = restoring
      return yield* restoring.lock.withPermit(
        Effect.gen(function* () {
          // The store did not answer while this request waited: it would only wait as long again.
          if (restoring.outages > outages) return yield* StateRecovery.unavailable(definition.component.componentName)
          const before = runner.findUnsafe(claims.instance)
          if (before?.ending !== undefined) yield* before.ending
          // The client was connected to another server meanwhile, where the instance had another life.
          else if (before !== undefined && isPast(before.instance, claims)) yield* runner.discard(before)
          const running = runner.findUnsafe(claims.instance)
          if (running !== undefined && claims.principal !== (principal?.id ?? null)) {
            // It goes on as somebody else's, with the state that it has now.
            const refusal = running.instance.checkpoint.refusalOf(claims)
            if (refusal !== undefined) return yield* StateRecovery.rejected(definition.component.componentName, refusal)
            yield* runner.discard(running)
          } else if (running !== undefined) {
            const joined = yield* join(running, wanted, claims)
            if (joined !== undefined) return joined
            yield* runner.discard(running)
          }
          return yield* revive(wanted, claims, principal, before)
        }).pipe(
          Effect.tapError(({ reason }) =>
            Effect.sync(() => {
              if (reason._tag === "SnapshotRejected" && reason.reason === "unavailable") restoring.outages++
            })
          )
        )
      )
    }, Effect.scoped),
    list: runner.list,
    size: runner.size
  })
})

/** Whether a token belongs to a later life, or to the life before, which went on elsewhere and got further than this one. */
const isPast = ({ checkpoint, epoch, revision }: Instance, claims: Claims): boolean =>
  epoch < claims.epoch || (claims.state !== undefined && claims.revision > revision && checkpoint.isReplacedBy(claims))

/** The instances of the components in the registry. */
export const layer: Layer.Layer<
  Instances,
  never,
  ComponentRegistry | InstanceDirectory | InstanceRunner | SnapshotStore | StateToken
> = Layer.effect(Instances, make)
