/**
 * The entry point: serves components over a router of Effect's HTTP server. That every listed component has its
 * behaviour is checked when the program is compiled.
 */
import "effect/schema/SchemaJITCompiler/enable"
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Component from "../Component.ts"
import { CloseCode } from "../LiveProtocol.ts"
import { ConnectionLimits } from "./transport/ConnectionLimits.ts"
import * as Authentication from "./security/Authentication.ts"
import type { WireProtocol } from "./transport/Connection.ts"
import * as Drain from "./Drain.ts"
import * as ComponentRegistry from "./instance/ComponentRegistry.ts"
import * as InstanceDirectory from "./instance/InstanceDirectory.ts"
import * as InstanceRunner from "./instance/InstanceRunner.ts"
import * as Instances from "./instance/Instances.ts"
import * as LiveConfig from "./LiveConfig.ts"
import * as LiveJson from "./wire/json/LiveJson.ts"
import * as LiveRpc from "./wire/rpc/LiveRpc.ts"
import * as Principals from "./security/Principals.ts"
import * as RejectionLog from "./security/RejectionLog.ts"
import * as Revocations from "./security/Revocations.ts"
import * as Rooms from "./room/Rooms.ts"
import * as Secrets from "./security/Secrets.ts"
import * as Sessions from "./session/Sessions.ts"
import * as SnapshotStore from "./store/SnapshotStore.ts"
import * as StateToken from "./security/StateToken.ts"
import * as StoreTimeout from "./store/StoreTimeout.ts"
import { PerMessageDeflate } from "./transport/PerMessageDeflate.ts"
import * as Transport from "./transport/Transport.ts"
import "./http/Listening.ts"
import * as RefusedRequests from "./http/RefusedRequests.ts"
import { ShutdownResponder } from "./http/ShutdownResponder.ts"
import * as Upgrade from "./http/Upgrade.ts"
import * as UpgradeRejection from "./http/UpgradeRejection.ts"
import * as WebSocketWriter from "./transport/WebSocketWriter.ts"

/** What a server requires for these components: the behaviour of each. */
export type Requirements<Components extends ReadonlyArray<Component.Any>> = Component.Requirement<Components[number]>

/** The services of a server that do not depend on a network. */
export type Core =
  | LiveRpc.LiveRpc
  | LiveJson.LiveJson
  | Transport.Transport
  | Sessions.Sessions
  | Instances.Instances
  | InstanceDirectory.InstanceDirectory
  | InstanceRunner.InstanceRunner
  | Rooms.Rooms
  | Revocations.Revocations
  | Principals.Principals

/** Why a server does not start: its secret is missing, or cannot be used. */
export type StartError = Secrets.SecretsError | Config.ConfigError

/** The components and everything that runs them, without a network. `layer` and `LiveTest` build on it. */
export const layerCore = <const Components extends ReadonlyArray<Component.Any>>(options: {
  readonly components: Components
}): Layer.Layer<Core, StartError, Requirements<Components>> =>
  Layer.unwrap(
    Effect.contextWith((context: Context.Context<Requirements<Components>>) =>
      Effect.map(withBehaviors(options.components, context), (behaviors) =>
        Layer.provideMerge(
          Layer.mergeAll(LiveRpc.layer, LiveJson.layer, Drain.layer, signOut),
          Layer.provideMerge(Sessions.layer, running(behaviors))
        )
      )
    )
  ).pipe(Layer.provide(RejectionLog.layer))

/**
 * Serves the components at `${path}/rpc` (by default `/api/live/rpc`) and, for clients in any language, at
 * `${path}/ws`, until the Scope closes. State tokens are signed with `FIBRA_SECRET` unless `Secrets` are provided;
 * states are stored in memory unless a `SnapshotStore` is provided. `Principals` is for the rest of the program, such
 * as a route that signs somebody out.
 */
export const layer = <const Components extends ReadonlyArray<Component.Any>>(options: {
  readonly components: Components
}): Layer.Layer<Principals.Principals, StartError, HttpRouter.HttpRouter | Requirements<Components>> =>
  Layer.effect(Principals.Principals, Principals.Principals).pipe(
    Layer.merge(routes),
    Layer.provide(Layer.provideMerge(layerCore(options), ShutdownResponder.layer)),
    Layer.provide(RejectionLog.layer)
  )

const running = (behaviors: ReadonlyMap<Component.Any, Component.BehaviorDefinition>) =>
  Instances.layer.pipe(
    Layer.provideMerge(InstanceDirectory.layerLocal),
    Layer.provideMerge(InstanceRunner.layer),
    Layer.provide(ComponentRegistry.layer(behaviors)),
    Layer.provide(Layer.provide(tokens, orElse(Secrets.Secrets, Secrets.layerConfig))),
    Layer.provideMerge(Revocations.layer),
    Layer.provide(Layer.provide(StoreTimeout.layer, orElse(SnapshotStore.SnapshotStore, SnapshotStore.layerMemory))),
    Layer.provideMerge(Layer.mergeAll(Transport.layer, Rooms.layer, orElse(Principals.Principals, Principals.layer)))
  )

const tokens = Layer.unwrap(
  Effect.gen(function* () {
    const { audience, encryptTokens, maxTokenLength, tokenAge } = yield* LiveConfig.LiveConfig
    const { isRevoked } = yield* Revocations.Revocations
    return StateToken.layer({
      audience,
      encrypt: encryptTokens,
      maxAge: tokenAge,
      maxLength: maxTokenLength,
      isRevoked
    })
  })
)

const signOut = Layer.effectDiscard(
  Effect.gen(function* () {
    const transport = yield* Transport.Transport
    const sessions = yield* Sessions.Sessions
    const revocations = yield* Revocations.Revocations
    const principals = yield* Principals.Principals
    yield* principals.serve((principal) =>
      Effect.suspend(() => {
        transport.endUnsafe(principal, CloseCode.signedOut, "Signed out")
        sessions.endUnsafe(principal)
        // Last, because until now a client of the principal could be given another token.
        return revocations.revoke(principal)
      })
    )
  })
)

/** The service that is provided, or otherwise the one of this layer. */
const orElse = <I, S, E>(service: Context.Key<I, S>, layer: Layer.Layer<I, E>): Layer.Layer<I, E> =>
  Layer.unwrap(
    Effect.map(Effect.serviceOption(service), (found) =>
      Option.isSome(found) ? Layer.succeed(service, found.value) : layer
    )
  )

const routes = HttpRouter.use((router) =>
  Effect.gen(function* () {
    const config = yield* LiveConfig.LiveConfig
    const transport = yield* Transport.Transport
    const rpc = yield* LiveRpc.LiveRpc
    const json = yield* LiveJson.LiveJson
    const authenticate = yield* Authentication.Authentication
    const revocations = yield* Revocations.Revocations
    const shutdownResponder = yield* ShutdownResponder
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const logged = yield* RejectionLog.bound
    // Shared by all endpoints, which count their connections together.
    const gate: Upgrade.Gate = {
      limits: new ConnectionLimits(config),
      authenticate,
      compression: config.compression ? new PerMessageDeflate(config) : undefined,
      config,
      hasLeft: revocations.hasLeftUnsafe,
      isDraining: transport.isDraining,
      onRequest: (incoming) => shutdownResponder.see(incoming),
      onRefused: (status) => void run(UpgradeRejection.count(status))
    }
    const endpoint = (frontOf: (query: () => URLSearchParams) => WireProtocol) =>
      logged(
        Upgrade.handler(gate, (ws, socket, { deflater, principal, query }) =>
          WebSocketWriter.attach(transport, frontOf(query), ws, socket, principal, deflater)
        )
      )
    yield* Effect.addFinalizer(() => Effect.sync(() => shutdownResponder.begin()))
    yield* router.addGlobalMiddleware(RefusedRequests.middleware)
    yield* router.add(
      "GET",
      `${config.path}/rpc`,
      endpoint(() => rpc)
    )
    yield* router.add(
      "GET",
      `${config.path}/ws`,
      endpoint((query) => json(query()))
    )
  })
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
      return yield* Effect.die(new Error(`LiveServer.layer lists two components called "${name}". Rename one.`))
    }
    names.add(name)
    behaviors.set(component, Context.getUnsafe(context, component.behavior))
  }
  return behaviors
})
