/**
 * A component with its behaviour, and everything that is the same for all its instances. It is computed once, so that
 * an instance holds only what differs.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Handlers } from "../../actor/Activation.ts"
import { limits } from "../../actor/CellOptions.ts"
import { Overflow } from "../../actor/Mailbox.ts"
import * as RestartPolicy from "../../actor/RestartPolicy.ts"
import type { Tracer } from "effect/Tracer"
import type * as Component from "../../Component.ts"
import type * as Migration from "../../Migration.ts"
import type * as LiveConfig from "../LiveConfig.ts"
import * as ActionResult from "./ActionResult.ts"
import { ComponentStats } from "./ComponentStats.ts"
import { PatchTraffic } from "./PatchTraffic.ts"
import * as HeardEvents from "./HeardEvents.ts"
import { tracerOf } from "./Tracing.ts"
import * as UploadHandlers from "./UploadHandlers.ts"
import * as FieldTag from "../../FieldTag.ts"
import * as WritableFields from "./WritableFields.ts"

/** A component with its behaviour. */
export interface ComponentDefinition {
  readonly component: Component.Any
  readonly build: Effect.Effect<Handlers, unknown, unknown>
  /** The encoders of the results of its actions and writes. */
  readonly results: ReadonlyMap<string, ActionResult.Encode>
  /** The events that the behaviour listens to; undefined before the first build. */
  hears: ReadonlySet<string> | undefined
  readonly context: Context.Context<never>
  readonly capacity: number
  readonly overflow: Overflow
  readonly restart: RestartPolicy.RestartPolicy
  readonly handlerTimeout: Duration.Duration
  readonly buildTimeout: Duration.Duration
  readonly shutdown: Duration.Duration
  readonly maxIdleTime: Duration.Duration
  readonly persist: boolean
  /** Whether anonymous clients may mount it; undefined when the behaviour does not say. */
  readonly anonymous: boolean | undefined
  readonly migrations: Migration.AnyChain | undefined
  /** The part of a state that a principal may see; undefined for all of it. */
  readonly view: Component.View<unknown> | undefined
  readonly stats: ComponentStats
  /** Undefined when nobody traces. */
  readonly tracer: Tracer | undefined
  readonly traffic: PatchTraffic
}

/**
 * Puts a component and its behaviour together. The services of the behaviour take precedence over those of `context`,
 * the server's.
 */
export const make = (
  component: Component.Any,
  behavior: Component.BehaviorDefinition,
  context: Context.Context<never>,
  settings: Pick<LiveConfig.Settings, "maxIdleTime">
): ComponentDefinition => {
  const {
    anonymous,
    buildTimeout,
    callTimeout,
    mailboxCapacity,
    maxIdleTime,
    migrations,
    persist,
    restart,
    shutdown,
    view
  } = behavior.options
  const definition: ComponentDefinition = {
    component,
    build: Effect.map(behavior.build, (handlers) => {
      const { on, uploads, ...actions } = handlers as Handlers & { readonly on?: Handlers; readonly uploads?: Handlers }
      definition.hears ??= new Set(Object.keys(on ?? {}))
      if (on === undefined && uploads === undefined && component.codec.writable.size === 0) return actions
      return {
        ...actions,
        ...HeardEvents.handlers(on ?? {}),
        ...UploadHandlers.handlers(uploads ?? {}),
        ...WritableFields.handlers(component)
      }
    }),
    results: new Map([
      ...Array.from(component.codec.actions, ([action, codec]) => [action, ActionResult.encoder(codec)] as const),
      ...Array.from(component.codec.writable.keys(), (field) => [FieldTag.tagOf(field), ActionResult.none] as const),
      ...Array.from(
        component.codec.uploads.keys(),
        (upload) => [UploadHandlers.tagOf(upload), ActionResult.unsaid] as const
      )
    ]),
    hears: undefined,
    context: Context.merge(context, behavior.context),
    capacity: mailboxCapacity ?? 256,
    overflow: Overflow.fail,
    restart: RestartPolicy.make(restart),
    handlerTimeout: Duration.fromInputUnsafe(callTimeout ?? limits.handlerTimeout),
    buildTimeout: Duration.fromInputUnsafe(buildTimeout ?? limits.buildTimeout),
    shutdown: Duration.fromInputUnsafe(shutdown ?? limits.shutdown),
    maxIdleTime: Duration.fromInputUnsafe(maxIdleTime ?? settings.maxIdleTime),
    persist: persist ?? false,
    anonymous,
    migrations,
    view: view as ComponentDefinition["view"],
    stats: new ComponentStats(),
    traffic: new PatchTraffic(),
    tracer: tracerOf(Context.merge(context, behavior.context))
  }
  return definition
}
