/**
 * The components of a live server and everything that runs them, without a network. `LiveServer` puts a network before it,
 * and `LiveTest` clients in the same process.
 */
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Component from "../Component.ts"
import { CloseCode } from "../LiveProtocol.ts"
import * as Drain from "./Drain.ts"
import * as ComponentRegistry from "./instance/ComponentRegistry.ts"
import * as InstanceDirectory from "./instance/InstanceDirectory.ts"
import * as InstanceRunner from "./instance/InstanceRunner.ts"
import * as Instances from "./instance/Instances.ts"
import * as LiveConfig from "./LiveConfig.ts"
import type * as LiveSsr from "./LiveSsr.ts"
import * as Monitor from "./monitor/Monitor.ts"
import * as Recorder from "./monitor/Recorder.ts"
import type * as MonitorAccess from "./monitor/MonitorAccess.ts"
import * as Performance from "./monitor/Performance.ts"
import * as LiveJson from "./wire/json/LiveJson.ts"
import * as LiveRpc from "./wire/rpc/LiveRpc.ts"
import * as Principals from "./security/Principals.ts"
import * as RejectionLog from "./security/RejectionLog.ts"
import * as Revocations from "./security/Revocations.ts"
import * as Rooms from "./room/Rooms.ts"
import * as Secrets from "./security/Secrets.ts"
import * as Sessions from "./session/Sessions.ts"
import * as SsrPages from "./SsrPages.ts"
import * as SignOuts from "./security/SignOuts.ts"
import * as SnapshotStore from "./store/SnapshotStore.ts"
import * as StateToken from "./security/StateToken.ts"
import * as StoreTimeout from "./store/StoreTimeout.ts"
import * as Transport from "./transport/Transport.ts"
import * as UploadFolder from "./upload/UploadFolder.ts"
import * as UploadStore from "./upload/UploadStore.ts"
import type { UploadStoreError } from "./upload/UploadStoreError.ts"
import * as UploadRegistry from "./upload/UploadRegistry.ts"

/** What a server requires for these components: the behaviour of each. */
export type Requirements<Components extends ReadonlyArray<Component.Any>> = Component.Requirement<Components[number]>

/** The services of a server that do not depend on a network. */
export type Core =
  | LiveRpc.LiveRpc
  | LiveJson.LiveJson
  | LiveSsr.LiveSsr
  | Transport.Transport
  | Sessions.Sessions
  | UploadRegistry.UploadRegistry
  | UploadStore.UploadStore
  | Instances.Instances
  | InstanceDirectory.InstanceDirectory
  | InstanceRunner.InstanceRunner
  | ComponentRegistry.ComponentRegistry
  | Monitor.Monitor
  | Performance.Performance
  | Rooms.Rooms
  | Revocations.Revocations
  | Principals.Principals
  | Recorder.Recorder

/** Why a server does not start: a secret is missing or cannot be used, or the store of its uploads does not open. */
export type StartError = Secrets.SecretsError | MonitorAccess.MonitorTokenError | UploadStoreError | Config.ConfigError

/**
 * Runs the components, and ends in order. Secrets, store and principals are those that are provided, or otherwise the
 * defaults.
 */
export const layer = <const Components extends ReadonlyArray<Component.Any>>(options: {
  readonly components: Components
}): Layer.Layer<Core, StartError, Requirements<Components>> => Layer.provideMerge(Drain.layer, layerUndrained(options))

/** The same without `Drain.layer`, for a server with more that has to end first. */
export const layerUndrained = <const Components extends ReadonlyArray<Component.Any>>(options: {
  readonly components: Components
}): Layer.Layer<Core, StartError, Requirements<Components>> =>
  Layer.unwrap(
    Effect.contextWith((context: Context.Context<Requirements<Components>>) =>
      Effect.map(withBehaviors(options.components, context), (behaviors) =>
        Layer.provideMerge(
          Layer.mergeAll(LiveRpc.layer, LiveJson.layer, SsrPages.layer, signOut),
          Layer.provideMerge(
            Layer.merge(Monitor.layer, Performance.layer),
            Layer.provideMerge(
              Layer.provideMerge(Sessions.layer, Layer.provideMerge(UploadRegistry.layer, uploadStore(behaviors))),
              running(behaviors)
            )
          )
        )
      )
    )
  ).pipe(Layer.provide(RejectionLog.layer))

const running = (behaviors: ReadonlyMap<Component.Any, Component.BehaviorDefinition>) =>
  Instances.layer.pipe(
    Layer.provideMerge(InstanceDirectory.layerLocal),
    Layer.provideMerge(InstanceRunner.layer),
    Layer.provideMerge(ComponentRegistry.layer(behaviors)),
    Layer.provide(Recorder.connected),
    Layer.provideMerge(orElse(Recorder.Recorder, Recorder.layer())),
    Layer.provide(Layer.provide(tokens, orElse(Secrets.Secrets, Secrets.layerConfig))),
    Layer.provideMerge(Revocations.layer),
    Layer.provide(Layer.provide(StoreTimeout.layer, orElse(SnapshotStore.SnapshotStore, SnapshotStore.layerMemory))),
    Layer.provideMerge(Layer.mergeAll(Transport.layer, Rooms.layer, orElse(Principals.Principals, Principals.layer)))
  )

/** Nothing is opened for a server that takes no uploads. */
const uploadStore = (behaviors: ReadonlyMap<Component.Any, unknown>) => {
  const takesUploads = Array.from(behaviors.keys()).some(({ codec }) => codec.uploads.size > 0)
  return takesUploads ? orElse(UploadStore.UploadStore, UploadFolder.layerFileSystem()) : UploadStore.layerMemory
}

const tokens = Layer.unwrap(
  Effect.gen(function* () {
    const { audience, encryptTokens, maxTokenLength, tokenAge } = yield* LiveConfig.LiveConfig
    const { isRevoked, sealedUnsafe: sealed } = yield* Revocations.Revocations
    return StateToken.layer({
      audience,
      encrypt: encryptTokens,
      maxAge: tokenAge,
      maxLength: maxTokenLength,
      isRevoked,
      sealed
    })
  })
)

const signOut = Layer.effectDiscard(
  Effect.gen(function* () {
    const transport = yield* Transport.Transport
    const sessions = yield* Sessions.Sessions
    const revocations = yield* Revocations.Revocations
    const principals = yield* Principals.Principals
    const end = (principal: string) =>
      Effect.suspend(() => {
        transport.endUnsafe(principal, CloseCode.signedOut, "Signed out")
        sessions.endUnsafe(principal)
        // Last, because until now a client of the principal could be given another token.
        return revocations.revoke(principal)
      })
    yield* SignOuts.of(principals)?.register(end) ?? Effect.void
  })
)

/** The service that is provided, or otherwise the one of this layer. */
const orElse = <I, S, E>(service: Context.Key<I, S>, layer: Layer.Layer<I, E>): Layer.Layer<I, E> =>
  Layer.unwrap(
    Effect.map(Effect.serviceOption(service), (found) =>
      Option.isSome(found) ? Layer.succeed(service, found.value) : layer
    )
  )

const withBehaviors = Effect.fnUntraced(function* (
  components: ReadonlyArray<Component.Any>,
  context: Context.Context<never>
) {
  const names = new Set<string>()
  const behaviors = new Map<Component.Any, Component.BehaviorDefinition>()
  for (const component of components) {
    const name = component.componentName
    if (names.has(name)) {
      return yield* Effect.die(new Error(`The server lists two components called "${name}". Rename one.`))
    }
    names.add(name)
    behaviors.set(component, Context.getUnsafe(context, component.behavior))
  }
  return behaviors
})
