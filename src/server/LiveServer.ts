/**
 * The front door: serves components over a router of Effect's HTTP server. Every listed component needs its behaviour, which is
 * checked when the program is compiled.
 */
import "effect/schema/SchemaJITCompiler/enable"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import type * as Component from "../Component.ts"
import * as Instances from "./Instances.ts"
import * as LiveConfig from "./LiveConfig.ts"
import * as LiveRpc from "./LiveRpc.ts"
import * as Sessions from "./Sessions.ts"
import * as Transport from "./Transport.ts"
import * as Upgrade from "./Upgrade.ts"
import * as WebSocketLink from "./WebSocketLink.ts"

/** What a server needs for these components: the behaviour of each. */
export type Requirements<Components extends ReadonlyArray<Component.Any>> = Component.Requirement<Components[number]>

/** The parts of a server that know no network. */
export type Core = LiveRpc.LiveRpc | Transport.Transport | Sessions.Sessions | Instances.Instances

/** The components and everything that runs them, without a network; `layer` and the test client stand on it. */
export const layerCore = <const Components extends ReadonlyArray<Component.Any>>(options: {
  readonly components: Components
}): Layer.Layer<Core, never, Requirements<Components>> =>
  Layer.unwrap(
    Effect.contextWith((context: Context.Context<Requirements<Components>>) =>
      Effect.map(withBehaviors(options.components, context), (behaviors) =>
        Layer.provideMerge(
          LiveRpc.layer,
          Layer.provideMerge(Layer.provideMerge(Sessions.layer, Instances.layer(behaviors)), Transport.layer)
        )
      )
    )
  )

/** Serves the components at `${path}/rpc` (`LiveConfig`, by default `/api/live/rpc`) until the Scope closes. */
export const layer = <const Components extends ReadonlyArray<Component.Any>>(options: {
  readonly components: Components
}): Layer.Layer<never, never, HttpRouter.HttpRouter | Requirements<Components>> =>
  Layer.provide(routes, layerCore(options))

const routes = HttpRouter.use((router) =>
  Effect.gen(function* () {
    const config = yield* LiveConfig.LiveConfig
    const transport = yield* Transport.Transport
    const front = yield* LiveRpc.LiveRpc
    const handler = Upgrade.handler(config, (ws, socket) => WebSocketLink.attach(transport, front, ws, socket))
    yield* router.add("GET", `${config.path}/rpc`, handler)
  })
)

const withBehaviors = Effect.fnUntraced(function* (
  components: ReadonlyArray<Component.Any>,
  context: Context.Context<never>
) {
  const names = new Set<string>()
  const behaviors = new Map<Component.Any, Component.Behavior>()
  for (const component of components) {
    const name = component.componentName
    if (names.has(name)) {
      return yield* Effect.die(
        new Error(`Two components are called "${name}". Expected each name once in LiveServer.layer. Rename one.`)
      )
    }
    names.add(name)
    behaviors.set(component, Context.getUnsafe(context, component.behavior))
  }
  return behaviors
})
