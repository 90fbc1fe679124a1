/** The components of a server: finds them by name and version, decodes their props, and checks who may mount them. */
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type * as Component from "../../Component.ts"
import { type ComponentCodec, issueOf } from "../../ComponentCodec.ts"
import * as Log from "../../Log.ts"
import {
  KeyRejected,
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
    /** Fails when the component cannot be mounted with this key; undefined: without one. */
    readonly checkKey: (
      definition: ComponentDefinition.ComponentDefinition,
      key: string | undefined
    ) => Effect.Effect<void, LiveError>
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
  const nodeEnv = yield* Effect.orElseSucceed(Config.String("NODE_ENV"), () => "")
  const isProduction = nodeEnv === "production"
  /** Components without a placement that were mounted with a key, and those of which it was told. */
  const shared = new Set<ComponentDefinition.ComponentDefinition>()
  const told = new Set<ComponentDefinition.ComponentDefinition>()
  const warnOfEither = (
    definition: ComponentDefinition.ComponentDefinition,
    key: string | undefined
  ): Effect.Effect<void> => {
    const { codec, componentName: component } = definition.component
    if (codec.placement !== undefined) return Effect.void
    if (key !== undefined) shared.add(definition)
    if (key !== undefined || !shared.has(definition) || told.has(definition)) return Effect.void
    told.add(definition)
    return Log.warning(withoutKey, { component })
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
    checkKey: (definition, key) => {
      const { codec, componentName: component } = definition.component
      const issue = keyIssue(codec, key)
      if (issue === undefined) return isProduction ? Effect.void : warnOfEither(definition, key)
      return refuse(new KeyRejected({ component, ...(key === undefined ? {} : { key: key.slice(0, 64) }), issue }))
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

const withoutKey =
  "A component that others mount with a key was mounted without one: this instance is private. Say `placement` in its contract"

/** Why a component cannot be mounted with this key; undefined when it can. */
const keyIssue = ({ checkKey, placement }: ComponentCodec, key: string | undefined): string | undefined => {
  if (key === undefined) return placement === "shared" ? "it is shared, and a key says with whom" : undefined
  if (placement === "private") return "the component is private, and has no keys"
  if (key.length === 0) return "it is empty"
  if (key.length > maxKeyLength) return `it has more than ${maxKeyLength} characters`
  const checked = checkKey?.(key)
  return checked === undefined || Exit.isSuccess(checked) ? undefined : issueOf(checked.cause)
}

const maxKeyLength = 256
