/** The components of a server: finds them by name and version, decodes their props, and checks who may mount them. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type * as Component from "../../Component.ts"
import { issueOf } from "../../ComponentCodec.ts"
import * as Log from "../../Log.ts"
import {
  type LiveError,
  NotAllowed,
  PropsRejected,
  refuse,
  UnknownComponent,
  VersionMismatch
} from "../../LiveError.ts"
import type { MountRequest } from "../../LiveProtocol.ts"
import type { Json } from "../../Patch.ts"
import { Authentication } from "../security/Authentication.ts"
import type { Mounting } from "../security/Rights.ts"
import * as RightsInForce from "../security/RightsInForce.ts"
import * as LiveConfig from "../LiveConfig.ts"
import * as Permission from "../security/Permission.ts"
import * as ComponentDefinition from "./ComponentDefinition.ts"

/** The components of one server. */
export class ComponentRegistry extends Context.Service<
  ComponentRegistry,
  {
    readonly all: ReadonlyArray<ComponentDefinition.ComponentDefinition>
    /** The component of this name. */
    readonly find: (
      asked: Pick<MountRequest, "component" | "version">
    ) => Effect.Effect<ComponentDefinition.ComponentDefinition, LiveError>
    /** Decodes the props of a component. */
    readonly propsOf: (
      definition: ComponentDefinition.ComponentDefinition,
      props: Json
    ) => Effect.Effect<unknown, LiveError>
    /** Fails when this principal may not mount the component. */
    readonly admit: (
      definition: ComponentDefinition.ComponentDefinition,
      asked: Pick<Mounting, "key" | "props" | "principal">
    ) => Effect.Effect<void, LiveError>
  }
>()("fibra/server/ComponentRegistry") {}

const make = Effect.fnUntraced(function* (components: ReadonlyMap<Component.Any, Component.BehaviorDefinition>) {
  const context = Context.omit(Scope.Scope)(yield* Effect.context<Scope.Scope>())
  const rights = yield* RightsInForce.current
  const settings = yield* LiveConfig.LiveConfig
  const { authenticationTimeout } = settings
  const isAnybodyKnown = (yield* Authentication) !== undefined
  const definition = new Map<string, ComponentDefinition.ComponentDefinition>()
  for (const [component, behavior] of components) {
    definition.set(component.componentName, ComponentDefinition.make(component, behavior, context, settings))
  }
  return ComponentRegistry.of({
    all: Array.from(definition.values()),
    find: ({ component, version }) => {
      const found = definition.get(component)
      if (found === undefined) return refuse(new UnknownComponent({ component: component.slice(0, 256) }))
      const server = found.component.version
      return version !== undefined && version !== server
        ? refuse(new VersionMismatch({ component, client: version, server }))
        : Effect.succeed(found)
    },
    propsOf: ({ component }, props) => {
      const decoded = component.codec.decodeProps(props)
      if (Exit.isSuccess(decoded)) return Effect.succeed(decoded.value)
      const { cause } = decoded
      const refused = refuse(new PropsRejected({ component: component.componentName, issue: issueOf(cause) }))
      if (!Cause.hasDies(cause)) return refused
      const labels = { component: component.componentName, cause }
      return Effect.andThen(Log.error("Props could not be checked, and were refused", labels), refused)
    },
    admit: ({ anonymous, component: { componentName: component } }, asked) => {
      const what = () => `Mounting "${component}"`
      const right = rights.mount({ ...asked, component })
      if (right !== undefined) return Permission.checkWithin(authenticationTimeout, right, what)
      const isAllowed = asked.principal !== undefined || (anonymous ?? !isAnybodyKnown)
      return isAllowed ? Effect.void : refuse(new NotAllowed({ what: what() }))
    }
  })
})

/** A registry of these components and behaviours. */
export const layer = (
  components: ReadonlyMap<Component.Any, Component.BehaviorDefinition>
): Layer.Layer<ComponentRegistry> => Layer.effect(ComponentRegistry, make(components))
